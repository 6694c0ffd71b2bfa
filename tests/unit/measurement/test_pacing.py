"""The tester's own pace."""

from __future__ import annotations

import numpy as np
import pytest

from eloquence_pipeline.measurement.pacing import pacing_figures
from eloquence_pipeline.models import PacingFigures
from eloquence_pipeline.settings import ThresholdSettings

pytestmark = pytest.mark.unit

FRAME_NS = 10_000_000
DEADLINES = 10**12 + np.arange(1000, dtype=np.int64) * FRAME_NS


def figures(handed_over_ns: np.ndarray) -> PacingFigures:
    return pacing_figures(DEADLINES, handed_over_ns, DEADLINES, FRAME_NS, ThresholdSettings())


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


def test_nothing_sent_and_nothing_received_is_no_crash() -> None:
    empty = np.zeros(0, dtype=np.int64)
    assert not pacing_figures(empty, empty, empty, FRAME_NS, ThresholdSettings()).overloaded
