"""The data as it flows: every stage takes some of these and returns others.

``Phrase -> Clip -> (SendRecord, Recording) -> PhraseObservation -> ScenarioResult -> Verdict -> Manifest``

All models are frozen. Arrays are not in them: they lie in WAV or NPZ files, which a
:class:`FileReference` names with their SHA-256. Units are in the names; values of W3C webrtc-stats
keep their W3C name and unit (seconds where W3C says seconds) and are camelCase in JSON.
"""

from eloquence_pipeline.models.base import FileReference, Ratio, Record
from eloquence_pipeline.models.baseline import (
    BaselineComparison,
    Change,
    Conditions,
    FigureComparison,
    LeftOut,
    Night,
    NightFigure,
    PairComparison,
    Since,
)
from eloquence_pipeline.models.budget import Bottleneck, BudgetFigures, DelayBudget, NetworkDelay, Stage
from eloquence_pipeline.models.comparison import Comparison, FigureChange
from eloquence_pipeline.models.delay import (
    DelayFigures,
    DelayWindows,
    Drift,
    Histogram,
    PhraseObservation,
    PlanFigures,
    Statistics,
)
from eloquence_pipeline.models.evidence import (
    MANIFEST_FORMAT,
    MANIFEST_FORMAT_VERSION,
    Archive,
    ArchiveState,
    Manifest,
)
from eloquence_pipeline.models.loss import (
    Disagreement,
    DisagreementKind,
    Gap,
    LossFigures,
    LossLevel,
    LossLevels,
    LossTimeline,
)
from eloquence_pipeline.models.network import (
    AddedDelay,
    Direction,
    DirectionConditions,
    DirectionCount,
    NetworkConditions,
    NetworkFigures,
    NetworkPlan,
    NetworkTruth,
    RelayedParticipant,
    RelayReport,
    StreamCount,
)
from eloquence_pipeline.models.network_text import conditions_text, parse_conditions
from eloquence_pipeline.models.outcome import ScenarioOutcome, SuiteOutcome
from eloquence_pipeline.models.quality import EModelFigures, PhraseQuality, QualityFigures, Score
from eloquence_pipeline.models.result import (
    RESULT_FORMAT,
    RESULT_FORMAT_VERSION,
    LatencyStats,
    ResultFormat,
    RunHeader,
    RunInfo,
    ScenarioResult,
    SpeakerFigures,
    SuiteResult,
)
from eloquence_pipeline.models.rtp import InboundRtp, OutboundRtp, RemoteInboundRtp, RtpFigures, W3cRecord
from eloquence_pipeline.models.speech import Clip, Phrase, ScheduledPhrase, SpeechScript, Voice
from eloquence_pipeline.models.stability import ParticipantStability, StabilityFigures
from eloquence_pipeline.models.tester import PacingFigures
from eloquence_pipeline.models.throughput import RtpRate, ThroughputFigures
from eloquence_pipeline.models.transport import (
    Attempt,
    AttemptOutcome,
    Channel,
    ConnectionEvent,
    EndRecord,
    Recording,
    SendRecord,
    Side,
    Transmission,
)
from eloquence_pipeline.models.verdict import (
    FigureVerdict,
    LatencyClass,
    LossClass,
    QualityClass,
    Verdict,
    VerdictStatus,
)

__all__ = [
    "MANIFEST_FORMAT",
    "MANIFEST_FORMAT_VERSION",
    "RESULT_FORMAT",
    "RESULT_FORMAT_VERSION",
    "AddedDelay",
    "Archive",
    "ArchiveState",
    "Attempt",
    "AttemptOutcome",
    "BaselineComparison",
    "Bottleneck",
    "BudgetFigures",
    "Change",
    "Channel",
    "Clip",
    "Comparison",
    "Conditions",
    "ConnectionEvent",
    "DelayBudget",
    "DelayFigures",
    "DelayWindows",
    "Direction",
    "DirectionConditions",
    "DirectionCount",
    "Disagreement",
    "DisagreementKind",
    "Drift",
    "EModelFigures",
    "EndRecord",
    "FigureChange",
    "FigureComparison",
    "FigureVerdict",
    "FileReference",
    "Gap",
    "Histogram",
    "InboundRtp",
    "LatencyClass",
    "LatencyStats",
    "LeftOut",
    "LossClass",
    "LossFigures",
    "LossLevel",
    "LossLevels",
    "LossTimeline",
    "Manifest",
    "NetworkConditions",
    "NetworkDelay",
    "NetworkFigures",
    "NetworkPlan",
    "NetworkTruth",
    "Night",
    "NightFigure",
    "OutboundRtp",
    "PacingFigures",
    "PairComparison",
    "ParticipantStability",
    "Phrase",
    "PhraseObservation",
    "PhraseQuality",
    "PlanFigures",
    "QualityClass",
    "QualityFigures",
    "Ratio",
    "Record",
    "Recording",
    "RelayReport",
    "RelayedParticipant",
    "RemoteInboundRtp",
    "ResultFormat",
    "RtpFigures",
    "RtpRate",
    "RunHeader",
    "RunInfo",
    "ScenarioOutcome",
    "ScenarioResult",
    "ScheduledPhrase",
    "Score",
    "SendRecord",
    "Side",
    "Since",
    "SpeakerFigures",
    "SpeechScript",
    "StabilityFigures",
    "Stage",
    "Statistics",
    "StreamCount",
    "SuiteOutcome",
    "SuiteResult",
    "ThroughputFigures",
    "Transmission",
    "Verdict",
    "VerdictStatus",
    "Voice",
    "W3cRecord",
    "conditions_text",
    "parse_conditions",
]
