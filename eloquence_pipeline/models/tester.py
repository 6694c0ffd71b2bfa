"""Whether the tester kept its own pace."""

from __future__ import annotations

from pydantic import NonNegativeInt

from eloquence_pipeline.models.base import Record


class PacingFigures(Record):
    """Whether the tester kept its own pace."""

    pacing_lateness_p99_ms: float
    pacing_lateness_max_ms: float
    event_loop_lag_p99_ms: float
    """99th percentile of how late the recorder's event loop woke up."""
    arrival_jitter_p99_ms: float
    """99th percentile of how late frames reached the recorder against its own sample count."""
    frames_skipped: NonNegativeInt
    overloaded: bool
