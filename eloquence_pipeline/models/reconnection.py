"""What disturbances did to calls, and how they came back."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Record, ResultDocument
from eloquence_pipeline.models.baseline import BaselineComparison, with_nights
from eloquence_pipeline.models.delay import Statistics
from eloquence_pipeline.models.disturbance import Disturbance, DisturbanceKind, DisturbedSide
from eloquence_pipeline.models.result import RunInfo
from eloquence_pipeline.models.tester import PacingFigures
from eloquence_pipeline.models.transport import ConnectionEvent
from eloquence_pipeline.models.verdict import VerdictStatus

RECONNECTION_FORMAT = "eloquence-reconnection"
RECONNECTION_FORMAT_VERSION = 1


AUDIBLE_GAP = "audible_gap_ms"


def gap_name(kind: DisturbanceKind, side: DisturbedSide) -> str:
    """Return what the audible gap of one kind of disturbance on one side is called as a figure of nights."""
    return f"{AUDIBLE_GAP}.{kind}.{side}"


class Recovery(StrEnum):
    """How a call came back."""

    UNAIDED = "unaided"
    """By itself: the SDK did it, or nothing had to be done."""
    REJOINED = "rejoined"
    """The client joined the room again."""
    NONE = "none"
    """Nothing was heard any more."""


class AudibleGap(Record):
    """A stretch in which the listener did not hear what was said."""

    position_in_sent_seconds: NonNegativeFloat
    """Where the last good sample is in the WAV of what was sent."""
    audible_ms: NonNegativeFloat
    """From the last good sample to the first good one, at the listener."""
    uncertainty_ms: NonNegativeFloat
    """The gap is that much longer or shorter at most: frames of 10 ms, and pauses of the speech around it."""
    speech_lost_ms: NonNegativeFloat
    """How much of what was said was never heard; less than the gap when the delay is longer after it."""


class ReconnectionFigures(Record):
    """What was measured of one disturbed call."""

    outage_ms: NonNegativeFloat
    """How long the disturbance itself kept everything from passing; 0 where it takes no time of its own."""
    sdk_noticed_ms: float | None
    """From the disturbance to the first event of the SDK at the end that it hits; None if there was none."""
    sdk_recovery_ms: float | None
    """From the disturbance to the last ``reconnected``; None if there was none."""
    rejoin_ms: float | None
    """From the ``disconnected`` to being in the room again, waits included; None if that was not needed."""
    rejoin_attempts: NonNegativeInt
    recovery: Recovery
    audible_gap_ms: float | None
    """Of the longest gap, 0 if there is none; None if nothing was heard any more."""
    audible_gap_uncertainty_ms: NonNegativeFloat
    gaps: tuple[AudibleGap, ...]
    """In the order of time."""
    speech_lost_ms: NonNegativeFloat
    """Over all gaps."""
    phrases_said: NonNegativeInt
    phrases_lost: NonNegativeInt
    """Of which not enough was heard to be sure of them."""
    phrases_cut: NonNegativeInt
    """Heard, but not whole."""
    delay_before_ms: float | None
    """Median one-way delay of the windows before the disturbance, as after the gap."""
    delay_after_ms: float | None
    delay_change_ms: float | None
    tester: PacingFigures


class DisturbedCall(Record):
    """One call, and what became of it."""

    disturbance: Disturbance
    repetition: PositiveInt
    run_id: str = ""
    """Of the call's own evidence; empty where it was not tried."""
    evidence: str = ""
    """Where that is: the address in the store, or the folder on this machine."""
    not_tried: str = ""
    """Why it was not tried; empty if it was."""
    figures: ReconnectionFigures | None = None
    missed: tuple[str, ...] = ()
    """Which limits it missed, one sentence each."""
    invalid: str = ""
    """Why nothing can be said of it; empty if something can."""
    events: tuple[ConnectionEvent, ...] = ()
    """Of both ends, from a second before the disturbance."""


class DisturbanceSummary(Record):
    """All calls with one kind of disturbance on one side."""

    kind: DisturbanceKind
    side: DisturbedSide
    tried: NonNegativeInt
    unaided: NonNegativeInt
    """How many came back by themselves."""
    rejoined: NonNegativeInt
    lost: NonNegativeInt
    """How many did not come back at all."""
    not_tried: str = ""
    sdk_recovery_ms: Statistics
    rejoin_ms: Statistics
    audible_gap_ms: Statistics
    speech_lost_ms: Statistics
    delay_change_ms: Statistics
    phrases_lost: NonNegativeInt
    phrases_cut: NonNegativeInt


class ReconnectionLimits(Record):
    """What a call was judged by; both are counted beyond the time of the disturbance itself."""

    audible_gap_max_ms: float
    recovery_max_ms: float


class ReconnectionFormat(Record):
    """Name and version of the format; a reader refuses a newer version."""

    name: Literal["eloquence-reconnection"] = RECONNECTION_FORMAT
    version: Literal[1] = RECONNECTION_FORMAT_VERSION
    method_version: PositiveInt


class ReconnectionVerdict(Record):
    """The judgement over all calls: as good as the worst."""

    status: VerdictStatus
    reasons: tuple[str, ...] = ()


class ReconnectionResult(ResultDocument):
    """The result of ``--test reconnect``, as it is written to ``results.json``."""

    test_name: Literal["reconnect_test"] = "reconnect_test"
    format: ReconnectionFormat
    run: RunInfo
    verdict: ReconnectionVerdict
    limits: dict[DisturbanceKind, ReconnectionLimits]
    baseline: BaselineComparison | None = None
    """Beside the earlier nights; None where that is switched off, or was not possible."""
    summaries: tuple[DisturbanceSummary, ...]
    """One a kind and side, in the order in which they were carried out."""
    calls: tuple[DisturbedCall, ...] = Field(default=())

    @property
    def status(self) -> VerdictStatus:
        """That of the verdict, unless a night that passed fails because it is worse than the earlier ones."""
        return with_nights(self.verdict.status, self.baseline)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON schema of the text."""
        return cls.model_json_schema(by_alias=True, mode="serialization")
