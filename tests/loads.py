"""Sessions of a load with figures of known truth, without any call."""

from __future__ import annotations

from typing import Any

from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import (
    InboundRtp,
    PacingFigures,
    RtpFigures,
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
from tests.figures import START, phrase, speaker_figures
from tests.simulated import run_info

RUN = run_info().model_copy(update={"run_id": "load", "scenario": "load", "started_at": START})


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
    figures = speaker_figures(name, phrases, streams or rtp(), tester)
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
