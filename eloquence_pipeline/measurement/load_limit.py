"""Who gave up when many calls went on at once: the tester, the server or the network between them.

The tester is looked at first. Whatever a tester that was late, or a machine without processor time to spare,
has measured may be its own doing, and nobody else is blamed for it. Only when both had room is the server
looked at, by what it says of itself; the network is what remains.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eloquence_pipeline.measurement.pacing import MOST_LATE_RATIO
from eloquence_pipeline.models import FigureVerdict
from eloquence_pipeline.models.load import (
    CellFigures,
    HostFigures,
    LimitSide,
    LoadLimit,
    NotMeasured,
    ServerFigures,
    SessionFigures,
)
from eloquence_pipeline.settings import ThresholdSettings

HOST_BUSY_RATIO = 0.95
"""Of all cores, on average: beyond this, threads wait for a core whoever they belong to."""
SERVER_BUSY_RATIO = 0.9
"""Of the cores that the server may use."""
SERVER_DROPPED_RATIO = 0.001
FORWARDED_LATE_RATIO = 0.01
"""Of the packets: the server kept them for longer than 20 ms, the length of one."""
SERVER_ANSWER_MS = 500.0
"""A server that takes longer to say how it is stands still meanwhile."""


@dataclass(frozen=True)
class Witnesses:
    """Everything that says whose doing it was."""

    sessions: Sequence[SessionFigures]
    not_measured: Sequence[NotMeasured]
    cells: Sequence[CellFigures]
    host: HostFigures
    server: ServerFigures | None
    thresholds: ThresholdSettings


@dataclass(frozen=True)
class _Exceeded:
    figure: str
    value: float
    bound: float
    reason: str

    @property
    def times(self) -> float:
        """How many times its bound it is."""
        return self.value / self.bound if self.bound else float("inf")


def who_gave_up(witnesses: Witnesses, figures: Sequence[FigureVerdict]) -> LoadLimit:
    """Return which figure was furthest beyond its bound, and on whose side.

    Parameters
    ----------
    witnesses
        What was measured of sessions, tester, machine and server.
    figures
        Verdicts over the valid sessions.
    """
    missed = [_Exceeded(one.figure, one.value or 0.0, one.threshold, "") for one in figures if not one.passed]
    lost = [one for one in witnesses.sessions if one.failure] or list(witnesses.not_measured)
    tester = tester_limits(witnesses)
    if tester:
        return _limit(LimitSide.TESTER, tester)
    if not missed and not lost:
        return LoadLimit(side=LimitSide.NONE)
    if not missed:
        missed = [_Exceeded("sessions_lost", float(len(lost)), 0.0, "")]
    if witnesses.server is None:
        reason = "the tester kept its pace; the server was not asked how it is"
        return _limit(LimitSide.SERVER_OR_NETWORK, missed, reason)
    server = server_limits(witnesses.server)
    if server:
        return _limit(LimitSide.SERVER, missed, *(one.reason for one in server))
    return _limit(LimitSide.NETWORK, missed, "the tester kept its pace, and the server had room")


def _limit(side: LimitSide, exceeded: Sequence[_Exceeded], *reasons: str) -> LoadLimit:
    first = max(exceeded, key=lambda one: one.times)
    told = tuple(one.reason for one in exceeded if one.reason)
    return LoadLimit(
        side=side, figure=first.figure, value=first.value, bound=first.bound, reasons=(*told, *reasons)
    )


def tester_limits(witnesses: Witnesses) -> list[_Exceeded]:
    """Return what says that the tester was at its limit; nothing if it had room."""
    found: list[_Exceeded] = []
    invalid = [one for one in witnesses.sessions if not one.is_valid]
    if invalid:
        found.append(_pacing(invalid, len(witnesses.sessions), witnesses.thresholds))
    busy = witnesses.host.busy_ratio_avg
    if busy > HOST_BUSY_RATIO:
        shared = witnesses.server is not None and witnesses.server.is_on_this_machine
        whose = ", which the server shares," if shared else ""
        found.append(
            _Exceeded(
                "host_busy_ratio",
                busy,
                HOST_BUSY_RATIO,
                f"the tester's machine{whose} was {busy * 100:.0f} % busy",
            )
        )
    dead = [one for one in witnesses.not_measured if "process of cell" in one.reason]
    if dead:
        reason = f"{len(dead)} sessions were in a process of the tester that died: {dead[0].reason}"
        found.append(_Exceeded("cells_died", float(len({one.cell for one in dead})), 0.0, reason))
    return found


def _pacing(invalid: Sequence[SessionFigures], count: int, thresholds: ThresholdSettings) -> _Exceeded:
    bound_ms = thresholds.pacing_lateness_p99_ms
    lateness_ms = max(one.figures.tester.pacing_lateness_p99_ms for one in invalid)
    lag_ms = max(one.figures.tester.event_loop_lag_p99_ms for one in invalid)
    late = max(one.frames_late_ratio for one in invalid)
    exceeded = [
        _Exceeded("pacing_lateness_p99_ms", lateness_ms, bound_ms, f"lateness p99 {lateness_ms:.1f} ms"),
        _Exceeded("event_loop_lag_p99_ms", lag_ms, bound_ms, f"event-loop lag p99 {lag_ms:.1f} ms"),
        _Exceeded(
            "frames_late_ratio",
            late,
            MOST_LATE_RATIO,
            f"{late * 100:.2f} % of the frames came too late",
        ),
    ]
    worst = max(exceeded, key=lambda one: one.times)
    reason = f"the tester could not keep the pace of {len(invalid)} of {count} sessions ({worst.reason})"
    return _Exceeded(worst.figure, worst.value, worst.bound, reason)


def server_limits(server: ServerFigures) -> list[_Exceeded]:
    """Return what the server says of itself that tells of its limit; nothing if it had room."""
    found: list[_Exceeded] = []
    busy = server.cpu_ratio / server.cores
    if busy > SERVER_BUSY_RATIO:
        reason = f"the server used {busy * 100:.0f} % of its {server.cores} cores"
        found.append(_Exceeded("server_cpu_ratio", busy, SERVER_BUSY_RATIO, reason))
    late = server.forwarded_late_ratio
    if late is not None and late > FORWARDED_LATE_RATIO:
        reason = f"the server kept {late * 100:.1f} % of the packets for longer than 20 ms"
        found.append(_Exceeded("forwarded_late_ratio", late, FORWARDED_LATE_RATIO, reason))
    dropped = server.packets_dropped / max(1, server.packets_in)
    if dropped > SERVER_DROPPED_RATIO:
        reason = f"the server's machine dropped {server.packets_dropped} packets"
        found.append(_Exceeded("packets_dropped_ratio", dropped, SERVER_DROPPED_RATIO, reason))
    if server.answer_max_ms > SERVER_ANSWER_MS:
        reason = f"the server took {server.answer_max_ms:.0f} ms to say how it is"
        found.append(_Exceeded("server_answer_max_ms", server.answer_max_ms, SERVER_ANSWER_MS, reason))
    return found
