"""How a call went from one interval to the next."""

from __future__ import annotations

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveFloat

from eloquence_pipeline.models.base import Ratio, Record
from eloquence_pipeline.models.loss import Gap

STABILITY_TEST = "stability"
"""The name of the test that is about the course of a call, however short it is."""


class CourseInterval(Record):
    """One interval of a call; ``None`` where nothing is known of it."""

    start_seconds: NonNegativeFloat
    """From the beginning of the WAV of what was sent."""
    end_seconds: NonNegativeFloat
    phrases_sent: NonNegativeInt
    """Those that begin in it."""
    phrases_received: NonNegativeInt
    one_way_delay_median_ms: float | None
    one_way_delay_p95_ms: float | None
    network_median_ms: float | None
    jitter_buffer_ms: float | None
    """Mean time that a sample waited; where several speak, that of the one who has it worst."""
    rtp_loss_ratio: Ratio | None
    concealed_ratio: Ratio | None
    gap_count: NonNegativeInt
    """Gaps in the speech that was sent in it."""
    gap_ms: NonNegativeFloat
    """Their length together."""
    state_changes: tuple[str, ...] = ()
    """Who came into which connection state, in the order of time."""


class CourseFigures(Record):
    """How a long call went, interval by interval."""

    interval_seconds: PositiveFloat
    """The last interval may be shorter."""
    intervals: tuple[CourseInterval, ...]
    longest_gap: Gap | None
    """The longest stretch of speech that was not heard."""
