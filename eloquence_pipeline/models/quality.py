"""How well each phrase arrived: scores of models, and figures of the waveform."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Ratio, Record
from eloquence_pipeline.models.delay import Statistics


class Score(Record):
    """A score and what gave it: only scores of one model and version can be compared."""

    value: float
    model: str
    version: str
    """Package and version that computed it."""


class PhraseQuality(Record):
    """How well one phrase arrived; ``None`` where there is no figure, never a made-up one."""

    index: PositiveInt
    speaker: str
    mos_lqo: Score | None = None
    """Mean opinion score, listening quality, objective: 1 to about 4.6."""
    nsim: Ratio | None = None
    """ViSQOL's mean similarity of the spectrograms, before it is mapped to a MOS; 1 is identity."""
    stoi: Score | None = None
    """Intelligibility, 1 is identity."""
    pesq_mos_lqo: Score | None = None
    """Only where the extra ``pesq`` is installed: 1.0 to 4.64."""
    level_difference_db: float | None = None
    """Level of the received over that of the sent speech; negative is quieter."""
    clipped_ratio: Ratio | None = None
    """Received samples at full scale or in flat tops, over all."""
    dropout_count: NonNegativeInt | None = None
    dropout_ms: NonNegativeFloat | None = None
    """Silence in what was received while something was said."""
    bandwidth_hz: NonNegativeFloat | None = None
    """Up to where the spectrum of what was sent has arrived, in steps of 250 Hz."""
    sent_bandwidth_hz: NonNegativeFloat | None = None
    """Up to where what was sent has a spectrum: no more than that can arrive."""
    not_scored: dict[str, str] = Field(default_factory=dict)
    """Why a figure is not there, by its name, where nothing is wrong."""
    failures: dict[str, str] = Field(default_factory=dict)
    """What went wrong with a figure, by its name."""


class EModelFigures(Record):
    """What ITU-T G.107 makes of delay and loss, for the speaker that has it worst.

    Provisional: the ITU publishes no `ie` and `bpl` for Opus, so they are assumed.
    """

    r_factor: float
    """Transmission rating, 0 to 100 (G.107, narrow band: 93.2 at best)."""
    mos_cqe: float
    """Mean opinion score, conversational quality, estimated: 1 to 4.5."""
    speaker: str
    one_way_delay_ms: NonNegativeFloat
    """Mean over the speaker's phrases, without synthesis."""
    packet_loss_percent: NonNegativeFloat
    """Lost RTP packets."""
    ie: float
    bpl: float
    burst_r: float
    provisional: Literal[True] = True


class QualityInterval(Record):
    """The scores of one interval of a long call: means over its scored phrases."""

    start_seconds: NonNegativeFloat
    """From the beginning of the WAV of what was sent."""
    end_seconds: NonNegativeFloat
    scored_count: NonNegativeInt
    mos_lqo: float | None
    stoi: float | None


class QualityTrend(Record):
    """How MOS-LQO moved over the call: Theil-Sen slope over the scored phrases."""

    mos_lqo_per_hour: float
    low: float
    """Of the 95 % interval of the slope, as the high."""
    high: float


class QualityFigures(Record):
    """How well the phrases of a run arrived.

    Every received phrase has its figures of the waveform; the models score some only, because they
    take about as long as the speech itself.
    """

    scored_count: NonNegativeInt
    """Phrases that a model has scored."""
    failed_count: NonNegativeInt
    """Phrases with a figure that went wrong."""
    models: dict[str, str]
    """Model and version behind each score, by the name of the figure."""
    worst_phrase_index: PositiveInt | None = None
    """That with the lowest MOS-LQO; where there is none, the lowest STOI."""
    mos_lqo: Statistics
    nsim: Statistics
    stoi: Statistics
    pesq_mos_lqo: Statistics
    level_difference_db: Statistics
    clipped_ratio: Statistics
    bandwidth_hz: Statistics
    dropout_count: NonNegativeInt
    """Over all phrases."""
    dropout_ms: NonNegativeFloat
    """Over all phrases."""
    received_count: NonNegativeInt | None = None
    """Phrases that were received; `scored_count` of them were scored."""
    over_time: tuple[QualityInterval, ...] = ()
    """In the intervals of the result's `course`, where it has one."""
    trend: QualityTrend | None = None
    """None for calls without a course, and fewer than five scored phrases."""
    e_model: EModelFigures | None = None
    """None where delay or loss is not known."""
    phrases: tuple[PhraseQuality, ...]
