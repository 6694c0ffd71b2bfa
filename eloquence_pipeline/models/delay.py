"""When each phrase arrived."""

from __future__ import annotations

from datetime import datetime

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Record
from eloquence_pipeline.models.budget import DelayBudget


class Statistics(Record):
    """Order statistics of one figure over the received phrases; ``None`` where there is none."""

    count: NonNegativeInt
    min: float | None = None
    max: float | None = None
    avg: float | None = None
    median: float | None = None
    p95: float | None = None
    p99: float | None = None
    standard_deviation: float | None = None


class PhraseObservation(Record):
    """What became of one phrase."""

    index: PositiveInt
    """Counts the phrases of all speakers in the order in which they are said."""
    speaker: str
    text: str
    category: str
    received: bool
    sent_at: datetime
    received_at: datetime | None = None
    position_in_sent_seconds: NonNegativeFloat
    """Where the phrase begins in the WAV of what was sent."""
    position_in_received_seconds: float | None = None
    """Where it begins in the WAV of what was received."""
    sample_count: PositiveInt
    duration_seconds: NonNegativeFloat
    generation_ms: NonNegativeFloat
    clip_from_cache: bool
    send_ms: float
    """How far behind its schedule the sender was, averaged over the frames of the phrase."""
    one_way_delay_ms: float | None = None
    jitter_buffer_ms: float | None = None
    end_to_end_ms: float | None = None
    budget: DelayBudget | None = None
    correlation_peak: float
    """Normalised cross-correlation at the best place, 0 to 1."""
    peak_to_sidelobe_ratio: float
    """The peak over the highest absolute value further than 2.5 ms away; at most 1000."""


class PlanFigures(Record):
    """What was going to be said; a transmission that broke off said less."""

    phrases_planned: NonNegativeInt
    duration_seconds: NonNegativeFloat


class DelayFigures(Record):
    """The parts of the end-to-end delay over the received phrases."""

    one_way_delay_ms: Statistics
    generation_ms: Statistics
    send_ms: Statistics
    jitter_buffer_ms: Statistics
