"""Lengths of time as people type them."""

from __future__ import annotations

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from flows.durations import in_words, parse_duration

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("10m", 600), ("10min", 600), ("1h", 3600), ("1h30m", 5400), (" 1H5s ", 3605)],
)
def test_seconds_minutes_and_hours_are_understood(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "h", "ten", "-5", "1.5h", "10 m 5", "5m1h", "1d", "٣x"])
def test_what_is_no_length_of_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write 90, 10m or 1h30m"):
        parse_duration(text)


@given(st.integers(0, 100_000))
def test_what_is_said_can_be_typed(seconds: int) -> None:
    assert parse_duration(in_words(seconds)) == seconds
