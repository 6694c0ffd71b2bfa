"""When each phrase arrived."""

from __future__ import annotations

from datetime import datetime

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Ratio, Record
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


class DelayWindows(Record):
    """Delay along a phrase, in windows of 200 ms every 100 ms; pauses have none.

    A short phrase that was received in pieces has windows of 100 ms, every 50 ms and at its end.
    """

    position_seconds: tuple[float, ...]
    """Where the window begins, from the beginning of the phrase."""
    one_way_delay_ms: tuple[float | None, ...]
    """``None`` where nothing like the window was received near the phrase's place."""
    peak: tuple[float, ...]
    """Normalised cross-correlation, 0 to 1; from 0.5 on the window has a delay, in pieces from 0.7."""


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
    """That of its median window."""
    uncertainty_ms: float | None = None
    """Standard uncertainty of the one-way delay: scatter of its windows and of the frames' stamps."""
    confidence: Ratio = 0.0
    """How far the peak is above the gate: 0 at the gate or below, 1 for a perfect copy."""
    received_ratio: Ratio = 0.0
    """How much of what was said in it was heard; where it is less than 1, the gaps say what was not."""
    windows: DelayWindows | None = None
    jitter_buffer_ms: float | None = None
    end_to_end_ms: float | None = None
    budget: DelayBudget | None = None
    correlation_peak: float
    """Normalised cross-correlation at the best place, each part of the phrase where it was received; 0 to
    1."""
    peak_to_sidelobe_ratio: float
    """The peak over the highest absolute value further than 2.5 ms away; at most 1000."""


class PlanFigures(Record):
    """What was going to be said; a transmission that broke off said less."""

    phrases_planned: NonNegativeInt
    duration_seconds: NonNegativeFloat


class Drift(Record):
    """How the delay moved over the run: Theil-Sen slope of the phrases against their speaker's median."""

    ms_per_minute: float
    low: float
    """Of the 95 % interval of the slope, as the high."""
    high: float


class Histogram(Record):
    """Counts in bins of equal width.

    The width is a power of two, the least that makes do with 50 bins, and every edge is a multiple of it: so
    the bins of two runs coincide, or several of one are one of the other.
    """

    first_edge_ms: float
    bin_width_ms: float
    counts: tuple[NonNegativeInt, ...]
    """A value on an edge belongs to the bin above it."""


class DelayFigures(Record):
    """The parts of the end-to-end delay over the received phrases."""

    one_way_delay_ms: Statistics
    one_way_delay_histogram: Histogram | None
    """Of the phrases."""
    window_delay_ms: Statistics
    """Over all windows of all phrases."""
    window_delay_histogram: Histogram | None
    drift: Drift | None
    """``None`` for fewer than five phrases."""
    generation_ms: Statistics
    send_ms: Statistics
    jitter_buffer_ms: Statistics
