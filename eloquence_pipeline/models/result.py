"""The result of a scenario, and of several."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Ratio, Record, ResultDocument
from eloquence_pipeline.models.baseline import BaselineComparison, with_nights
from eloquence_pipeline.models.budget import BudgetFigures, DelayBudget
from eloquence_pipeline.models.course import CourseFigures
from eloquence_pipeline.models.delay import DelayFigures, PhraseObservation, PlanFigures, Statistics
from eloquence_pipeline.models.loss import LossFigures, LossLevels
from eloquence_pipeline.models.network import NetworkFigures
from eloquence_pipeline.models.quality import QualityFigures
from eloquence_pipeline.models.rtp import RtpFigures
from eloquence_pipeline.models.stability import StabilityFigures
from eloquence_pipeline.models.tester import PacingFigures
from eloquence_pipeline.models.throughput import ThroughputFigures
from eloquence_pipeline.models.transport import Attempt, ConnectionEvent
from eloquence_pipeline.models.verdict import Verdict, VerdictStatus, worst_status

RESULT_FORMAT = "eloquence-result"
RESULT_FORMAT_VERSION = 3
"""2: with the thresholds of the verdict. 3: disagreements between witnesses of loss have kinds. Older ones
are read by upgrading them (storage/upgrade.py)."""


class SpeakerFigures(Record):
    """What became of one speaker's phrases; where several speak, each is measured by itself."""

    speaker: str
    packets_sent: NonNegativeInt
    packets_received: NonNegativeInt
    packet_loss_rate: Ratio
    end_to_end_ms: Statistics
    one_way_delay_ms: Statistics
    budget: DelayBudget | None = None
    """The median of each stage over the received phrases; None if none was received."""
    rtp: RtpFigures
    loss: LossLevels
    tester: PacingFigures


class LatencyStats(Record):
    """The seed's ``latency_stats``: end-to-end delay over the received phrases."""

    min_ms: float | None
    max_ms: float | None
    avg_ms: float | None
    count: NonNegativeInt


class ResultFormat(Record):
    """Name and version of the result format; a reader refuses a newer version."""

    name: Literal["eloquence-result"] = RESULT_FORMAT
    version: Literal[3] = RESULT_FORMAT_VERSION
    method_version: PositiveInt
    """Of the measuring method: figures of one method version can be compared."""


class RunInfo(Record):
    """What identifies and repeats a run."""

    run_id: str
    scenario: str
    started_at: datetime
    target: str
    """Name of the LiveKit server: ``embedded``, or the URL of one's own."""
    livekit_url: str
    room: str
    seed: int
    parameters: dict[str, JsonValue]
    """What the scenario was asked for, under the names of the flow's parameters."""
    clock_id: str
    versions: dict[str, str]
    host: dict[str, str] = Field(default_factory=dict)
    """The machine that spoke and listened: system, processor; empty in older results."""


class RunHeader(Record):
    """What is known of a run before anything is said, as it is written to ``run.json``.

    A run that was interrupted has no result; this is what lets it be analysed all the same.
    """

    format: ResultFormat
    run: RunInfo
    """Its room is empty: each attempt has its own."""
    thresholds: dict[str, float]


class ScenarioResult(ResultDocument):
    """The result of one scenario, as it is written to ``results.json``.

    The first eight keys are the seed's, with the seed's meanings: a "packet" is a phrase, the
    latency is generation plus one-way delay. Everything else lies in nested objects.
    """

    test_name: str
    duration_seconds: NonNegativeFloat
    packets_sent: NonNegativeInt
    packets_received: NonNegativeInt
    packet_loss_rate: Ratio
    latency_stats: LatencyStats
    errors_count: NonNegativeInt
    throughput_pps: NonNegativeFloat

    format: ResultFormat
    run: RunInfo
    plan: PlanFigures
    verdict: Verdict
    thresholds: dict[str, float]
    """By which it was judged, under the names of the settings."""
    delay: DelayFigures
    budget: BudgetFigures
    throughput: ThroughputFigures
    stability: StabilityFigures
    course: CourseFigures | None = None
    """Interval by interval, of calls longer than two minutes and of every stability test."""
    rtp: RtpFigures
    """Counts of all speakers together; jitter, round-trip time and fraction lost are the worst ones."""
    loss: LossFigures
    """Counts of all speakers together; each speaker's witnesses are compared by themselves."""
    quality: QualityFigures | None = None
    """None where the scores are switched off."""
    baseline: BaselineComparison | None = None
    """Beside the earlier nights; None where that is switched off, or was not possible."""
    network: NetworkFigures | None = None
    """None where the network was the real one."""
    tester: PacingFigures
    """The worst value of any speaker, and all the frames left out."""
    speakers: tuple[SpeakerFigures, ...]
    details: dict[str, JsonValue] = Field(default_factory=dict)
    """What a test of the user's own returned."""
    attempts: tuple[Attempt, ...]
    phrases: tuple[PhraseObservation, ...]
    events: tuple[ConnectionEvent, ...]

    @property
    def status(self) -> VerdictStatus:
        """That of the verdict, unless a night that passed fails because it is worse than the earlier ones."""
        return with_nights(self.verdict.status, self.baseline)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON schema of ``results.json``, as published in ``docs/results.schema.json``."""
        return cls.model_json_schema(by_alias=True, mode="serialization")


class SuiteResult(ResultDocument):
    """The results of several scenarios; as good as its worst part."""

    tests: dict[str, ScenarioResult]
    """By the name of the scenario, in the order in which they ran."""
    errors: dict[str, str] = Field(default_factory=dict)
    """Why a scenario could not be carried out, by its name."""

    @property
    def status(self) -> VerdictStatus:
        """The worst status among the tests; a test that could not be carried out is not valid."""
        return worst_status((result.status for result in self.tests.values()), lacking=bool(self.errors))
