"""Many sessions at once, in words."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.models import Archive, ArchiveState, Verdict, VerdictStatus
from eloquence_pipeline.models.load import (
    CapacityFormat,
    CapacityResult,
    CapacityStep,
    CellResult,
    LimitSide,
    LoadLimit,
    LoadResult,
    LoadWish,
    NotMeasured,
)
from eloquence_pipeline.reporting.capacity import capacity_sentence, print_capacity
from eloquence_pipeline.reporting.load import (
    load_sentence,
    print_load,
    resource_lines,
    session_row,
    worst_first,
)
from eloquence_pipeline.settings import ThresholdSettings
from tests import figures, loads

pytestmark = pytest.mark.unit


def result(cells: list[CellResult], sessions: int) -> LoadResult:
    return analyse_load(
        loads.RUN,
        LoadWish(sessions=sessions, background=2, duration_seconds=10),
        cells,
        host=loads.host(),
        server=loads.server(),
        thresholds=ThresholdSettings(),
    )


def test_the_sentence_says_how_many_were_measured_and_how_many_were_not() -> None:
    late = figures.pacing(p99_ms=30, max_ms=80, overloaded=True)
    sessions = [loads.session(1, [40.0]), loads.session(2, [900.0], tester=late)]
    missing = NotMeasured(session=3, cell=1, reason="LiveKit cannot be reached")
    told = load_sentence(result([loads.cell(1, sessions, not_measured=(missing,))], 3))
    assert "NON VALIDE" in told
    assert "1/3 sessions mesurées, 1 non valides, 1 non mesurées, 0/2 en fond" in told
    assert "limite : le testeur (retard d'émission p99 30.0 ms)" in told


def test_the_worst_sessions_come_first_and_an_invalid_one_before_all() -> None:
    late = figures.pacing(p99_ms=30, max_ms=80, overloaded=True)
    sessions = [
        loads.session(1, [40.0]),
        loads.session(2, [45.0], streams=loads.rtp(received=900, lost=100)),
        loads.session(3, [44.0], tester=late),
        loads.session(4, [50.0, None]),
    ]
    shown = worst_first(result([loads.cell(1, sessions)], 4))
    assert [one.session for one in shown] == [3, 4, 2, 1]
    assert session_row(shown[0])[-1] == "non valide"


def test_tester_machine_and_server_have_a_line_each() -> None:
    lines = resource_lines(result([loads.cell(1, [loads.session(1, [40.0])])], 1))
    assert [line.split(" : ")[0] for line in lines] == ["cellule 1", "machine du testeur", "serveur"]


def capacity(limit: LoadLimit, held: int, missed: int) -> CapacityResult:
    step = CapacityStep(
        sessions=missed or held,
        status=VerdictStatus.FAILED if missed else VerdictStatus.PASSED,
        limit=limit,
        sessions_measured=held,
        one_way_delay_ms=result([loads.cell(1, [loads.session(1, [40.0])])], 1).figures.one_way_delay_ms,
        packet_loss_ratio=0.0,
        concealed_ratio=0.0,
        pacing_lateness_p99_ms=1.0,
        host_busy_ratio=0.5,
        server_cpu_ratio=0.4,
        evidence="here",
    )
    return CapacityResult(
        format=CapacityFormat(method_version=1),
        run=loads.RUN.model_copy(update={"scenario": "capacity"}),
        verdict=Verdict(status=VerdictStatus.PASSED, figures=()),
        steps=(step,),
        most_that_held=held,
        fewest_that_did_not=missed,
        limit=limit,
    )


def test_the_limit_is_told_with_its_side_and_its_figure() -> None:
    server = LoadLimit(
        side=LimitSide.SERVER,
        figure="latency_max_ms",
        value=812.0,
        bound=500.0,
        reasons=("the server used 97 % of its 2 cores",),
    )
    told = capacity_sentence(capacity(server, 11, 12))
    assert "11 sessions tiennent, 12 non" in told
    assert "le serveur" in told
    assert "latence maximale 812.0 ms" in told
    assert "97 % of its 2 cores" in told


def test_no_limit_and_no_session_at_all_are_told_too() -> None:
    nobody = LoadLimit(side=LimitSide.NONE)
    assert "64 sessions tiennent, la limite n'a pas été atteinte" in capacity_sentence(
        capacity(nobody, 64, 0)
    )
    network = LoadLimit(side=LimitSide.NETWORK, figure="rtp_packet_loss_ratio", value=0.2, bound=0.05)
    assert "pas même 1 session" in capacity_sentence(capacity(network, 0, 1))


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    archive = Archive(state=ArchiveState.LOCAL_ONLY, folder=Path("here"))
    print_load(Console(width=80), result([loads.cell(1, [loads.session(1, [40.0])])], 1), archive)
    print_capacity(Console(width=80), capacity(LoadLimit(side=LimitSide.NONE), 4, 0), archive)
    told = capsys.readouterr().out
    assert "ensemble" in told
    assert "40.0" in told
