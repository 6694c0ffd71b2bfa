"""Whatever lies in config.json: settings, or one error that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import KeyPath, Settings, load_settings
from eloquence_pipeline.settings.keys import every_key, every_section

pytestmark = pytest.mark.unit

NAMES = sorted(
    {name for path in (*every_key(), *every_section()) for name in path} | {"text", "audio", "$schema"}
)
VALIDATOR = cast(
    Any, Draft202012Validator(Settings.json_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


def refusal_of(content: bytes) -> str:
    """Return what the error says, or nothing; any other error fails the test."""
    Path("config.json").write_bytes(content)
    try:
        load_settings()
    except ConfigurationError as error:
        return error.message
    return ""


@given(content=st.binary(max_size=200))
@example(content=b"\xef\xbb\xbf")
@example(content=b"\xef\xbb\xbf{}")
@example(content=b'"\\ud800"')
def test_any_bytes_are_settings_or_refused_by_name(content: bytes) -> None:
    told = refusal_of(content)
    assert not told or told.startswith("config.json ")


@given(value=VALUES)
def test_any_json_is_settings_or_refused(value: Any) -> None:
    refusal_of(json.dumps(value).encode())


@given(config=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
def test_any_object_of_known_names_is_settings_or_refused(config: dict[str, Any]) -> None:
    refusal_of(json.dumps(config).encode())


SAYS_MORE_THAN_A_SCHEMA = {("livekit_url",), ("room_name",), ("network", "default")}
"""The last one names one of the networks that the rest of the file may add to."""


@given(
    path=st.sampled_from([path for path in every_key() if path not in SAYS_MORE_THAN_A_SCHEMA]),
    value=st.none()
    | st.booleans()
    | st.integers(-10, 100_000)
    | st.floats(-1, 1000, exclude_max=True).filter(lambda number: not number.is_integer())
    | st.text("abc/.", min_size=1)
    | st.lists(st.text("abc", min_size=1))
    | st.just({"own": ["Bonjour"]}),
)
def test_the_schema_and_the_program_accept_the_same(path: KeyPath, value: object) -> None:
    config: Any = value
    for key in reversed(path):
        config = {key: config}
    told = refusal_of(json.dumps(config).encode())
    # That bounds rise is more than a schema can say.
    accepted = not told or "must rise" in told
    assert accepted == VALIDATOR.is_valid(config), told
