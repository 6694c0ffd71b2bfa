"""The published schema and the example of config.json are those of the program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator

from eloquence_pipeline.settings import Settings, choose_file, load_effective_settings

pytestmark = pytest.mark.unit

PROJECT = Path(__file__).parents[2]
PUBLISHED = PROJECT / "docs" / "config.schema.json"
EXAMPLE = PROJECT / "config_example.json"
VALIDATOR = cast(Any, Draft202012Validator(Settings.json_schema()))
SEEDS_FOUR = {
    "livekit_url": "ws://localhost:7880",
    "api_key": "devkey",
    "api_secret": "secret",
    "room_name": "test_coaching_vocal",
}


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield every object that a schema describes key by key."""
    for definition in (schema, *schema["$defs"].values()):
        assert definition["type"] == "object"
        yield definition


def test_the_published_schema_is_that_of_the_settings() -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    assert published == Settings.json_schema(), "run `make schema`"


def test_the_schema_is_a_schema_and_the_same_on_every_machine() -> None:
    schema = Settings.json_schema()
    Draft202012Validator.check_schema(schema)
    assert str(Path.home()) not in json.dumps(schema)


def test_every_key_is_described_and_no_other_is_allowed() -> None:
    for definition in objects(Settings.json_schema()):
        assert definition["additionalProperties"] is False
        for name, key in definition["properties"].items():
            assert key.get("description") or "$ref" in key, (definition["title"], name)


def test_the_names_are_those_of_the_file_and_secrets_are_marked() -> None:
    schema = Settings.json_schema()
    assert list(schema["properties"])[:5] == ["$schema", *SEEDS_FOUR]
    storage = schema["$defs"]["StorageSettings"]["properties"]
    for secret in (schema["properties"]["api_secret"], storage["access_key"], storage["secret_key"]):
        assert (secret["type"], secret["format"], secret["writeOnly"]) == ("string", "password", True)


@pytest.mark.parametrize(
    "config",
    [
        {"livekit_url": "http://localhost:7880"},
        {"livekit_url": "wss://user:password@host"},
        {"room_name": "a/b"},
        {"room_name": "a\\b"},
        {"room_name": ""},
        {"room_name": "x" * 101},
        {"roomname": "x"},
        {"thresholds": {"latency_excelent_ms": 1}},
    ],
)
def test_an_editor_marks_what_the_program_refuses(config: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid(config)


def test_the_example_follows_the_schema_that_it_names() -> None:
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert (EXAMPLE.parent / example["$schema"]).resolve() == PUBLISHED
    VALIDATOR.validate(example)


def test_the_example_has_the_seeds_four_keys_and_else_the_defaults(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ELOQUENCE_CONFIG", "")
    choose_file(str(EXAMPLE))
    settings = load_effective_settings().settings
    example = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    assert {key: example.pop(key) for key in SEEDS_FOUR} == SEEDS_FOUR
    assert settings.api_secret.get_secret_value() == SEEDS_FOUR["api_secret"]
    (phrases,) = example.pop("phrases")["categories"].values()
    assert len(phrases) == 2
    assert list(example["network"].pop("profiles")) == ["office"]
    del example["$schema"]
    defaults = Settings().model_dump(mode="json")
    assert_shared(example, defaults)
    # A path of the file is one beside it.
    assert settings.folders.results == EXAMPLE.parent / defaults["folders"]["results"]


def assert_shared(example: dict[str, Any], defaults: dict[str, Any]) -> None:
    for key, value in example.items():
        if isinstance(value, dict):
            assert_shared(cast(dict[str, Any], value), defaults[key])
        else:
            assert value == defaults[key], key
