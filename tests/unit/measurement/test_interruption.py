"""Gaps with known truth are found within their stated uncertainty, and none where there is none."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from eloquence_pipeline.measurement.delay import End, Ends
from eloquence_pipeline.measurement.interruption import HeardCall, hear_call
from eloquence_pipeline.measurement.on_the_clock import frame_starts, on_the_clock
from eloquence_pipeline.measurement.timeline import Timeline
from tests.simulated import FRAME, FRAME_NS, RATE, START_NS, babble, ends_of

pytestmark = pytest.mark.unit

SECONDS = 9.0
SPEECH = babble(7, SECONDS).astype(np.float64)
COARSE_MS = 0.25
"""Positions are known to a sample of 8 kHz at either end."""

FloatArray = npt.NDArray[np.float64]


def heard_of(gap: tuple[float, float], delays: tuple[float, float], noise: float = 5.0) -> FloatArray:
    """Return what is received when `gap` is lost, and the delay is another one after it; seconds."""
    received = np.random.default_rng(3).standard_normal(len(SPEECH) + 2 * RATE) * noise
    begin, end = (round(second * RATE) for second in gap)
    before, after = (round(delay * RATE) for delay in delays)
    received[before : before + begin] += SPEECH[:begin]
    received[after + end : after + len(SPEECH)] += SPEECH[end:]
    return received


def hear(received: npt.NDArray[Any]) -> HeardCall:
    return hear_call(on_the_clock(ends_of(SPEECH, received)))


@settings(max_examples=25, deadline=None)
@example(begin=2.0, lost=1.0, before=0.25, change=-0.03125)
@example(begin=2.673828125, lost=1.3125, before=0.25, change=0.0)
@given(
    begin=st.floats(2.0, 4.0),
    lost=st.floats(0.06, 3.0),
    before=st.floats(0.02, 0.3),
    change=st.floats(-0.05, 0.4),
)
def test_a_gap_is_found_within_its_uncertainty(
    begin: float, lost: float, before: float, change: float
) -> None:
    assume(before + change >= 0)  # nothing is heard before it was said
    heard = hear(heard_of((begin, begin + lost), (before, before + change)))
    (gap,) = heard.interruptions
    assert gap.is_over
    assert abs(gap.speech_lost_ms - lost * 1000) <= gap.uncertainty_ms + COARSE_MS
    assert abs(gap.audible_ms - (lost + change) * 1000) <= gap.uncertainty_ms + COARSE_MS
    assert gap.uncertainty_ms <= 30
    assert gap.said_from <= begin + 0.02
    assert gap.delay_before_ms == pytest.approx(before * 1000, abs=COARSE_MS)
    assert gap.delay_after_ms == pytest.approx((before + change) * 1000, abs=COARSE_MS)


@settings(max_examples=8, deadline=None)
@given(delay=st.floats(0.0, 1.5), noise=st.floats(0.0, 200.0))
def test_where_everything_was_heard_there_is_no_gap(delay: float, noise: float) -> None:
    heard = hear(heard_of((4.0, 4.0), (delay, delay), noise))
    assert heard.interruptions == ()
    assert np.median(heard.window_delay_ms) == pytest.approx(delay * 1000, abs=COARSE_MS)
    assert len(heard.window_delay_ms) > 0.9 * SECONDS * 10


def test_a_delay_that_grows_takes_no_speech_away() -> None:
    heard = hear(heard_of((4.0, 4.0), (0.05, 0.25)))
    assert sum(gap.speech_lost_ms for gap in heard.interruptions) <= 60
    after = heard.window_delay_ms[heard.window_seconds > 4.1]
    assert np.allclose(after, 250, atol=COARSE_MS)


def test_a_delay_that_slides_makes_no_gap() -> None:
    # 1 ms a second, as a jitter buffer that makes up for clocks that differ.
    places = np.arange(len(SPEECH) + RATE) * 0.999 - 0.05 * RATE
    received = np.interp(places, np.arange(len(SPEECH)), SPEECH, left=0, right=0)
    assert hear(received).interruptions == ()


def voiced(seconds: float) -> tuple[FloatArray, FloatArray]:
    """Return a voice whose pitch and colour wander, and its pitch in Hz."""
    generator = np.random.default_rng(11)
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = 118 + 12 * np.sin(2 * np.pi * 0.7 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    knots = np.linspace(0, seconds, round(seconds * 12))
    voice = np.zeros(len(time))
    for harmonic in range(1, 17):
        strength = np.interp(time, knots, generator.uniform(0, 1, len(knots))) ** 2
        voice += strength * np.sin(harmonic * phase + generator.uniform(0, 6))
    return voice * 2500, pitch


def test_speech_that_a_jitter_buffer_stretches_and_shortens_again_was_heard() -> None:
    # As in the first second of a stream: a pitch period more in every 80 ms, then one less.
    voice, pitch = voiced(SECONDS)
    pieces, block = [np.zeros(RATE // 25)], round(0.08 * RATE)
    for number, start in enumerate(range(0, len(voice) - block, block)):
        piece, period = voice[start : start + block], round(RATE / pitch[start + block])
        if 40 <= number < 47:
            piece = np.concatenate([piece, piece[-period:]])
        elif 47 <= number < 54:
            piece = piece[:-period]
        pieces.append(piece)
    rest = voice[block * (len(pieces) - 1) :]
    received = np.concatenate([*pieces, rest, np.zeros(RATE)])
    heard = hear_call(on_the_clock(ends_of(voice, received)))
    assert heard.interruptions == ()
    assert heard.window_delay_ms.max() > 80
    assert heard.window_delay_ms[0] == pytest.approx(40, abs=COARSE_MS)


def test_what_concealment_makes_up_is_not_good() -> None:
    lost = (3.0, 3.8)
    received = heard_of(lost, (0.05, 0.05))
    begin, length = round(3.05 * RATE), round(0.8 * RATE)
    period = received[begin - round(0.01 * RATE) : begin]
    fading = np.exp(-np.arange(length) / (0.1 * RATE))
    received[begin : begin + length] += np.resize(period, length) * fading
    (gap,) = hear(received).interruptions
    assert abs(gap.audible_ms - 800) <= gap.uncertainty_ms + COARSE_MS


def test_what_was_lost_and_is_said_again_later_stays_lost() -> None:
    again = SPEECH.copy()
    again[round(4.0 * RATE) : round(4.5 * RATE)] = again[round(5.0 * RATE) : round(5.5 * RATE)]
    received = np.concatenate([np.zeros(RATE // 20), again, np.zeros(RATE)])
    received[round(3.85 * RATE) : round(4.85 * RATE)] = 0
    (gap,) = hear_call(on_the_clock(ends_of(again, received))).interruptions
    assert abs(gap.audible_ms - 1000) <= gap.uncertainty_ms + COARSE_MS


def test_two_gaps_with_a_second_of_speech_between_are_two() -> None:
    received = heard_of((3.0, 3.4), (0.05, 0.05))
    received[round(4.45 * RATE) : round(4.65 * RATE)] = 0
    first, second = hear(received).interruptions
    assert abs(first.audible_ms - 400) <= first.uncertainty_ms + COARSE_MS
    assert abs(second.audible_ms - 200) <= second.uncertainty_ms + COARSE_MS


def test_a_scrap_of_sound_between_two_gaps_does_not_part_them() -> None:
    received = heard_of((3.0, 3.4), (0.05, 0.05))
    received[round(3.48 * RATE) : round(3.75 * RATE)] = 0
    (gap,) = hear(received).interruptions
    assert abs(gap.audible_ms - 700) <= gap.uncertainty_ms + COARSE_MS


def test_a_pause_at_the_edge_of_a_gap_makes_it_less_certain() -> None:
    quiet = SPEECH.copy()
    quiet[round(3.8 * RATE) : round(4.0 * RATE)] = 0
    received = np.concatenate([np.zeros(RATE // 20), quiet, np.zeros(RATE)])
    received[round(4.05 * RATE) : round(4.55 * RATE)] = 0
    (gap,) = hear_call(on_the_clock(ends_of(quiet, received))).interruptions
    assert 80 <= gap.uncertainty_ms <= 120
    assert abs(gap.audible_ms - 500) <= gap.uncertainty_ms + COARSE_MS


def test_a_call_that_never_comes_back_has_a_gap_without_an_end() -> None:
    received = heard_of((3.0, SECONDS), (0.05, 0.05))
    (gap,) = hear(received).interruptions
    assert not gap.is_over
    assert gap.speech_lost_ms == pytest.approx((SECONDS - 3) * 1000, abs=50)


def test_where_nothing_was_heard_at_all_nothing_was_interrupted() -> None:
    heard = hear(np.random.default_rng(1).standard_normal(len(SPEECH)) * 500)
    assert not any(gap.is_over for gap in heard.interruptions)
    assert not len(heard.window_delay_ms)
    assert hear_call(on_the_clock(ends_of(SPEECH, np.zeros(0)))).interruptions == ()


@settings(max_examples=15, deadline=None)
@given(begin=st.floats(2.0, 4.0), lost=st.floats(0.1, 3.0), seed=st.integers(0, 99))
def test_a_gap_in_which_the_listener_had_no_track_is_as_long_as_time_passed(
    begin: float, lost: float, seed: int
) -> None:
    received = heard_of((begin, begin + lost), (0.05, 0.05))
    count = len(received) // FRAME
    jitter_ns = np.random.default_rng(seed).uniform(0, 9e6, count).astype(np.int64)
    stamps_ns = START_NS + np.arange(count, dtype=np.int64) * FRAME_NS + jitter_ns
    away = slice(int((begin + 0.05) * 100) + 1, int((begin + lost + 0.05) * 100))
    frames = np.delete(received[: count * FRAME].reshape(-1, FRAME), np.arange(count)[away], axis=0)
    timeline = Timeline(np.delete(stamps_ns, np.arange(count)[away]), FRAME, RATE)
    sent = ends_of(SPEECH, received).sent
    whole = np.rint(frames).astype(np.int16).reshape(-1)
    (gap,) = hear_call(on_the_clock(Ends(sent, End(whole, timeline)))).interruptions
    # The stamps are up to 9 ms late, and in the median of the few frames of a side differ by some.
    assert abs(gap.audible_ms - lost * 1000) <= gap.uncertainty_ms + 5


def test_frames_never_overlap_and_late_single_ones_move_nothing() -> None:
    stamps_ns = START_NS + np.arange(300, dtype=np.int64) * FRAME_NS
    stamps_ns[100:103] += 40_000_000
    stamps_ns[200:] += 500_000_000
    starts = frame_starts(stamps_ns, START_NS, FRAME, RATE)
    steps = [second - first for first, second in pairwise(starts.tolist())]
    assert steps.count(FRAME) == 298
    assert steps[199] == FRAME + RATE // 2
