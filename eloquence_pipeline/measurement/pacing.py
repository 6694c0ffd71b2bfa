"""Whether the tester kept its own pace: a late tester must not be taken for a late server."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND
from eloquence_pipeline.models import PacingFigures
from eloquence_pipeline.settings import ThresholdSettings

Int64Array = npt.NDArray[np.int64]


def pacing_figures(
    deadline_ns: Int64Array,
    handed_over_ns: Int64Array,
    arrived_ns: Int64Array,
    loop_lag_ns: Int64Array,
    *,
    frame_ns: int,
    thresholds: ThresholdSettings,
) -> PacingFigures:
    """Judge the pacing of both ends.

    Parameters
    ----------
    deadline_ns, handed_over_ns
        int64 of shape (frames sent,); when each frame should have been, and was, handed over. Zero
        marks a frame that was left out because it was already too late.
    arrived_ns
        int64 of shape (frames received,).
    loop_lag_ns
        int64 of shape (ticks,); how late the recorder's event loop woke up.
    frame_ns
        Length of a frame.
    thresholds
        Beyond ``pacing_lateness_p99_ms`` (at either end) or ``pacing_lateness_max_ms``, or with more than
        ``frames_skipped_max`` frames left out, the tester counts as overloaded.
    """
    sent = handed_over_ns > 0
    skipped = int(np.count_nonzero(~sent))
    lateness_ms = (handed_over_ns[sent] - deadline_ns[sent]) / NANOSECONDS_PER_MILLISECOND
    p99_ms = float(np.percentile(lateness_ms, 99)) if len(lateness_ms) else 0.0
    max_ms = float(lateness_ms.max()) if len(lateness_ms) else 0.0
    lag_ms = float(np.percentile(loop_lag_ns, 99)) / NANOSECONDS_PER_MILLISECOND if len(loop_lag_ns) else 0.0
    return PacingFigures(
        pacing_lateness_p99_ms=p99_ms,
        pacing_lateness_max_ms=max_ms,
        event_loop_lag_p99_ms=lag_ms,
        arrival_jitter_p99_ms=_arrival_jitter_p99_ms(arrived_ns, frame_ns),
        frames_skipped=skipped,
        overloaded=(
            p99_ms > thresholds.pacing_lateness_p99_ms
            or lag_ms > thresholds.pacing_lateness_p99_ms
            or max_ms > thresholds.pacing_lateness_max_ms
            or skipped > thresholds.frames_skipped_max
        ),
    )


MOST_LATE_RATIO = 0.001
"""Of the frames of one session among many: one in ten seconds."""


def late_frames(deadline_ns: Int64Array, handed_over_ns: Int64Array, thresholds: ThresholdSettings) -> int:
    """Return how many frames were left out, or later than ``pacing_lateness_max_ms``.

    Parameters
    ----------
    deadline_ns, handed_over_ns, thresholds
        As in :func:`pacing_figures`.
    """
    bound_ns = thresholds.pacing_lateness_max_ms * NANOSECONDS_PER_MILLISECOND
    late = (handed_over_ns == 0) | (handed_over_ns - deadline_ns > bound_ns)
    return int(np.count_nonzero(late))


def is_paced(figures: PacingFigures, late: int, frame_count: int, thresholds: ThresholdSettings) -> bool:
    """Whether the tester kept the pace of one session among many.

    A single frame that is too late makes any other test invalid. Among many sessions, or in hours, there is
    always one; so here the share of such frames counts.

    Parameters
    ----------
    figures, thresholds
        Of the session.
    late, frame_count
        As :func:`late_frames` says, of so many.
    """
    return (
        figures.pacing_lateness_p99_ms <= thresholds.pacing_lateness_p99_ms
        and figures.event_loop_lag_p99_ms <= thresholds.pacing_lateness_p99_ms
        and late <= max(thresholds.frames_skipped_max, MOST_LATE_RATIO * frame_count)
    )


def worst_pacing(figures: Sequence[PacingFigures]) -> PacingFigures:
    """Return the worst value of any speaker, and the sum of the frames left out."""
    return PacingFigures(
        pacing_lateness_p99_ms=max(each.pacing_lateness_p99_ms for each in figures),
        pacing_lateness_max_ms=max(each.pacing_lateness_max_ms for each in figures),
        event_loop_lag_p99_ms=max(each.event_loop_lag_p99_ms for each in figures),
        arrival_jitter_p99_ms=max(each.arrival_jitter_p99_ms for each in figures),
        frames_skipped=sum(each.frames_skipped for each in figures),
        overloaded=any(each.overloaded for each in figures),
    )


def _arrival_jitter_p99_ms(arrived_ns: Int64Array, frame_ns: int) -> float:
    if not len(arrived_ns):
        return 0.0
    residual_ns = arrived_ns - np.arange(len(arrived_ns), dtype=np.int64) * frame_ns
    late_ms = (residual_ns - np.median(residual_ns)) / NANOSECONDS_PER_MILLISECOND
    return float(np.percentile(late_ms, 99))
