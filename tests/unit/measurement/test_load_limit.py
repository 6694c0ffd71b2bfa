from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.models import VerdictStatus
from eloquence_pipeline.models.load import (
    CellResult,
    LimitSide,
    LoadResult,
    LoadWish,
    NotMeasured,
    ServerFigures,
)
from eloquence_pipeline.settings import ThresholdSettings
from tests import figures, loads

pytestmark = pytest.mark.unit

LATE: list[float | None] = [45.0, 45.0, 900.0, 45.0, 45.0]
GOOD: list[float | None] = [45.0] * 5


def result(
    cells: list[CellResult], *, busy: float = 0.3, server: ServerFigures | None = None, planned: int = 2
) -> LoadResult:
    return analyse_load(
        loads.RUN,
        LoadWish(sessions=planned, duration_seconds=10),
        cells,
        host=loads.host(busy),
        server=server,
        thresholds=ThresholdSettings(),
    )


def two(second: list[float | None], **changes: Any) -> list[CellResult]:
    return [loads.cell(1, [loads.session(1, GOOD), loads.session(2, second, **changes)])]


def test_nobody_gave_up_when_all_is_well() -> None:
    told = result(two(GOOD), server=loads.server())
    assert (told.limit.side, told.verdict.status) == (LimitSide.NONE, VerdictStatus.PASSED)
    assert (told.sessions_measured, told.sessions_invalid, told.sessions_not_measured) == (2, 0, 0)


def test_a_session_that_the_tester_could_not_pace_is_invalid_and_its_delay_is_nobodys() -> None:
    late = figures.pacing(p99_ms=40.0, max_ms=90.0, overloaded=True)
    told = result(two(LATE, tester=late), server=loads.server(cpu_ratio=1.99))
    assert (told.limit.side, told.verdict.status) == (LimitSide.TESTER, VerdictStatus.INVALID)
    assert told.limit.figure == "pacing_lateness_p99_ms"
    assert (told.sessions_measured, told.sessions_invalid) == (1, 1)
    assert told.figures.one_way_delay_ms.max == 45.0
    assert all(figure.passed for figure in told.verdict.figures)


def test_a_machine_without_time_to_spare_is_the_testers_limit_though_the_frames_went_out_in_time() -> None:
    told = result(two(LATE), busy=0.99, server=loads.server(cpu_ratio=1.9, is_on_this_machine=True))
    assert (told.limit.side, told.verdict.status) == (LimitSide.TESTER, VerdictStatus.INVALID)
    assert "which the server shares" in told.limit.reasons[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"cpu_ratio": 1.9},
        {"forwarded_late_ratio": 0.05},
        {"answer_max_ms": 900.0},
        {"packets_dropped": 500},
    ],
)
def test_a_server_without_room_is_named_when_the_tester_had_some(changes: dict[str, Any]) -> None:
    told = result(two(LATE), server=loads.server(**changes))
    assert (told.limit.side, told.verdict.status) == (LimitSide.SERVER, VerdictStatus.FAILED)
    assert told.limit.figure == "latency_max_ms"
    assert "the server" in told.limit.reasons[0]


def test_what_neither_tester_nor_server_did_was_the_network() -> None:
    told = result(two(GOOD, streams=loads.rtp(received=900, lost=100)), server=loads.server())
    assert (told.limit.side, told.limit.figure) == (LimitSide.NETWORK, "rtp_packet_loss_ratio")
    assert told.verdict.status is VerdictStatus.FAILED


def test_a_server_that_says_nothing_is_not_blamed_alone() -> None:
    assert result(two(LATE), server=None).limit.side is LimitSide.SERVER_OR_NETWORK


def test_a_cell_that_died_is_the_tester_and_the_other_sessions_stand() -> None:
    missing = NotMeasured(session=2, cell=2, reason="the process of cell 2 has ended by itself (signal 9)")
    cells = [
        loads.cell(1, [loads.session(1, GOOD)]),
        loads.cell(2, [], not_measured=(missing,), is_dead=True),
    ]
    told = result(cells, server=loads.server())
    assert (told.limit.side, told.verdict.status) == (LimitSide.TESTER, VerdictStatus.INVALID)
    assert (told.sessions_measured, told.sessions_not_measured) == (1, 1)
    assert told.figures.phrases_received == 5


def test_a_session_that_broke_off_fails_the_whole() -> None:
    told = result(two(GOOD, failure="the subscriber was disconnected"), server=loads.server())
    assert told.verdict.status is VerdictStatus.FAILED
    assert told.limit.side is LimitSide.NETWORK


@given(
    p99_ms=st.floats(0, 200),
    busy=st.floats(0, 1),
    cpu=st.floats(0, 2),
    delay_ms=st.floats(1, 2000),
)
def test_a_limit_of_the_tester_is_never_one_of_the_server(
    p99_ms: float, busy: float, cpu: float, delay_ms: float
) -> None:
    overloaded = p99_ms > 5
    tester = figures.pacing(p99_ms=p99_ms, max_ms=p99_ms, overloaded=overloaded)
    told = result(
        [loads.cell(1, [loads.session(1, [delay_ms], tester=tester)])],
        busy=busy,
        server=loads.server(cpu_ratio=cpu),
        planned=1,
    )
    if overloaded or busy > 0.95:
        assert told.limit.side is LimitSide.TESTER
        assert told.verdict.status is VerdictStatus.INVALID
    else:
        assert told.limit.side is not LimitSide.TESTER
