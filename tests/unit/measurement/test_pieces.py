"""A short phrase whose delay changes while it is said is received, and nothing else is in its place."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from eloquence_pipeline.measurement.delay import PhraseArrival, find_phrases
from tests.simulated import RATE, ends_of, said

pytestmark = pytest.mark.unit


def voice(seed: int, seconds: float) -> np.ndarray:
    """Return something like speech below 2 kHz, where most of it is; int16 of shape (seconds × RATE,)."""
    wide = resample_poly(np.random.default_rng(seed).standard_normal(round(seconds * RATE / 12)), 12, 1)
    envelope = np.abs(np.sin(np.arange(len(wide)) * 2 * np.pi * 3 / RATE)) + 0.1
    return (wide * envelope * 3000).astype(np.int16)


SHORT = voice(1, 0.5)
BEFORE, AFTER = voice(2, 1.0), voice(3, 1.0)
DELAY = 6_001
MS = RATE // 1000
THREE_PIECES = (0, DELAY), (150 * MS, DELAY + 12 * MS), (320 * MS, DELAY + 30 * MS)


def taken_to_pieces(*pieces: tuple[int, int]) -> np.ndarray:
    """Return what is received of SHORT, from 100 ms before it was sent on: each piece, from a first sample
    of it on, at its own delay."""
    received = np.zeros(len(SHORT) + 400 * MS)
    bounds = [first for first, _ in pieces] + [len(SHORT)]
    for (begin, end), (_, delay) in zip(pairwise(bounds), pieces, strict=True):
        received[100 * MS + begin + delay : 100 * MS + end + delay] = SHORT[begin:end]
    return received


def heard_between(
    sound: np.ndarray, before: int | None = DELAY, after: int | None = DELAY
) -> list[PhraseArrival]:
    """Return what is found of SHORT and its neighbours when `sound` is heard in its place."""
    sent, received, places = said([BEFORE, SHORT, AFTER], [before, None, after], pause_seconds=0.5)
    first = places[1][0] - 100 * MS
    received[first : first + len(sound)] += sound
    return find_phrases(ends_of(sent, received), places)


def delays_within(arrival: PhraseArrival, begin: int, end: int) -> np.ndarray:
    """Return the delays of the windows that lie in a part of the phrase."""
    course = arrival.course
    assert course is not None
    inside = (course.starts >= begin) & (course.starts + course.window_samples <= end) & course.found
    return course.displacements[inside]


@given(
    place=st.integers(150 * MS, 380 * MS),
    change=st.integers(-30 * MS, 60 * MS).filter(lambda samples: abs(samples) >= 3 * MS),
)
@settings(max_examples=10, deadline=None)
def test_a_short_phrase_whose_delay_changes_anywhere_has_the_right_delay_in_both_parts(
    place: int, change: int
) -> None:
    later = DELAY + change
    _, arrival, _ = heard_between(taken_to_pieces((0, DELAY), (place, later)))
    assert arrival.received
    earlier_part, later_part = (
        delays_within(arrival, 0, place + min(change, 0)),
        delays_within(arrival, place, len(SHORT)),
    )
    assert np.abs(later_part - later).max() < 1
    assert np.abs(earlier_part - DELAY).max(initial=0) < 1
    delay = arrival.one_way_delay_ms * MS
    assert min(abs(delay - DELAY), abs(delay - later)) < 1


def test_the_delay_may_change_twice() -> None:
    _, arrival, _ = heard_between(taken_to_pieces(*THREE_PIECES))
    assert arrival.received
    assert arrival.one_way_delay_ms == pytest.approx((DELAY + 12 * MS) / MS, abs=0.02)
    assert delays_within(arrival, 330 * MS, len(SHORT)) == pytest.approx([DELAY + 30 * MS] * 2, abs=1)


@pytest.mark.parametrize(("before", "after"), [(DELAY, None), (None, DELAY + 20 * MS)])
def test_one_received_phrase_beside_it_is_enough(before: int | None, after: int | None) -> None:
    assert heard_between(taken_to_pieces(*THREE_PIECES), before, after)[1].received


def test_without_any_received_phrase_nothing_is_known_of_where_it_ought_to_be() -> None:
    sound = taken_to_pieces(*THREE_PIECES)
    assert not heard_between(sound, None, None)[1].received


def test_pieces_far_from_where_the_phrases_around_are_do_not_count() -> None:
    late = DELAY + 150 * MS
    sound = np.concatenate((np.zeros(150 * MS), taken_to_pieces(*THREE_PIECES)))
    assert not heard_between(sound)[1].received
    assert heard_between(sound, after=late)[1].received


@given(seed=st.integers(10, 10_000), gain=st.floats(0.01, 3))
@settings(max_examples=10, deadline=None)
def test_something_else_in_the_place_of_a_short_phrase_is_never_received(seed: int, gain: float) -> None:
    before, arrival, after = heard_between(voice(seed, 0.8) * gain)
    assert before.received
    assert after.received
    assert not arrival.received


@pytest.mark.parametrize(
    "kind", ["silence", "hiss", "tone", "voice", "backwards", "its beginning again and again"]
)
def test_what_is_no_speech_is_not_received_either(kind: str) -> None:
    count = 800 * MS
    sound = {
        "silence": np.zeros(count),
        "hiss": np.random.default_rng(1).standard_normal(count) * 1000,
        "tone": 6000 * np.sin(2 * np.pi * 220 / RATE * np.arange(count)),
        "voice": sum(900 / n * np.sin(2 * np.pi * 110 * n / RATE * np.arange(count)) for n in range(1, 20)),
        "backwards": np.concatenate((np.zeros(200 * MS), SHORT[::-1])),
        "its beginning again and again": np.resize(SHORT[: 10 * MS], count),
    }[kind]
    assert not heard_between(np.asarray(sound))[1].received


@given(delays=st.lists(st.one_of(st.none(), st.integers(480, 9_000)), min_size=2, max_size=5))
@settings(max_examples=8, deadline=None)
def test_a_short_phrase_that_is_repeated_is_never_taken_for_its_repetition(delays: list[int | None]) -> None:
    sent, received, places = said([SHORT] * len(delays), delays, pause_seconds=0.2)
    for arrival, delay in zip(find_phrases(ends_of(sent, received), places), delays, strict=True):
        assert arrival.received == (delay is not None)
        if delay is not None:
            assert abs(arrival.one_way_delay_ms * MS - delay) < 1


@pytest.mark.parametrize("stretch", [0.95, 0.97, 0.99, 1.01, 1.02, 1.03, 1.05])
def test_a_short_phrase_at_another_speed_has_no_delay(stretch: float) -> None:
    places = np.arange(round(len(SHORT) * stretch)) / stretch
    sound = np.concatenate((np.zeros(225 * MS), np.interp(places, np.arange(len(SHORT)), SHORT)))
    assert not heard_between(sound)[1].received


@given(place=st.integers(50, 400), count=st.integers(10, 60))
@settings(max_examples=8, deadline=None)
def test_what_is_made_up_for_a_packet_has_no_delay_of_its_own(place: int, count: int) -> None:
    sound = taken_to_pieces((0, DELAY))
    first, length = 100 * MS + DELAY + place * MS, count * MS
    sound[first : first + length] = np.resize(sound[first - 10 * MS : first], length) * np.linspace(
        1, 0, length
    )
    _, arrival, _ = heard_between(sound)
    assert arrival.received
    assert arrival.course is not None
    assert np.abs(arrival.course.displacements[arrival.course.found] - DELAY).max() < 1


@given(kept=st.floats(0.05, 0.95), end=st.booleans(), speech=st.booleans())
@settings(max_examples=8, deadline=None)
def test_a_short_phrase_received_in_part_has_the_right_delay_or_none(
    kept: float, end: bool, speech: bool
) -> None:
    sound = taken_to_pieces((0, DELAY))
    cut = round(len(SHORT) * (1 - kept))
    first = 100 * MS + DELAY + (len(SHORT) - cut if end else 0)
    sound[first : first + cut] = voice(9, 0.5)[:cut] if speech else 0
    _, arrival, _ = heard_between(sound)
    if arrival.received:
        assert arrival.course is not None
        assert abs(arrival.one_way_delay_ms * MS - DELAY) < 1
        assert np.abs(arrival.course.displacements[arrival.course.found] - DELAY).max() < 1
    assert arrival.received or kept < 0.85


def test_a_phrase_that_was_found_already_is_as_it_was_without_its_neighbours() -> None:
    whole = taken_to_pieces((0, DELAY))
    between, alone = heard_between(whole)[1], heard_between(whole, None, None)[1]
    assert between.received
    assert between.one_way_delay_ms == alone.one_way_delay_ms
    assert between.confidence == alone.confidence
