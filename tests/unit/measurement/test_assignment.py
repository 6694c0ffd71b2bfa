"""One place is given to one phrase."""

from __future__ import annotations

import pytest

from eloquence_pipeline.measurement.assignment import assign
from eloquence_pipeline.measurement.search import Candidate, Span
from eloquence_pipeline.signal.alignment import Match

pytestmark = pytest.mark.unit

RATE = 48_000
MATCH = Match(0.0, 0.9, 3.0)


def spans(*starts_seconds: float) -> list[Span]:
    starts = [round(start * RATE) for start in starts_seconds]
    return [Span(start, RATE, start, start + 3 * RATE) for start in starts]


def at(span: Span, *received_seconds: float) -> list[Candidate]:
    shifts = [round(second * RATE) - span.start_sample for second in received_seconds]
    return [Candidate(shift, shift, MATCH) for shift in shifts]


def delays(chosen: list[Candidate | None]) -> list[float | None]:
    return [None if candidate is None else candidate.lowest / RATE for candidate in chosen]


def test_a_place_goes_to_the_phrase_said_last_before_it() -> None:
    first, second = spans(1, 2.5)
    assert delays(assign([first, second], [at(first, 2.6), at(second, 2.6)], RATE)) == [
        None,
        pytest.approx(0.1, abs=1e-4),
    ]


def test_each_of_two_phrases_keeps_its_own_place() -> None:
    first, second = spans(1, 2.5)
    chosen = assign([first, second], [at(first, 1.1, 2.6), at(second, 2.6)], RATE)
    assert delays(chosen) == [pytest.approx(0.1, abs=1e-4)] * 2


def test_a_call_of_which_every_phrase_is_late_keeps_every_phrase() -> None:
    said = spans(1, 3, 5, 7)
    late = [3.2, 5.2, 7.2, 9.2]
    offers = [
        at(span, *(place for place in late if 0 <= place - span.start_sample / RATE <= 3)) for span in said
    ]
    assert delays(assign(said, offers, RATE)) == [pytest.approx(2.2, abs=1e-4)] * 4


def test_phrases_are_received_in_the_order_said() -> None:
    first, second = spans(1, 2.5)
    chosen = assign([first, second], [at(first, 4.0), at(second, 2.6)], RATE)
    assert sum(candidate is not None for candidate in chosen) == 1


def test_a_thousand_phrases_are_assigned_at_once() -> None:
    said = spans(*(2.0 * number for number in range(1000)))
    offers = [at(span, span.start_sample / RATE + 0.1, span.start_sample / RATE + 2.1) for span in said]
    assert delays(assign(said, offers, RATE)) == [pytest.approx(0.1, abs=1e-4)] * 1000


def test_nothing_said_and_nothing_offered_is_no_crash() -> None:
    assert assign([], [], RATE) == []
    assert assign(spans(1), [[]], RATE) == [None]
