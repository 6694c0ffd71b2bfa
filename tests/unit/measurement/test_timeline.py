"""The time of a sample is taken from all the frames around it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.timeline import Timeline

pytestmark = pytest.mark.unit

RATE, FRAME = 48_000, 480
FRAME_NS = 10_000_000


def regular(frames: int, start_ns: int) -> np.ndarray:
    return start_ns + np.arange(frames, dtype=np.int64) * FRAME_NS


@given(start_ns=st.integers(1, 2**60), sample=st.integers(0, 90 * FRAME))
def test_a_regular_timeline_gives_the_exact_time_even_after_years_of_uptime(
    start_ns: int, sample: int
) -> None:
    timeline = Timeline(regular(100, start_ns), FRAME, RATE)
    expected = start_ns + sample * 1e9 / RATE
    assert timeline.time_ns(sample, 10 * FRAME) == pytest.approx(expected, rel=1e-15, abs=300)


@given(late=st.lists(st.integers(0, 40), max_size=40, unique=True))
def test_a_minority_of_late_frames_does_not_move_the_time(late: list[int]) -> None:
    stamps = regular(100, 10**12)
    stamps[late] += 7_000_000
    assert Timeline(stamps, FRAME, RATE).time_ns(0, 100 * FRAME) == pytest.approx(10**12, abs=1)


def test_frames_that_never_passed_are_left_out() -> None:
    stamps = regular(10, 10**12)
    stamps[2:5] = 0
    assert Timeline(stamps, FRAME, RATE).time_ns(2 * FRAME, 8 * FRAME) == pytest.approx(
        10**12 + 2 * FRAME_NS, abs=1
    )


def test_a_stretch_without_any_stamp_is_an_error_not_a_number() -> None:
    stamps = regular(10, 10**12)
    stamps[3:6] = 0
    with pytest.raises(ValueError, match="no frame was stamped"):
        Timeline(stamps, FRAME, RATE).time_ns(3 * FRAME, 3 * FRAME)


def test_the_standard_error_is_that_of_a_median() -> None:
    stamps = regular(400, 10**12) + np.random.default_rng(1).normal(0, 1e6, 400).astype(np.int64)
    expected = 1.2533 * 1e6 / np.sqrt(400)
    assert Timeline(stamps, FRAME, RATE).standard_error_ns(0, 400 * FRAME) == pytest.approx(expected, rel=0.2)
    assert Timeline(regular(400, 10**12), FRAME, RATE).standard_error_ns(0, 400 * FRAME) < 1


def test_a_moment_is_found_in_the_frame_that_had_begun() -> None:
    timeline = Timeline(regular(10, 10**12), FRAME, RATE)
    assert timeline.sample_at(10**12 + 3.5 * FRAME_NS) == 3 * FRAME
    assert timeline.sample_at(0) == 0
    assert timeline.sample_at(10**18) == 9 * FRAME
