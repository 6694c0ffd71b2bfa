"""Results of loads of every kind, for their reports."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from eloquence_pipeline.clock import KernelClock
from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.measurement.load_machines import Lead, merge_machines
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import RunInfo, Statistics, Verdict, VerdictStatus
from eloquence_pipeline.models.load import (
    CapacityFormat,
    CapacityResult,
    CapacityStep,
    CellResult,
    LimitSide,
    LoadLimit,
    LoadResult,
    LoadWish,
    MeasuredSession,
    NotMeasured,
    ServerFigures,
)
from eloquence_pipeline.models.load_cells import (
    Beginning,
    FiguresFormat,
    LostCell,
    Machine,
    ManyMachinesResult,
    ShareFigures,
)
from eloquence_pipeline.settings import ThresholdSettings
from tests import loads
from tests.figures import START, pacing

RUN_ID = "20261123T060403Z-8cfe42"
PHRASES = 60
"""Of a session, one every two seconds."""
_PASSED = LoadLimit(side=LimitSide.NONE)


def run_info(scenario: str = "load", **changes: Any) -> RunInfo:
    """Return what identifies a load that was asked for on the command line."""
    values: dict[str, Any] = {
        "run_id": RUN_ID,
        "scenario": scenario,
        "parameters": {
            "sessions": 16,
            "background": 4,
            "duration_seconds": 120,
            "ramp_up_seconds": 0,
            "categories": ["greetings", "coaching"],
        },
        "versions": {"python": "3.11.7", "livekit": "1.2.1"},
        "host": {"system": "Linux", "processor": "2 × x86_64"},
    }
    return loads.RUN.model_copy(update=values | changes)


def spoken(number: int, base_ms: float = 46.0, *, lost: int = 0, **changes: Any) -> MeasuredSession:
    """Return a session with delays around a base that grows a little, and some phrases lost."""
    chance = random.Random(number)
    delays: list[float | None] = [base_ms + place / 20 + chance.gauss(0, 2) for place in range(PHRASES)]
    for place in chance.sample(range(PHRASES), lost):
        delays[place] = None
    return loads.session(number, delays, streams=loads.rtp(received=6000, lost=20 * lost), **changes)


def _analysed(
    cells: list[CellResult], sessions: int, *, server: ServerFigures | None, busy_ratio: float = 0.6
) -> LoadResult:
    return analyse_load(
        run_info(),
        LoadWish(sessions=sessions, background=4, duration_seconds=120),
        cells,
        host=loads.host(busy_ratio),
        server=server,
        thresholds=ThresholdSettings(),
    )


def good_load() -> LoadResult:
    """Return sixteen sessions in two processes that all went well."""
    sessions = [spoken(number, 44.0 + number / 2) for number in range(1, 17)]
    return _analysed([loads.cell(1, sessions[:8]), loads.cell(2, sessions[8:])], 16, server=loads.server())


def overloaded_server() -> LoadResult:
    """Return sessions of which some came late and lost phrases, by a server that says so itself."""
    sessions = [spoken(number, 80.0 + 20 * number) for number in range(1, 15)]
    sessions += [spoken(15, 640.0), spoken(16, 480.0, lost=9, failure="the room was closed")]
    server = loads.server(cpu_ratio=1.96, forwarded_late_ratio=0.043, packets_dropped=3, answer_max_ms=812.0)
    return _analysed([loads.cell(1, sessions[:8]), loads.cell(2, sessions[8:])], 16, server=server)


def late_tester() -> LoadResult:
    """Return sessions of which some were not paced, and one that could not join."""
    late = pacing(p99_ms=18.4, max_ms=80.0, overloaded=True)
    sessions = [spoken(number) for number in range(1, 6)] + [
        spoken(number, 310.0, tester=late) for number in (6, 7)
    ]
    missing = NotMeasured(session=8, cell=1, reason="no answer → look at the server")
    return _analysed([loads.cell(1, sessions, not_measured=(missing,))], 8, server=None, busy_ratio=0.99)


def unheard_load() -> LoadResult:
    """Return a load of which nobody heard anything, and the server says nothing."""
    return _analysed([loads.cell(1, [loads.session(1, [None, None])], is_dead=True)], 1, server=None)


def silent_load() -> LoadResult:
    """Return a load so short that no phrase was said to its end."""
    return _analysed([loads.cell(1, [loads.session(1, [])])], 1, server=loads.server())


def many_machines() -> ManyMachinesResult:
    """Return a load on three machines, of which one died."""
    shares = [_share(1, [spoken(1), spoken(2)], 0.4), _share(3, [spoken(5, 61.0), spoken(6)], 3.2)]
    unknown = KernelClock(is_synchronised=None)
    lost = LostCell(cell=2, sessions=(3, 4), reason="Crashed: the worker died")
    return merge_machines(
        run_info(parameters=run_info().parameters | {"cells": 3, "sessions": 6, "pool": "load"}),
        LoadWish(sessions=6, duration_seconds=120),
        shares,
        Lead(clock_id="one", kernel_clock=unknown, start_at=START, bounds={}, lost=[lost]),
        server=loads.server(),
        thresholds=ThresholdSettings(),
    )


def _share(cell: int, sessions: list[MeasuredSession], late_ms: float) -> ShareFigures:
    kernel_clock = KernelClock(is_synchronised=True, max_error_ms=4.0)
    return ShareFigures(
        format=FiguresFormat(method_version=1),
        cell=cell,
        machine=Machine(name=f"voice-{cell}", cores=2, clock_id=f"clock-{cell}", slot="slot"),
        beginning=Beginning(
            began_at=START + timedelta(milliseconds=late_ms),
            late_ms=late_ms,
            correction_ms=12.0 * (cell - 1),
            kernel_clock=kernel_clock,
        ),
        host=loads.host(0.5),
        processes=(loads.cell(cell, sessions),),
        evidence=f"runs/2026-11-23/load-cell/20261123T060403Z-00000{cell}/",
    )


def step(sessions: int, delay_ms: float, limit: LoadLimit = _PASSED, **changes: Any) -> CapacityStep:
    """Return one number of sessions that was tried."""
    status = {LimitSide.NONE: VerdictStatus.PASSED, LimitSide.TESTER: VerdictStatus.INVALID}
    values: dict[str, Any] = {
        "sessions": sessions,
        "status": status.get(limit.side, VerdictStatus.FAILED),
        "limit": limit,
        "sessions_measured": sessions,
        "one_way_delay_ms": summarise([delay_ms, 1.1 * delay_ms, 1.3 * delay_ms]),
        "packet_loss_ratio": 0.0,
        "concealed_ratio": 0.0004 * sessions,
        "pacing_lateness_p99_ms": 0.3 * sessions,
        "host_busy_ratio": min(1.0, 0.1 + 0.05 * sessions),
        "server_cpu_ratio": 0.012 * sessions,
        "evidence": f"s3://eloquence/runs/2026-11-23/load/20261123T0604{sessions:02d}Z-8cfe42/",
    }
    return CapacityStep(**{**values, **changes})


def capacity(
    steps: list[CapacityStep], limit: LoadLimit, held: int, missed: int, status: VerdictStatus
) -> CapacityResult:
    """Return a search for the limit that ended so."""
    parameters = {"sessions": 32, "duration_seconds": 20, "categories": ["coaching"]}
    return CapacityResult(
        format=CapacityFormat(method_version=1),
        run=run_info("capacity", parameters=parameters),
        verdict=Verdict(status=status, figures=(), reasons=limit.reasons),
        steps=tuple(steps),
        most_that_held=held,
        fewest_that_did_not=missed,
        limit=limit,
        thresholds=ThresholdSettings().model_dump(),
    )


def found_limit() -> CapacityResult:
    """Return a search that found the limit of the server."""
    server = LoadLimit(
        side=LimitSide.SERVER,
        figure="latency_max_ms",
        value=812.0,
        bound=500.0,
        reasons=("the server used 97 % of its 2 cores",),
    )
    steps = [step(number, 44.0 + number) for number in (1, 2, 4, 8)]
    steps += [step(16, 640.0, server, packet_loss_ratio=0.08), step(12, 58.0), step(14, 420.0, server)]
    steps += [step(13, 71.0)]
    return capacity(steps, server, 13, 14, VerdictStatus.PASSED)


def limit_of_the_tester() -> CapacityResult:
    """Return a search in which the tester gave way twice, and once nobody could join."""
    tester = LoadLimit(
        side=LimitSide.TESTER, figure="host_busy_ratio", value=0.98, bound=0.95, reasons=("98 % busy",)
    )
    refused = LoadLimit(
        side=LimitSide.SERVER_OR_NETWORK, figure="sessions_lost", value=4.0, bound=0.0, reasons=("no answer",)
    )
    nobody = step(
        4,
        40.0,
        refused,
        sessions_measured=0,
        one_way_delay_ms=Statistics(count=0),
        packet_loss_ratio=None,
        concealed_ratio=None,
        pacing_lateness_p99_ms=0.0,
        host_busy_ratio=0.0,
        server_cpu_ratio=None,
        evidence="",
    )
    steps = [step(1, 45.0), step(2, 47.0), nobody]
    steps += [step(3, 88.0, tester, host_busy_ratio=0.98), step(3, 95.0, tester, host_busy_ratio=0.99)]
    return capacity(steps, tester, 2, 3, VerdictStatus.INVALID)


def no_limit() -> CapacityResult:
    """Return a search in which everything held."""
    return capacity([step(1, 45.0), step(2, 46.0)], _PASSED, 2, 0, VerdictStatus.PASSED)


def not_even_one() -> CapacityResult:
    """Return a search in which not even one session went well."""
    network = LoadLimit(side=LimitSide.NETWORK, figure="rtp_packet_loss_ratio", value=0.2, bound=0.05)
    return capacity([step(1, 45.0, network, packet_loss_ratio=0.2)], network, 0, 1, VerdictStatus.FAILED)


def load_with_texts(text: str) -> ManyMachinesResult:
    """Return a load in which every text that somebody has written is another one."""
    result = many_machines()
    document = result.model_dump(mode="json")
    document["run"] |= {
        "run_id": text,
        "scenario": text,
        "target": text,
        "room": text,
        "livekit_url": text,
        "clock_id": text,
        "versions": {text: text},
        "host": {text: text},
        "parameters": {"sessions": 6, "pool": text, "categories": [text]},
    }
    document["limit"] = {"side": "tester", "figure": text, "value": 1.0, "bound": 0.5, "reasons": [text]}
    document["verdict"] |= {"status": "invalid", "reasons": [f"invalid: {text}"]}
    document["not_measured"] = [{"session": 9, "cell": 1, "reason": text}]
    for session in document["sessions"]:
        session |= {"room": text, "failure": text}
        session["figures"]["speaker"] = text
    for figure in document["verdict"]["figures"]:
        figure |= {"passed": False, "speaker": text}
    for one in document["lost_cells"]:
        one["reason"] = text
    for one in document["machines"]:
        one["evidence"] = text
        one["machine"] |= {"name": text, "clock_id": text, "slot": text}
    return ManyMachinesResult.model_validate(document)


def capacity_with_texts(text: str) -> CapacityResult:
    """Return a search in which every text that somebody has written is another one."""
    document = found_limit().model_dump(mode="json")
    document["run"] |= {"run_id": text, "target": text, "room": text, "versions": {text: text}}
    limit = {"side": "server", "figure": text, "value": 1.0, "bound": 0.5, "reasons": [text]}
    document |= {"limit": limit, "verdict": {"status": "passed", "figures": [], "reasons": [text]}}
    for one in document["steps"]:
        one |= {"limit": limit, "status": "failed", "evidence": text}
    return CapacityResult.model_validate(document)
