"""The data as it flows: every stage takes some of these and returns others.

``Phrase -> Clip -> (SendRecord, Recording) -> PhraseObservation -> ScenarioResult -> Verdict -> Manifest``

All models are frozen. Arrays are not in them: they lie in WAV or NPZ files, which a
:class:`FileReference` names with their SHA-256. Units are in the names; values of W3C webrtc-stats
keep their W3C name and unit (seconds where W3C says seconds) and are camelCase in JSON.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt
from pydantic.alias_generators import to_camel

from eloquence_pipeline.clock import Instant

RESULT_FORMAT = "eloquence-result"
RESULT_FORMAT_VERSION = 1
MANIFEST_FORMAT = "eloquence-manifest"
MANIFEST_FORMAT_VERSION = 1

Ratio = Annotated[float, Field(ge=0, le=1)]


class Record(BaseModel):
    """Base of all models: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FileReference(Record):
    """One file of a run, named relative to the folder (or key prefix) of the run."""

    name: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    byte_count: NonNegativeInt


# ---------------------------------------------------------------------------- speech


class Phrase(Record):
    """One spoken unit (the seed's "packet")."""

    text: Annotated[str, Field(min_length=1)]
    category: str
    recording: Path | None = None
    """A sound file in which somebody says it; without one it is synthesised."""


class Voice(Record):
    """Everything the sound of a synthesised phrase depends on besides its text."""

    voice: str
    rate_wpm: PositiveInt
    volume: Annotated[float, Field(gt=0, le=1)]
    engine: str
    engine_version: str


class Clip(Record):
    """One phrase as audio: a mono 16-bit WAV file on this machine."""

    phrase: Phrase
    voice: Voice | None
    """None where somebody said it and nothing was synthesised."""
    audio_path: Path
    audio_sha256: str
    sample_rate_hz: PositiveInt
    sample_count: PositiveInt
    generation_ms: NonNegativeFloat
    """How long the synthesis took; that of the original synthesis when the clip came from the cache, and 0
    for a recording."""
    from_cache: bool

    @property
    def duration_seconds(self) -> float:
        """Length of the audio."""
        return self.sample_count / self.sample_rate_hz


class ScheduledPhrase(Record):
    """A clip and its place on the sender's timeline, in samples of the script's rate."""

    index: PositiveInt
    clip: Clip
    start_sample: NonNegativeInt
    sample_count: PositiveInt

    @property
    def end_sample(self) -> int:
        """First sample after the phrase."""
        return self.start_sample + self.sample_count


class SpeechScript(Record):
    """Who says what when: the plan of one transmission."""

    seed: int
    sample_rate_hz: PositiveInt
    sample_count: PositiveInt
    phrases: tuple[ScheduledPhrase, ...]

    @property
    def duration_seconds(self) -> float:
        """Length of the transmission, silence at both ends included."""
        return self.sample_count / self.sample_rate_hz


# ------------------------------------------------------------------------- transport


class Side(StrEnum):
    """The two ends of a transmission."""

    PUBLISHER = "publisher"
    SUBSCRIBER = "subscriber"


class ConnectionEvent(Record):
    """Something the SDK reported about a participant."""

    monotonic_ns: int
    side: Side
    identity: str
    name: str
    detail: str = ""


class EndRecord(Record):
    """What one end wrote down; its arrays lie in the files it refers to."""

    identity: str
    clock_id: str
    started: Instant
    sample_rate_hz: PositiveInt
    frame_samples: PositiveInt
    frame_count: NonNegativeInt
    connect_ms: NonNegativeFloat
    audio: FileReference
    timings: FileReference
    statistics: FileReference
    events: tuple[ConnectionEvent, ...] = ()
    failure: str = ""


class SendRecord(EndRecord):
    """The publisher's end.

    ``timings`` is an NPZ file with ``deadline_ns`` and ``handed_over_ns``, both int64 of shape
    (frame_count,): when each 10 ms frame should have been, and was, handed to the SDK.
    """


class Recording(EndRecord):
    """The subscriber's end.

    ``timings`` is an NPZ file with ``arrived_ns``, int64 of shape (frame_count,): when each 10 ms
    frame left the receiver's jitter buffer.
    """

    ssrcs: tuple[int, ...] = ()
    """Of the RTP streams that this is a recording of, as the statistics are those of the whole listener.

    Empty if they never became known.
    """


class AttemptOutcome(StrEnum):
    """How an attempt at a transmission ended."""

    COMPLETED = "completed"
    FAILED_BEFORE_AUDIO = "failed_before_audio"
    FAILED_DURING_AUDIO = "failed_during_audio"
    INTERRUPTED = "interrupted"


class Attempt(Record):
    """One try at a transmission: a fresh room, fresh tokens, both participants."""

    number: PositiveInt
    room: str
    started_at: datetime
    outcome: AttemptOutcome
    error_type: str = ""
    error: str = ""


class Channel(Record):
    """One speaker's way to the listener."""

    speaker: str
    script: SpeechScript
    sent: SendRecord
    received: Recording | None
    """None if the listener never got to recording anything, though the speaker spoke."""


class Transmission(Record):
    """What was collected, before anyone judges it."""

    room: str
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    failure: str = ""
    """Why the transmission ended early, empty if it did not."""
    tester_failure: str = ""
    """Why the test itself went wrong, which says nothing about the voice path."""
    details: dict[str, JsonValue] = {}
    """What a test of the user's own returned."""


# ----------------------------------------------------------------------- measurement


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
    correlation_peak: float
    """Normalised cross-correlation at the best place, 0 to 1."""
    peak_to_sidelobe_ratio: float
    """The peak over the highest absolute value further than 2.5 ms away; at most 1000."""


class W3cRecord(BaseModel):
    """Values of W3C webrtc-stats: W3C names and units, camelCase in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class OutboundRtp(W3cRecord):
    """Of RTCOutboundRtpStreamStats at the publisher, over the transmission."""

    packets_sent: NonNegativeInt
    bytes_sent: NonNegativeInt


class RemoteInboundRtp(W3cRecord):
    """Of RTCRemoteInboundRtpStreamStats at the publisher: the uplink alone, as the server reports it."""

    packets_lost: int
    fraction_lost: float
    round_trip_time: float
    """Seconds."""
    jitter: float
    """Seconds."""


class InboundRtp(W3cRecord):
    """Of RTCInboundRtpStreamStats at the subscriber, over the transmission."""

    packets_received: NonNegativeInt
    packets_lost: int
    bytes_received: NonNegativeInt
    jitter: float
    """Seconds, at the end of the transmission (RFC 3550)."""
    jitter_buffer_delay: float
    """Seconds, summed over the emitted samples."""
    jitter_buffer_emitted_count: NonNegativeInt
    total_samples_received: NonNegativeInt
    concealed_samples: NonNegativeInt
    silent_concealed_samples: NonNegativeInt
    concealment_events: NonNegativeInt
    inserted_samples_for_deceleration: NonNegativeInt
    removed_samples_for_acceleration: NonNegativeInt


class RtpFigures(Record):
    """What the RTP statistics of both ends say; ``None`` where an end had none."""

    outbound: OutboundRtp | None = None
    remote_inbound: RemoteInboundRtp | None = None
    inbound: InboundRtp | None = None
    packet_loss_ratio: Ratio | None = None
    """Lost over expected RTP packets at the subscriber (RFC 3550, A.3); includes the uplink's loss."""
    concealed_ratio: Ratio | None = None
    """Concealed over all samples that left the jitter buffer."""


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


class SpeakerFigures(Record):
    """What became of one speaker's phrases; where several speak, each is measured by itself."""

    speaker: str
    packets_sent: NonNegativeInt
    packets_received: NonNegativeInt
    packet_loss_rate: Ratio
    end_to_end_ms: Statistics
    one_way_delay_ms: Statistics
    rtp: RtpFigures
    tester: PacingFigures


class LatencyClass(StrEnum):
    """The seed's classes of latency and their names."""

    EXCELLENT = "excellente"
    GOOD = "bonne"
    ACCEPTABLE = "acceptable"
    PROBLEMATIC = "problématique"


class LossClass(StrEnum):
    """The seed's classes of loss and their names."""

    EXCELLENT = "excellent"
    ACCEPTABLE = "acceptable"
    PROBLEMATIC = "problématique"


class VerdictStatus(StrEnum):
    """The verdict over one run."""

    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"
    """The tester itself was the bottleneck: nothing can be said."""


class FigureVerdict(Record):
    """One figure against its threshold."""

    figure: str
    value: float | None
    unit: Literal["ms", "ratio"]
    threshold: float
    judged: LatencyClass | LossClass
    passed: bool
    worst_phrase_index: PositiveInt | None = None
    speaker: str = ""
    """Whose figure it is, where several speak: the worst one's."""


class Verdict(Record):
    """The judgement over a run: as good as its worst figure."""

    status: VerdictStatus
    figures: tuple[FigureVerdict, ...]
    reasons: tuple[str, ...] = ()
    """Why the status is not ``passed``, one sentence each."""


class LatencyStats(Record):
    """The seed's ``latency_stats``: end-to-end delay over the received phrases."""

    min_ms: float | None
    max_ms: float | None
    avg_ms: float | None
    count: NonNegativeInt


class ResultFormat(Record):
    """Name and version of the result format; a reader refuses a newer version."""

    name: Literal["eloquence-result"] = RESULT_FORMAT
    version: Literal[1] = RESULT_FORMAT_VERSION
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


class ScenarioResult(Record):
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
    delay: DelayFigures
    rtp: RtpFigures
    """Counts of all speakers together; jitter, round-trip time and fraction lost are the worst ones."""
    tester: PacingFigures
    """The worst value of any speaker, and all the frames left out."""
    speakers: tuple[SpeakerFigures, ...]
    details: dict[str, JsonValue] = {}
    """What a test of the user's own returned."""
    attempts: tuple[Attempt, ...]
    phrases: tuple[PhraseObservation, ...]
    events: tuple[ConnectionEvent, ...]

    def to_json(self) -> str:
        """Return the text of ``results.json``."""
        return self.model_dump_json(indent=2, by_alias=True) + "\n"

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON schema of ``results.json``, as published in ``docs/results.schema.json``."""
        return cls.model_json_schema(by_alias=True, mode="serialization")


class SuiteResult(Record):
    """The results of several scenarios; as good as its worst part."""

    tests: dict[str, ScenarioResult]
    """By the name of the scenario, in the order in which they ran."""
    errors: dict[str, str] = {}
    """Why a scenario could not be carried out, by its name."""

    @property
    def status(self) -> VerdictStatus:
        """The worst status among the tests; a test that could not be carried out is not valid."""
        statuses = {result.verdict.status for result in self.tests.values()}
        if self.errors or VerdictStatus.INVALID in statuses:
            return VerdictStatus.INVALID
        return VerdictStatus.FAILED if VerdictStatus.FAILED in statuses else VerdictStatus.PASSED

    def to_json(self) -> str:
        """Return the text that ``--all --output`` writes."""
        return self.model_dump_json(indent=2, by_alias=True) + "\n"


# ---------------------------------------------------------------------------- evidence


class Manifest(Record):
    """The list of a run's files; it is written last, so a run with a manifest is whole."""

    format: Literal["eloquence-manifest"] = MANIFEST_FORMAT
    version: Literal[1] = MANIFEST_FORMAT_VERSION
    run_id: str
    key_prefix: str
    created_at: datetime
    files: tuple[FileReference, ...]


class ArchiveState(StrEnum):
    """Where the evidence of a run lies."""

    UPLOADED = "uploaded"
    LOCAL_ONLY = "local_only"


class Archive(Record):
    """Where the evidence of a run is, after archiving."""

    state: ArchiveState
    folder: Path
    uri: str = ""
    """``s3://bucket/prefix`` when uploaded."""
    problem: str = ""
    """Why it was not uploaded, and what to do."""


# ---------------------------------------------------------------------------- outcomes


class ScenarioOutcome(Record):
    """What a scenario flow returns: the result and where its evidence is."""

    result: ScenarioResult
    archive: Archive


class SuiteOutcome(Record):
    """What a suite returns: an outcome or an error for each scenario."""

    outcomes: tuple[ScenarioOutcome, ...]
    errors: dict[str, str]

    @property
    def result(self) -> SuiteResult:
        """The combined result, as ``--all --output`` writes it."""
        return SuiteResult(
            tests={outcome.result.run.scenario: outcome.result for outcome in self.outcomes},
            errors=self.errors,
        )
