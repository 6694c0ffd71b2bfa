"""The delay of phrases, and along them, against known truth."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND
from eloquence_pipeline.measurement.delay import Ends, PhraseArrival, find_phrases
from eloquence_pipeline.measurement.timeline import Timeline
from eloquence_pipeline.measurement.uncertainty import matching_bound_seconds
from tests.simulated import FRAME, RATE, babble, ends_of, said

pytestmark = pytest.mark.unit

PACKET = 960
CLIP = babble(1, 1.6)


def samples_late(arrival: PhraseArrival) -> float:
    return arrival.one_way_delay_ms * RATE / 1000


def noise(kind: Literal["white", "babble"], seed: int, count: int, level: float) -> np.ndarray:
    """Return noise of shape (count,) and root mean square `level`; babble is eight voices at once."""
    if kind == "white":
        return np.random.default_rng(seed).standard_normal(count) * level
    voice = babble(seed, 6.0).astype(np.float64)
    together = sum(np.resize(np.roll(voice, 31_000 * n), count) for n in range(8))
    return np.asarray(together * level / np.sqrt(np.mean(together**2)))


def only(received: np.ndarray, clip: np.ndarray = CLIP) -> PhraseArrival:
    sent, _, places = said([clip], [None])
    return find_phrases(ends_of(sent, received), places)[0]


@given(delay=st.integers(480, 100_000), kind=st.sampled_from(["white", "babble"]), seed=st.integers(2, 99))
@settings(max_examples=6, deadline=None)
def test_delay_holds_within_one_sample_at_0_db_noise(
    delay: int, kind: Literal["white", "babble"], seed: int
) -> None:
    sent, received, places = said([CLIP], [delay])
    received += noise(kind, seed, len(received), float(np.sqrt(np.mean(CLIP.astype(np.float64) ** 2))))
    (arrival,) = find_phrases(ends_of(sent, received), places)
    assert arrival.received
    assert abs(samples_late(arrival) - delay) < 1


@given(delay=st.integers(480, 100_000), seed=st.integers(0, 99))
@settings(max_examples=6, deadline=None)
def test_delay_holds_within_one_sample_with_30_percent_of_the_frames_missing(delay: int, seed: int) -> None:
    sent, received, places = said([CLIP], [delay])
    kept = np.random.default_rng(seed).random(len(received) // PACKET + 1) >= 0.3
    received *= kept.repeat(PACKET)[: len(received)]
    (arrival,) = find_phrases(ends_of(sent, received), places)
    assert arrival.received
    assert abs(samples_late(arrival) - delay) < 1


@given(delays=st.lists(st.one_of(st.none(), st.integers(480, 20_000)), min_size=2, max_size=4))
@settings(max_examples=6, deadline=None)
def test_a_phrase_that_is_repeated_is_never_taken_for_its_repetition(delays: list[int | None]) -> None:
    sent, received, places = said([CLIP] * len(delays), delays, pause_seconds=0.5)
    for arrival, delay in zip(find_phrases(ends_of(sent, received), places), delays, strict=True):
        assert arrival.received == (delay is not None)
        if delay is not None:
            assert abs(samples_late(arrival) - delay) < 1


def test_similar_phrases_are_told_apart() -> None:
    other = (0.9 * CLIP + 0.5 * babble(2, 1.6)).astype(np.int16)
    sent, received, places = said([CLIP, other], [None, 2400], pause_seconds=0.2)
    assert [arrival.received for arrival in find_phrases(ends_of(sent, received), places)] == [False, True]


def test_a_whole_call_that_is_late_by_more_than_the_repetition_is_measured_as_late() -> None:
    sent, received, places = said([CLIP] * 4, [100_000] * 4, pause_seconds=0.2)
    arrivals = find_phrases(ends_of(sent, received), places)
    assert [round(samples_late(arrival)) for arrival in arrivals] == [100_000] * 4


@given(kept=st.floats(0.05, 0.95), end=st.booleans(), speech=st.booleans())
@settings(max_examples=6, deadline=None)
def test_a_phrase_received_in_part_has_the_right_delay_or_none(kept: float, end: bool, speech: bool) -> None:
    _, received, _ = said([CLIP], [4000])
    cut = round(len(CLIP) * (1 - kept))
    first = RATE + 4000 + (len(CLIP) - cut if end else 0)
    received[first : first + cut] = babble(9, 1.6)[:cut] if speech else 0
    arrival = only(received)
    if arrival.received:
        assert abs(samples_late(arrival) - 4000) < 1
        assert arrival.course is not None
        assert np.abs(arrival.course.displacements[arrival.course.found] - 4000).max() < 48
    assert arrival.received or kept < 0.75


def test_a_change_of_delay_inside_a_phrase_shows_in_its_windows() -> None:
    received = np.zeros(7 * RATE)
    half = len(CLIP) * 3 // 5
    received[RATE + 2400 : RATE + 2400 + half] = CLIP[:half]
    received[RATE + 4800 + half : RATE + 4800 + len(CLIP)] = CLIP[half:]
    arrival = only(received)
    course = arrival.course
    assert course is not None
    assert samples_late(arrival) == pytest.approx(2400, abs=1)
    assert course.displacements[:8] == pytest.approx([2400] * 8, abs=1)
    assert course.displacements[-4:] == pytest.approx([4800] * 4, abs=1)
    assert arrival.uncertainty_ms > 3


@pytest.mark.parametrize("removed", [300, -300])
def test_a_phrase_played_faster_or_slower_is_followed(removed: int) -> None:
    # Much as a jitter buffer does it: now and then a period is left out or said twice.
    piece = RATE * 2 // 5
    received = np.zeros(7 * RATE)
    truth: list[int] = []
    for number, first in enumerate(range(0, len(CLIP), piece)):
        truth.append(20_000 - removed * number)
        samples = CLIP[first : first + piece]
        received[RATE + first + truth[-1] : RATE + first + truth[-1] + len(samples)] = samples
    arrival = only(received)
    assert arrival.course is not None
    found = arrival.course.displacements[arrival.course.found]
    assert len(found) > 8
    assert np.abs(found[:, None] - np.asarray(truth)).min(axis=1).max() < 1
    assert min(truth) <= samples_late(arrival) <= max(truth)


@pytest.mark.parametrize("stretch", [1.01, 1.03, 0.97])
def test_a_phrase_at_another_speed_has_no_delay(stretch: float) -> None:
    received = np.zeros(7 * RATE)
    places = np.arange(round(len(CLIP) * stretch)) / stretch
    received[RATE + 9600 : RATE + 9600 + len(places)] = np.interp(places, np.arange(len(CLIP)), CLIP)
    assert not only(received).received


@pytest.mark.parametrize("kind", ["silence", "whisper", "white", "tone", "voice", "music"])
def test_what_is_not_the_phrase_is_not_received(kind: str) -> None:
    seconds = np.arange(7 * RATE) / RATE
    received = {
        "silence": lambda: np.zeros(7 * RATE),
        "whisper": lambda: noise("white", 1, 7 * RATE, 0.5),
        "white": lambda: noise("white", 1, 7 * RATE, 3000),
        "tone": lambda: 6000 * np.sin(2 * np.pi * 440 * seconds),
        "voice": lambda: np.resize(babble(77, 3.0), 7 * RATE).astype(np.float64),
        "music": lambda: sum(900 / n * np.sin(2 * np.pi * 110 * n * seconds) for n in range(1, 20)),
    }[kind]()
    arrival = only(np.asarray(received))
    assert not arrival.received
    assert arrival.confidence == 0


def test_silence_that_was_to_be_said_is_not_received() -> None:
    ends = ends_of(np.zeros(5 * RATE), np.zeros(5 * RATE))
    assert not find_phrases(ends, [(RATE, RATE)])[0].received


def test_a_recording_that_ends_within_a_phrase_has_the_right_delay() -> None:
    sent, received, places = said([CLIP], [4000])
    (arrival,) = find_phrases(ends_of(sent, received[: RATE + 4000 + 1200 * len(CLIP) // 1600]), places)
    assert arrival.received
    assert samples_late(arrival) == pytest.approx(4000, abs=1)


def test_confidence_and_uncertainty_follow_the_noise() -> None:
    level = float(np.sqrt(np.mean(CLIP.astype(np.float64) ** 2)))
    _, clean, _ = said([CLIP], [4000])
    arrivals = [only(clean + noise("babble", 5, len(clean), level * gain)) for gain in (0.01, 0.3, 1.0)]
    assert arrivals[0].confidence > 0.99 > arrivals[1].confidence > arrivals[2].confidence > 0
    assert arrivals[0].uncertainty_ms < arrivals[1].uncertainty_ms < arrivals[2].uncertainty_ms < 0.1


def test_the_uncertainty_covers_the_error_at_0_db() -> None:
    level = float(np.sqrt(np.mean(CLIP.astype(np.float64) ** 2)))
    _, clean, _ = said([CLIP], [4000])
    arrivals = [only(clean + noise("babble", 20 * n, len(clean), level)) for n in range(1, 6)]
    in_uncertainties = [(samples_late(a) - 4000) / RATE * 1000 / a.uncertainty_ms for a in arrivals]
    assert np.sqrt(np.mean(np.square(in_uncertainties))) < 2


def test_stamps_that_scatter_are_a_part_of_the_uncertainty() -> None:
    sent, received, places = said([CLIP], [4000])
    ends = ends_of(sent, received)
    jitter = np.random.default_rng(1).normal(0, 2, len(ends.received.timeline.stamps_ns))
    stamps_ns = ends.received.timeline.stamps_ns + (jitter * NANOSECONDS_PER_MILLISECOND).astype(np.int64)
    shaken = Ends(ends.sent, type(ends.sent)(ends.received.samples, Timeline(stamps_ns, FRAME, RATE)))
    (arrival,) = find_phrases(shaken, places)
    # The standard error of the median of 160 frames: 1.2533 · 2 ms / √160.
    assert arrival.uncertainty_ms == pytest.approx(0.198, rel=0.35)


def test_the_bound_is_that_of_white_noise_in_the_band_of_a_white_signal() -> None:
    # For a flat spectrum up to B the bound is (1 - p²) / p² · 3 / (8 π² B³ T) (Knapp and Carter, 1976).
    white = np.random.default_rng(3).standard_normal(80_000).astype(np.float32)
    expected = np.sqrt(3 / (8 * np.pi**2 * 4000**3 * 10))
    assert matching_bound_seconds(white, 8000, np.sqrt(0.5)) == pytest.approx(expected, rel=0.05)
