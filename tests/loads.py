"""Sessions of a load with figures of known truth, without any call."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import (
    InboundRtp,
    LossLevel,
    LossLevels,
    PacingFigures,
    PhraseObservation,
    RtpFigures,
    RunInfo,
    SpeakerFigures,
)
from eloquence_pipeline.models.load import (
    CellFigures,
    CellResult,
    HostFigures,
    MeasuredSession,
    NotMeasured,
    ServerFigures,
    SessionFigures,
)

START = datetime(2026, 11, 23, tzinfo=UTC)
RUN = RunInfo(
    run_id="load",
    scenario="load",
    started_at=START,
    target="embedded",
    livekit_url="ws://127.0.0.1:1",
    room="room",
    seed=1,
    parameters={},
    clock_id="test",
    versions={},
)

_NONE = LossLevel(lost=0, total=0, ratio=None, low=None, high=None)
NO_LOSS = LossLevels(phrases=_NONE, rtp=_NONE, concealed=_NONE, audio=_NONE, audio_undecided_samples=0)


def pacing(p99_ms: float = 0.5, max_ms: float = 2.0, *, overloaded: bool = False) -> PacingFigures:
    return PacingFigures(
        pacing_lateness_p99_ms=p99_ms,
        pacing_lateness_max_ms=max_ms,
        event_loop_lag_p99_ms=0.5,
        arrival_jitter_p99_ms=1.0,
        frames_skipped=0,
        overloaded=overloaded,
    )


def rtp(received: int = 1000, lost: int = 0) -> RtpFigures:
    inbound = InboundRtp(
        packets_received=received,
        packets_lost=lost,
        bytes_received=80 * received,
        jitter=0.001,
        jitter_buffer_delay=1.0,
        jitter_buffer_emitted_count=48_000,
        total_samples_received=960 * received,
        concealed_samples=960 * lost,
        silent_concealed_samples=0,
        concealment_events=lost,
        inserted_samples_for_deceleration=0,
        removed_samples_for_acceleration=0,
    )
    return RtpFigures(inbound=inbound, packet_loss_ratio=lost / (received + lost))


def phrase(index: int, delay_ms: float | None, at_seconds: float = 1.0, **changes: Any) -> PhraseObservation:
    values: dict[str, Any] = {
        "index": index,
        "speaker": "session-001",
        "text": "bonjour",
        "category": "greetings",
        "received": delay_ms is not None,
        "sent_at": START,
        "position_in_sent_seconds": at_seconds,
        "sample_count": 48_000,
        "duration_seconds": 1.0,
        "generation_ms": 10.0,
        "clip_from_cache": False,
        "send_ms": 0.1,
        "one_way_delay_ms": delay_ms,
        "end_to_end_ms": None if delay_ms is None else delay_ms + 10.0,
        "correlation_peak": 0.9,
        "peak_to_sidelobe_ratio": 3.0,
    }
    return PhraseObservation(**{**values, **changes})


def session(
    number: int,
    delays_ms: list[float | None],
    *,
    tester: PacingFigures | None = None,
    streams: RtpFigures | None = None,
    failure: str = "",
) -> MeasuredSession:
    name = f"session-{number:03d}"
    phrases = tuple(
        phrase(place, delay_ms, at_seconds=2.0 * place, speaker=name)
        for place, delay_ms in enumerate(delays_ms, start=1)
    )
    received = sum(one.received for one in phrases)
    figures = SpeakerFigures(
        speaker=name,
        packets_sent=len(phrases),
        packets_received=received,
        packet_loss_rate=1 - received / len(phrases) if phrases else 0.0,
        end_to_end_ms=summarise(one.end_to_end_ms for one in phrases),
        one_way_delay_ms=summarise(one.one_way_delay_ms for one in phrases),
        rtp=streams or rtp(),
        loss=NO_LOSS,
        tester=tester or pacing(),
    )
    return MeasuredSession(
        figures=SessionFigures(
            session=number,
            cell=1,
            room="room",
            figures=figures,
            one_way_delay_ms=tuple(delays_ms),
            failure=failure,
            frames_late_ratio=0.0,
            is_valid=not figures.tester.overloaded,
        ),
        phrases=phrases,
    )


def cell(
    number: int,
    sessions: list[MeasuredSession],
    *,
    not_measured: tuple[NotMeasured, ...] = (),
    is_dead: bool = False,
) -> CellResult:
    figures = CellFigures(
        cell=number,
        sessions=len(sessions),
        uses_shortcut=True,
        duration_seconds=10.0,
        cpu_ratio=0.5,
        cpu_per_session_ratio=0.1,
        memory_bytes=100_000_000,
        memory_before_bytes=75_000_000,
        pacing_lateness_ms=summarise([0.1, 0.2, 0.3]),
        event_loop_lag_p99_ms=0.5,
        frames_skipped=0,
        start_late_ms=0.4,
    )
    return CellResult(
        cell=number,
        sessions=tuple(sessions),
        not_measured=not_measured,
        figures=None if is_dead else figures,
    )


def host(busy_ratio: float = 0.3) -> HostFigures:
    return HostFigures(cores=2, busy_ratio_avg=busy_ratio, busy_ratio_p95=busy_ratio, memory_used_ratio=0.2)


def server(**changes: Any) -> ServerFigures:
    values: dict[str, Any] = {
        "cores": 2,
        "cpu_ratio": 0.2,
        "memory_bytes": 100_000_000,
        "packets_in": 10_000,
        "packets_out": 10_000,
        "packets_dropped": 0,
        "forwarded_late_ratio": 0.0,
        "forwarded_within_ms": 0.25,
        "answer_max_ms": 5.0,
        "is_on_this_machine": False,
    }
    return ServerFigures(**{**values, **changes})
