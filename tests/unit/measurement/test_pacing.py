"""The tester's own pace."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from eloquence_pipeline.measurement.pacing import is_paced, late_frames, pacing_figures
from eloquence_pipeline.models import PacingFigures
from eloquence_pipeline.settings import ThresholdSettings

pytestmark = pytest.mark.unit

FRAME_NS = 10_000_000
DEADLINES = 10**12 + np.arange(1000, dtype=np.int64) * FRAME_NS


NO_LAG = np.full(100, 300_000, dtype=np.int64)


judged = partial(pacing_figures, frame_ns=FRAME_NS, thresholds=ThresholdSettings())


def figures(handed_over_ns: np.ndarray, lag_ns: np.ndarray = NO_LAG) -> PacingFigures:
    return judged(DEADLINES, handed_over_ns, DEADLINES, lag_ns)


def test_a_tester_on_time_is_not_overloaded() -> None:
    pacing = figures(DEADLINES + 200_000)
    assert pacing.pacing_lateness_p99_ms == pytest.approx(0.2)
    assert not pacing.overloaded


def test_one_frame_beyond_the_maximum_is_overload() -> None:
    late = DEADLINES + 100_000
    late[500] += 21_000_000
    pacing = figures(late)
    assert pacing.pacing_lateness_max_ms == pytest.approx(21.1)
    assert pacing.overloaded


def test_many_frames_beyond_the_percentile_are_overload() -> None:
    late = DEADLINES + 100_000
    late[:20] += 6_000_000
    assert figures(late).overloaded


def test_a_frame_left_out_is_overload_and_counted() -> None:
    late = DEADLINES + 100_000
    late[10] = 0
    pacing = figures(late)
    assert pacing.frames_skipped == 1
    assert pacing.overloaded
    assert pacing.pacing_lateness_max_ms == pytest.approx(0.1)


def test_as_many_frames_as_the_settings_allow_may_be_left_out() -> None:
    late = DEADLINES + 100_000
    late[10:12] = 0
    overloaded = [
        pacing_figures(
            DEADLINES,
            late,
            NO_LAG,
            NO_LAG,
            frame_ns=FRAME_NS,
            thresholds=ThresholdSettings(frames_skipped_max=most),
        ).overloaded
        for most in (1, 2)
    ]
    assert overloaded == [True, False]


def test_nothing_sent_and_nothing_received_is_no_crash() -> None:
    empty = np.zeros(0, dtype=np.int64)
    assert not pacing_figures(
        empty, empty, empty, empty, frame_ns=FRAME_NS, thresholds=ThresholdSettings()
    ).overloaded


def test_a_recorder_that_was_held_up_is_overload() -> None:
    lag = NO_LAG.copy()
    lag[:5] = 8_000_000
    pacing = figures(DEADLINES + 100_000, lag)
    assert pacing.event_loop_lag_p99_ms == pytest.approx(8)
    assert pacing.overloaded


def test_of_one_session_among_many_the_share_of_late_frames_counts() -> None:
    thresholds = ThresholdSettings()
    deadline_ns = np.arange(1, 10_001, dtype=np.int64) * FRAME_NS
    handed_over_ns = deadline_ns + 200_000
    handed_over_ns[[7, 70, 700]] = 0
    handed_over_ns[5000] += 25_000_000
    late, frames = late_frames(deadline_ns, handed_over_ns, thresholds), len(deadline_ns)
    assert late == 4
    figures = pacing_figures(
        deadline_ns, handed_over_ns, deadline_ns, NO_LAG, frame_ns=FRAME_NS, thresholds=thresholds
    )
    assert figures.overloaded
    assert is_paced(figures, late, frames, thresholds)
    assert not is_paced(figures, 11, frames, thresholds)
    assert is_paced(figures, 11, frames, thresholds.model_copy(update={"frames_skipped_max": 11}))
    behind = figures.model_copy(update={"pacing_lateness_p99_ms": 5.1})
    assert not is_paced(behind, late, frames, thresholds)
    waiting = figures.model_copy(update={"event_loop_lag_p99_ms": 5.1})
    assert not is_paced(waiting, late, frames, thresholds)
