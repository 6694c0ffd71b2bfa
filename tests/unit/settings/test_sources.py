"""Variables, .env, file and defaults: which one holds, and how each is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import load_effective_settings, load_settings
from eloquence_pipeline.settings.environment import variable_of
from eloquence_pipeline.settings.keys import every_key
from tests.unit.settings.conftest import WriteConfig

pytestmark = pytest.mark.unit


def message() -> str:
    with pytest.raises(ConfigurationError) as refused:
        load_settings()
    return refused.value.message


def test_a_variable_comes_before_dotenv_before_the_file_before_the_default(
    write: WriteConfig, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ("speech", "rate_wpm")

    def now() -> tuple[int, str]:
        effective = load_effective_settings()
        return effective.settings.speech.rate_wpm, effective.origins[key]

    assert now() == (150, "default")
    write({"speech": {"rate_wpm": 151}})
    assert now() == (151, "config.json")
    (folder / ".env").write_text("ELOQUENCE_SPEECH__RATE_WPM=152\n")
    assert now() == (152, ".env")
    monkeypatch.setenv("ELOQUENCE_SPEECH__RATE_WPM", "153")
    assert now() == (153, "ELOQUENCE_SPEECH__RATE_WPM")


def test_sources_are_mixed_within_a_section(write: WriteConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    write({"livekit_url": "wss://example.invalid", "api_key": "devkey", "speech": {"volume": 0.5}})
    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    monkeypatch.setenv("LIVEKIT_ROOM", "salon")
    monkeypatch.setenv("ELOQUENCE_SPEECH__RATE_WPM", "160")
    effective = load_effective_settings()
    assert effective.settings.speech.volume == 0.5
    origins = {".".join(path): origin for path, origin in effective.origins.items() if origin != "default"}
    assert origins == {
        "livekit_url": "config.json",
        "api_key": "config.json",
        "api_secret": "LIVEKIT_API_SECRET",
        "room_name": "LIVEKIT_ROOM",
        "speech.volume": "config.json",
        "speech.rate_wpm": "ELOQUENCE_SPEECH__RATE_WPM",
    }
    assert list(effective.origins) == list(every_key())


def test_an_empty_variable_empties_what_the_file_says(
    write: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(
        {
            "livekit_url": "wss://example.invalid",
            "api_key": "k",
            "api_secret": "s",
            "servers": {"minio_binary": "/x"},
        }
    )
    monkeypatch.setenv("LIVEKIT_URL", "")
    monkeypatch.setenv("ELOQUENCE_SERVERS__MINIO_BINARY", "")
    settings = load_settings()
    assert (settings.livekit_url, settings.servers.minio_binary) == ("", None)


def test_variables_of_other_programs_are_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "API_SECRET", "ROOM_NAME", "TARGET", "ELOQUENCE_API_KEY", "ELOQUENCE_ROOM_NAME"):
        monkeypatch.setenv(name, "not/ours")
    for name in (
        "ELOQUENCE_TESTS",
        "ELOQUENCE_UV",
        "ELOQUENCE_TENANT",
        "ELOQUENCE_DATABASE__URL",
        "ELOQUENCE__X",
    ):
        monkeypatch.setenv(name, "not ours")
    effective = load_effective_settings()
    assert set(effective.origins.values()) == {"default"}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("ELOQUENCE_TRESHOLDS__LATENCY_GOOD_MS", "did you mean ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS?"),
        ("ELOQUENCE_THRESHOLDS__LATENCY_GOD_MS", "did you mean ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS?"),
        (
            "ELOQUENCE_SPEACH__ZZZ",
            "there are ELOQUENCE_SPEECH__RATE_WPM, ELOQUENCE_SPEECH__VOICE, ELOQUENCE_SPEECH__VOLUME",
        ),
        ("ELOQUENCE_Speech__volume", "did you mean ELOQUENCE_SPEECH__VOLUME?"),
        ("ELOQUENCE_TESTS__BASIC__DURATION", "did you mean ELOQUENCE_TESTS__BASIC__DURATION_SECONDS?"),
    ],
)
@pytest.mark.parametrize("place", ["", " in .env"])
def test_a_misspelt_variable_of_a_section_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, hint: str, place: str
) -> None:
    if place:
        (folder / ".env").write_text(f"{name}=1\n")
    else:
        monkeypatch.setenv(name, "1")
    assert message() == f"{name}{place}: unknown variable; {hint}"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("LIVEKIT_URL", "http://localhost:7880", 'did you mean "ws://localhost:7880"?'),
        ("LIVEKIT_ROOM", "a/b", "slash"),
        ("ELOQUENCE_LOG_FORMAT", "xml", "should be 'text' or 'json'"),
        ("ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS", "900", "must rise"),
        ("ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS", "fast", 'should be a number, not "fast"'),
        ("ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS", "nan", "should be a finite number"),
        ("ELOQUENCE_THRESHOLDS__LATENCY_ACCEPTABLE_MS", "inf", "should be a finite number"),
        ("ELOQUENCE_SPEECH__RATE_WPM", "", "should be a whole number"),
        ("ELOQUENCE_STORAGE__CREATE_BUCKET", "perhaps", "should be true or false"),
        ("ELOQUENCE_FOLDERS__CACHE", "", "must not be empty"),
        ("ELOQUENCE_TESTS__BASIC__CATEGORIES", "greetings", 'such as ["greetings", "coaching"]'),
        ("ELOQUENCE_TESTS__BASIC__CATEGORIES", "[NaN]", "NaN is no number"),
        ("ELOQUENCE_SPEECH__VOICE", b"\xff".decode(errors="surrogateescape"), "is not UTF-8"),
    ],
)
def test_a_wrong_value_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, told: str
) -> None:
    monkeypatch.setenv(name, value)
    assert message().startswith(f"{name}: ")
    assert told in message()


def test_lists_come_from_variables_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELOQUENCE_TESTS__BASIC__CATEGORIES", '["greetings"]')
    monkeypatch.setenv("ELOQUENCE_PHRASES__CATEGORIES", '{"mine": ["Bonjour"]}')
    settings = load_settings()
    assert settings.tests.basic.categories == ("greetings",)
    assert settings.phrases.categories == {"mine": ("Bonjour",)}
    monkeypatch.setenv("ELOQUENCE_PHRASES__CATEGORIES", '{"mine": [{"text": "a"}]}')
    assert message() == "ELOQUENCE_PHRASES__CATEGORIES.mine[0].audio: is missing"


def test_a_wrong_line_of_dotenv_is_named(folder: Path) -> None:
    (folder / ".env").write_text("LIVEKIT_URL=http://localhost\nUNRELATED=1\nNOTHING\n")
    assert message().startswith("LIVEKIT_URL in .env: must start with ws:// or wss://")


def test_a_dotenv_that_is_no_text_is_refused(folder: Path) -> None:
    (folder / ".env").write_bytes(b"LIVEKIT_URL=\xff\n")
    assert message() == ".env is not UTF-8"


def test_values_that_do_not_go_together_are_named_by_the_strongest_source(
    write: WriteConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    write({"thresholds": {"latency_excellent_ms": 200}})
    monkeypatch.setenv("ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS", "150")
    assert message().startswith("ELOQUENCE_THRESHOLDS__LATENCY_GOOD_MS: latency bounds must rise")


def test_no_two_keys_share_a_variable() -> None:
    variables = [variable_of(path) for path in every_key()]
    assert len(set(variables)) == len(variables)
