"""Measure the sessions that a cell has carried: the same measurement as of any other call."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND
from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.files import write_bytes
from eloquence_pipeline.load.cell import Cell
from eloquence_pipeline.load.session import Session
from eloquence_pipeline.measurement.pacing import is_paced, late_frames
from eloquence_pipeline.measurement.speaker import MeasuredSpeaker, measure_speaker
from eloquence_pipeline.measurement.statistics import drift_of_phrases, slope_of, summarise_array
from eloquence_pipeline.models import Channel, Transmission
from eloquence_pipeline.models.load import (
    CellFigures,
    CellResult,
    MeasuredSession,
    NotMeasured,
    SessionFigures,
)
from eloquence_pipeline.settings import ThresholdSettings

TRANSMISSION_FILE = "transmission.json"
_RECONNECTED = "reconnected"

Float64Array = npt.NDArray[np.float64]


class _Pacing:
    """The times of all measured sessions of a cell, as they were taken."""

    def __init__(self) -> None:
        self.lateness_ms: list[Float64Array] = []
        self.skipped = 0
        self.start_late_ms: list[float] = []

    def add(self, speaker: MeasuredSpeaker, agreed_ns: float) -> None:
        recorded = speaker.recorded
        handed_over_ns = recorded.sent.timeline.stamps_ns
        passed = handed_over_ns > 0
        self.skipped += int(np.count_nonzero(~passed))
        if passed.any():
            late_ns = handed_over_ns[passed] - recorded.deadline_ns[passed]
            self.lateness_ms.append(late_ns / NANOSECONDS_PER_MILLISECOND)
            first_ns = float(handed_over_ns[passed][0])
            self.start_late_ms.append((first_ns - agreed_ns) / NANOSECONDS_PER_MILLISECOND)


def measure_cell(cell: Cell) -> CellResult:
    """Find the phrases of every session of a cell whose sessions are over.

    One after the other, so that the recordings of one are in memory at a time. A session that cannot be
    measured does not keep the others from it.
    """
    thresholds = ThresholdSettings.model_validate(cell.plan.thresholds)
    measured: list[MeasuredSession] = []
    missing: list[NotMeasured] = []
    pacing = _Pacing()
    for session in cell.sessions:
        if not session.plan.is_measured:
            continue
        try:
            speaker = _measured(session, thresholds)
        except EloquenceError as error:
            reason = session.failure or str(error)
            missing.append(NotMeasured(session=session.plan.number, cell=cell.plan.number, reason=reason))
            continue
        agreed_ns = cell.gate.start_ns + session.plan.speaks_after_ms * NANOSECONDS_PER_MILLISECOND
        pacing.add(speaker, agreed_ns)
        measured.append(_told(session, speaker, cell.plan.number, thresholds))
    background = [one for one in cell.sessions if not one.plan.is_measured and not one.failure]
    return CellResult(
        cell=cell.plan.number,
        sessions=tuple(measured),
        not_measured=tuple(missing),
        background_carried=len(background),
        figures=_figures(cell, pacing, len(measured) + len(background)),
    )


def _measured(session: Session, thresholds: ThresholdSettings) -> MeasuredSpeaker:
    sent = session.sent
    if sent is None or not sent.frame_count:
        raise EloquenceError("it did not begin to speak")
    channel = Channel(
        speaker=session.plan.name, script=session.plan.script, sent=sent, received=session.received
    )
    transmission = Transmission(room=session.plan.room, channels=(channel,), failure=session.failure)
    write_bytes(session.folder / TRANSMISSION_FILE, transmission.model_dump_json(indent=2).encode())
    return measure_speaker(channel, session.folder, thresholds)


def _told(
    session: Session, speaker: MeasuredSpeaker, cell: int, thresholds: ThresholdSettings
) -> MeasuredSession:
    recorded = speaker.recorded
    frames = len(recorded.deadline_ns)
    late = late_frames(recorded.deadline_ns, recorded.sent.timeline.stamps_ns, thresholds)
    # Delay along a phrase is for whoever looks at one: it lies in the evidence, and would be most of this.
    phrases = tuple(phrase.model_copy(update={"windows": None}) for phrase in speaker.phrases)
    return MeasuredSession(
        figures=SessionFigures(
            session=session.plan.number,
            cell=cell,
            room=session.plan.room,
            figures=speaker.figures,
            one_way_delay_ms=tuple(phrase.one_way_delay_ms for phrase in phrases),
            drift=drift_of_phrases([phrases]),
            reconnections=_reconnections(speaker.channel),
            failure=session.failure,
            frames_late_ratio=late / frames if frames else 0.0,
            is_valid=is_paced(speaker.figures.tester, late, frames, thresholds),
        ),
        phrases=phrases,
    )


def _reconnections(channel: Channel) -> int:
    ends = [channel.sent, *([channel.received] if channel.received else [])]
    return sum(event.name == _RECONNECTED for end in ends for event in end.events)


def _figures(cell: Cell, pacing: _Pacing, carried: int) -> CellFigures:
    meter = cell.meter
    lateness = np.concatenate(pacing.lateness_ms) if pacing.lateness_ms else np.zeros(0)
    lag_ns = np.asarray(meter.loop_lag_ns, dtype=np.int64)
    cpu_ratio = meter.cpu_seconds / meter.duration_seconds if meter.duration_seconds else 0.0
    return CellFigures(
        cell=cell.plan.number,
        sessions=carried,
        uses_shortcut=cell.way.is_shortcut,
        duration_seconds=meter.duration_seconds,
        cpu_ratio=cpu_ratio,
        cpu_per_session_ratio=cpu_ratio / carried if carried else 0.0,
        memory_bytes=max(meter.memory_bytes, default=meter.memory_before_bytes),
        memory_before_bytes=meter.memory_before_bytes,
        memory_growth_bytes_per_minute=_growth(meter.minutes, meter.memory_bytes),
        pacing_lateness_ms=summarise_array(lateness),
        event_loop_lag_p99_ms=float(np.percentile(lag_ns, 99)) / NANOSECONDS_PER_MILLISECOND
        if len(lag_ns)
        else 0.0,
        frames_skipped=pacing.skipped,
        start_late_ms=max(pacing.start_late_ms, default=0.0),
    )


def _growth(minutes: Sequence[float], memory_bytes: Sequence[int]) -> float | None:
    if not minutes or minutes[-1] < 1:
        return None
    slope = slope_of(minutes, [float(size) for size in memory_bytes])
    return slope.value if slope else None
