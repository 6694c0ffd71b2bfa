"""What many machines measured, put together."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.clock import KernelClock
from eloquence_pipeline.measurement.clock_bounds import OffsetBounds
from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.measurement.load_machines import Lead, merge_machines
from eloquence_pipeline.models import VerdictStatus
from eloquence_pipeline.models.load import CellResult, LimitSide, LoadWish, MeasuredSession
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
from tests.figures import START

pytestmark = pytest.mark.unit

DELAYS = st.lists(st.one_of(st.none(), st.floats(1, 500)), min_size=1, max_size=8)
UNKNOWN = KernelClock(is_synchronised=None)


def figures(
    cell: int, processes: Sequence[CellResult], *, late_ms: float = 1.0, clock: str = "one", busy: float = 0.3
) -> ShareFigures:
    return ShareFigures(
        format=FiguresFormat(method_version=1),
        cell=cell,
        machine=Machine(name=f"machine-{cell}", cores=2, clock_id=clock, slot="slot"),
        beginning=Beginning(
            began_at=START + timedelta(milliseconds=late_ms),
            late_ms=late_ms,
            correction_ms=0.0,
            kernel_clock=UNKNOWN,
        ),
        host=loads.host(busy),
        processes=tuple(processes),
        evidence="runs/",
    )


def lead(*lost: LostCell, bounds: dict[int, OffsetBounds] | None = None) -> Lead:
    return Lead(clock_id="one", kernel_clock=UNKNOWN, start_at=START, bounds=bounds or {}, lost=lost)


def merged(parts: Sequence[ShareFigures], planned: int, known: Lead | None = None) -> ManyMachinesResult:
    return merge_machines(
        loads.RUN,
        LoadWish(sessions=planned, duration_seconds=8),
        parts,
        known or lead(),
        server=loads.server(),
        thresholds=ThresholdSettings(),
    )


@given(st.lists(DELAYS, min_size=1, max_size=8), st.data())
def test_any_grouping_in_any_order_gives_what_one_machine_would_have_measured(
    delays: list[list[float | None]], data: st.DataObject
) -> None:
    sessions = [loads.session(number, each) for number, each in enumerate(delays, start=1)]
    whole = analyse_load(
        loads.RUN,
        LoadWish(sessions=len(sessions), duration_seconds=8),
        [loads.cell(1, sessions)],
        host=loads.host(),
        server=loads.server(),
        thresholds=ThresholdSettings(),
    )
    parts = _grouped(sessions, data)
    spread = merged(parts, len(sessions))
    assert spread.figures == whole.figures
    assert spread.sessions == whole.sessions
    assert spread.verdict == whole.verdict
    assert spread.limit == whole.limit
    assert merged(list(reversed(parts)), len(sessions)) == spread


def _grouped(sessions: list[MeasuredSession], data: st.DataObject) -> list[ShareFigures]:
    """Share sessions among machines, and among processes of each, at random."""
    places = [data.draw(st.tuples(st.integers(1, 3), st.integers(1, 2))) for _ in sessions]
    parts: list[ShareFigures] = []
    for cell in sorted({machine for machine, _ in places}):
        processes = [
            loads.cell(
                10 * cell + process,
                [one for one, place in zip(sessions, places, strict=True) if place == (cell, process)],
            )
            for process in (1, 2)
        ]
        parts.append(figures(cell, processes))
    random.Random(len(sessions)).shuffle(parts)
    return parts


def test_a_lost_load_cell_leaves_the_rest_as_it_is_and_the_whole_unproven() -> None:
    rest = [figures(1, [loads.cell(1, [loads.session(1, [40.0, 42.0])])])]
    lost = LostCell(cell=2, sessions=(2, 3), reason="its run ended as Crashed")
    result = merged(rest, 3, lead(lost))
    assert (result.sessions_planned, result.sessions_measured, result.sessions_not_measured) == (3, 1, 2)
    assert result.figures == merged(rest, 1).figures
    assert result.verdict.status is VerdictStatus.INVALID
    assert result.verdict.reasons[0].startswith("2 of 3 sessions were not measured (load cell 2: its run")
    # Neither server nor network is blamed for a load cell that died.
    assert result.limit.side is LimitSide.NONE
    assert [one.session for one in result.not_measured] == [2, 3]


def test_what_failed_on_the_rest_has_failed() -> None:
    bad = [figures(1, [loads.cell(1, [loads.session(1, [900.0, 900.0])])])]
    result = merged(bad, 2, lead(LostCell(cell=2, sessions=(2,), reason="it died")))
    assert result.verdict.status is VerdictStatus.FAILED
    assert result.limit.side is LimitSide.NETWORK


def test_the_busiest_machine_says_whether_the_testers_had_room() -> None:
    parts = [
        figures(number, [loads.cell(number, [loads.session(number, [40.0])])], busy=busy)
        for number, busy in enumerate((0.3, 0.99), start=1)
    ]
    assert merged(parts, 2).limit.side is LimitSide.TESTER


def test_the_spread_of_the_starts_is_said_with_what_the_clocks_leave_open() -> None:
    sessions = [loads.cell(number, [loads.session(number, [40.0])]) for number in (1, 2, 3)]
    here = [figures(number, [sessions[number - 1]], late_ms=late) for number, late in ((1, 0.5), (2, 3.0))]
    away = figures(3, [sessions[2]], late_ms=10.0, clock="another")
    together = merged(here, 2)
    assert together.cells_spread_ms == pytest.approx(2.5)
    assert together.clocks_error_ms == 0.0
    known = lead(bounds={3: OffsetBounds(-200.0, 300.0)})
    apart = merged([*here, away], 3, known)
    assert apart.cells_spread_ms == pytest.approx(9.5)
    assert apart.clocks_error_ms == 300.0
    assert merged([*here, away], 3).clocks_error_ms is None
