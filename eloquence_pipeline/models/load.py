"""Many calls at once: what a load cell is to do, what it did, and what became of the whole."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Ratio, Record, ResultDocument
from eloquence_pipeline.models.delay import Drift, Histogram, PhraseObservation, Statistics
from eloquence_pipeline.models.evidence import Archive
from eloquence_pipeline.models.result import RunInfo, SpeakerFigures
from eloquence_pipeline.models.rtp import RtpFigures
from eloquence_pipeline.models.speech import SpeechScript
from eloquence_pipeline.models.verdict import Verdict, VerdictStatus

JOIN_EVERY_SECONDS = 0.15
"""Between one session's joining and the next, if nothing is said: each costs some processor time."""
LOAD_FORMAT, CAPACITY_FORMAT = "eloquence-load", "eloquence-capacity"


class LoadWish(Record):
    """What a load is to be."""

    sessions: PositiveInt
    """Measured ones."""
    background: NonNegativeInt = 0
    """Sessions that only make load."""
    duration_seconds: PositiveInt
    """How long all speak."""
    ramp_up_seconds: NonNegativeInt = 0
    """Within which they join; 0 leaves that to their number."""

    @property
    def joining_seconds(self) -> float:
        """How long it takes until the last one joins."""
        return float(self.ramp_up_seconds) or JOIN_EVERY_SECONDS * (self.sessions + self.background)


class SessionPlan(Record):
    """One coaching session: a room, a speaker, a listener."""

    number: PositiveInt
    """Counts the sessions of all cells."""
    room: str
    script: SpeechScript
    is_measured: bool = True
    """A session of the background only makes load: nothing of it is recorded."""
    joins_after_seconds: NonNegativeFloat = 0.0
    """From the moment the cell is told to begin."""
    speaks_after_ms: NonNegativeFloat = 0.0
    """From the common start: within a packet's 20 ms, so that not all are encoded in the same instant."""

    @property
    def name(self) -> str:
        """Under which it stands in results, and of its folder."""
        return f"session-{self.number:03d}"


class CellPlan(Record):
    """What one process is to carry; holds no secret, so another machine may be told the same."""

    number: PositiveInt
    livekit_url: str
    folder: Path
    """Below it each measured session has a folder of its name."""
    sessions: Annotated[tuple[SessionPlan, ...], Field(min_length=1)]
    thresholds: dict[str, float]
    """By which pacing is judged, under the names of the settings."""
    is_plain: bool = False
    """Whether the SDK is used in its public way alone."""


class NotMeasured(Record):
    """A session that was to be measured and was not."""

    session: PositiveInt
    cell: PositiveInt
    reason: str


class CellFigures(Record):
    """What a process that carried sessions took, and whether it kept its pace, while it spoke."""

    cell: PositiveInt
    sessions: NonNegativeInt
    """That it carried to the end, those of the background included."""
    uses_shortcut: bool
    """Whether frames went past the event queue of the SDK (docs/adr/0017-load.md)."""
    duration_seconds: NonNegativeFloat
    cpu_ratio: NonNegativeFloat
    """Of one core; 1.5 is one and a half."""
    cpu_per_session_ratio: NonNegativeFloat
    memory_bytes: NonNegativeInt
    """Resident, the most there was."""
    memory_before_bytes: NonNegativeInt
    """Resident, before the first session joined."""
    memory_growth_bytes_per_minute: float | None = None
    """Theil-Sen slope; None for less than a minute."""
    pacing_lateness_ms: Statistics
    """Of every frame of every measured session."""
    event_loop_lag_p99_ms: NonNegativeFloat
    frames_skipped: NonNegativeInt
    start_late_ms: float
    """How long after the agreed start the last of its measured sessions began to speak."""


class SessionFigures(Record):
    """One measured session."""

    session: PositiveInt
    cell: PositiveInt
    room: str
    figures: SpeakerFigures
    one_way_delay_ms: tuple[float | None, ...]
    """Of each phrase in the order in which they were said; ``None`` where it was not received."""
    drift: Drift | None = None
    """How its delay moved over the run."""
    reconnections: NonNegativeInt = 0
    failure: str = ""
    """Why it ended early, empty if it did not."""
    frames_late_ratio: Ratio
    """Of its frames: left out, or handed over later than `pacing_lateness_max_ms`."""
    is_valid: bool
    """Whether its figures say something about server and network: the tester kept its pace."""


class MeasuredSession(Record):
    """One session as its cell hands it over."""

    figures: SessionFigures
    phrases: tuple[PhraseObservation, ...]


class CellResult(Record):
    """What a cell hands over: raw figures, to be merged with those of others."""

    cell: PositiveInt
    sessions: tuple[MeasuredSession, ...] = ()
    not_measured: tuple[NotMeasured, ...] = ()
    background_carried: NonNegativeInt = 0
    """Sessions of the background that went on to the end."""
    figures: CellFigures | None = None
    """None if the cell died."""


class HostFigures(Record):
    """The machine of the tester while there was load; every second a sample."""

    cores: PositiveInt
    busy_ratio_avg: Ratio
    """Of all cores."""
    busy_ratio_p95: Ratio
    memory_used_ratio: Ratio


class ServerFigures(Record):
    """What the LiveKit server says of itself while there was load (its Prometheus endpoint)."""

    cores: PositiveInt
    """That it may use at once (GOMAXPROCS)."""
    cpu_ratio: NonNegativeFloat
    """Of one core."""
    memory_bytes: NonNegativeInt
    packets_in: NonNegativeInt
    packets_out: NonNegativeInt
    packets_dropped: NonNegativeInt
    """By the queues of its machine's interfaces."""
    forwarded_late_ratio: Ratio | None = None
    """Of the packets that it passed on: how many it kept for longer than 20 ms. None if it does not say."""
    forwarded_within_ms: NonNegativeFloat | None = None
    """Upper bound of the 99th percentile of that time, a bound of its histogram; None beyond 20 ms."""
    answer_max_ms: NonNegativeFloat
    """How long it took at most to answer a question of its state, one a second."""
    is_on_this_machine: bool


class LimitSide(StrEnum):
    """Who gave up."""

    NONE = "none"
    TESTER = "tester"
    SERVER = "server"
    NETWORK = "network"
    SERVER_OR_NETWORK = "server_or_network"
    """The tester kept its pace, and nothing is known of the server."""


class LoadLimit(Record):
    """What gave way first, and on whose side."""

    side: LimitSide
    figure: str = ""
    """Name of the figure that was furthest beyond its bound."""
    value: float | None = None
    bound: float | None = None
    reasons: tuple[str, ...] = ()


class LoadInterval(Record):
    """One interval of a load, over the phrases of all valid sessions that begin in it."""

    start_seconds: NonNegativeFloat
    """From the beginning of each session's speech."""
    end_seconds: NonNegativeFloat
    phrases_sent: NonNegativeInt
    phrases_received: NonNegativeInt
    one_way_delay_median_ms: float | None
    """None where none was received, as the others."""
    one_way_delay_p95_ms: float | None
    jitter_buffer_median_ms: float | None


class LoadFigures(Record):
    """Of all valid sessions together, from the raw figures of each."""

    phrases_sent: NonNegativeInt
    phrases_received: NonNegativeInt
    end_to_end_ms: Statistics
    one_way_delay_ms: Statistics
    one_way_delay_histogram: Histogram | None
    jitter_buffer_ms: Statistics
    rtp: RtpFigures
    """Counts of all sessions together; jitter and round-trip time are the worst ones."""
    drift: Drift | None = None
    """Of the delay: all phrases, each against the median of its session."""
    course: tuple[LoadInterval, ...] = ()
    """In the order of time; empty in older results."""


class LoadFormat(Record):
    """Name and version of the format."""

    name: Literal["eloquence-load"] = LOAD_FORMAT
    version: Literal[1] = 1
    method_version: PositiveInt


class LoadResult(ResultDocument):
    """The result of ``--test load``, as it is written to its ``results.json``."""

    format: LoadFormat
    run: RunInfo
    verdict: Verdict
    thresholds: dict[str, float]
    sessions_planned: PositiveInt
    sessions_measured: NonNegativeInt
    """To the end, with a tester that kept its pace."""
    sessions_invalid: NonNegativeInt
    """Whose tester did not keep its pace: nothing is said about them."""
    sessions_not_measured: NonNegativeInt
    background_planned: NonNegativeInt
    background_carried: NonNegativeInt
    limit: LoadLimit
    figures: LoadFigures
    sessions: tuple[SessionFigures, ...]
    not_measured: tuple[NotMeasured, ...]
    cells: tuple[CellFigures, ...]
    host: HostFigures
    server: ServerFigures | None = None
    """None if it does not say."""
    start_spread_ms: NonNegativeFloat
    """Between the first and the last session's beginning to speak, beside what was planned."""

    @property
    def status(self) -> VerdictStatus:
        """That of the verdict; loads are not compared with the nights before."""
        return self.verdict.status


class LoadOutcome(Record):
    """What ``--test load`` returns: the result and where its evidence is."""

    result: LoadResult
    archive: Archive


class CapacityStep(Record):
    """One number of sessions that was tried."""

    sessions: PositiveInt
    status: VerdictStatus
    limit: LoadLimit
    sessions_measured: NonNegativeInt
    one_way_delay_ms: Statistics
    packet_loss_ratio: Ratio | None
    concealed_ratio: Ratio | None
    pacing_lateness_p99_ms: NonNegativeFloat
    host_busy_ratio: Ratio
    server_cpu_ratio: float | None
    evidence: str
    """Where the recordings of this step are."""


class CapacityFormat(Record):
    """Name and version of the format."""

    name: Literal["eloquence-capacity"] = CAPACITY_FORMAT
    version: Literal[1] = 1
    method_version: PositiveInt


class CapacityResult(ResultDocument):
    """The result of ``--test capacity``, as it is written to its ``results.json``."""

    format: CapacityFormat
    run: RunInfo
    verdict: Verdict
    steps: tuple[CapacityStep, ...]
    """In the order in which they were tried."""
    most_that_held: NonNegativeInt
    """0 if not even one session did."""
    fewest_that_did_not: NonNegativeInt
    """0 if all that were tried held."""
    limit: LoadLimit
    """What gave way first at that number."""
    thresholds: dict[str, float] = Field(default_factory=dict)
    """By which each number was judged; empty in older results."""

    @property
    def status(self) -> VerdictStatus:
        """That of the verdict; loads are not compared with the nights before."""
        return self.verdict.status


class CapacityOutcome(Record):
    """What ``--test capacity`` returns: the result and where it is."""

    result: CapacityResult
    archive: Archive
