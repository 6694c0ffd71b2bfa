"""Where classes end while a network gets worse, and which conditions decide."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from eloquence_pipeline.classes import latency_class
from eloquence_pipeline.measurement.matrix import along, class_edges
from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.models import (
    Archive,
    ArchiveState,
    Axis,
    MatrixCell,
    MatrixResult,
    ScenarioResult,
    VerdictStatus,
)
from eloquence_pipeline.reporting.markdown import Links, Picture
from eloquence_pipeline.reporting.matrix import (
    edge_sentences,
    matrix_markdown,
    matrix_rows,
    matrix_sentence,
    print_matrix,
)
from eloquence_pipeline.reporting.matrix_plot import matrix_plot
from eloquence_pipeline.settings import ThresholdSettings
from tests.simulated import RATE, Simulation, run_info

pytestmark = pytest.mark.unit

THRESHOLDS = ThresholdSettings()
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> ScenarioResult:
    folder = tmp_path_factory.mktemp("run")
    return analyse(Simulation([RATE // 20]).write(folder), folder, run_info(), (), THRESHOLDS)


def cell(
    measured: ScenarioResult,
    network: str,
    *,
    latency_ms: float = 60.0,
    status: VerdictStatus = VerdictStatus.PASSED,
    must_pass: bool = False,
) -> MatrixCell:
    figures = [
        one.model_copy(update={"value": latency_ms, "judged": latency_class(latency_ms, THRESHOLDS)})
        if one.figure == "latency_avg_ms"
        else one
        for one in measured.verdict.figures
    ]
    verdict = measured.verdict.model_copy(update={"figures": tuple(figures), "status": status})
    return MatrixCell(
        network=network,
        conditions="" if network == "clean" else network,
        must_pass=must_pass,
        result=measured.model_copy(update={"verdict": verdict}),
    )


def edges_of(cells: list[MatrixCell]) -> list[tuple[Any, ...]]:
    return [
        (edge.axis, edge.left, edge.entered, round(edge.at, 6), edge.below, edge.above)
        for edge in class_edges(cells, THRESHOLDS)
        if edge.figure == "latency_avg_ms"
    ]


def test_an_axis_has_the_conditions_in_which_nothing_else_is_bad(measured: ScenarioResult) -> None:
    names = ["loss=10", "clean", "loss=5,burst=5", "jitter=20", "loss=2", "uplink.loss=3"]
    cells = [cell(measured, name) for name in names]
    assert [(point.at, point.cell.network) for point in along(Axis.LOSS, cells)] == [
        (0, "clean"),
        (2, "loss=2"),
        (10, "loss=10"),
    ]
    assert [point.at for point in along(Axis.LATENCY, cells)] == [0]


def test_a_class_ends_where_the_line_between_two_conditions_meets_its_bound(measured: ScenarioResult) -> None:
    cells = [cell(measured, "clean", latency_ms=60), cell(measured, "latency=100", latency_ms=160)]
    assert edges_of(cells) == [(Axis.LATENCY, "excellente", "bonne", 40, "clean", "latency=100")]


def test_each_bound_that_is_crossed_at_once_has_its_own_place(measured: ScenarioResult) -> None:
    cells = [cell(measured, "clean", latency_ms=0), cell(measured, "jitter=60", latency_ms=600)]
    assert edges_of(cells) == [
        (Axis.JITTER, "excellente", "bonne", 10, "clean", "jitter=60"),
        (Axis.JITTER, "bonne", "acceptable", 30, "clean", "jitter=60"),
        (Axis.JITTER, "acceptable", "problématique", 50, "clean", "jitter=60"),
    ]


def test_nothing_ends_where_figures_stay_in_their_class_or_get_better_or_are_invalid(
    measured: ScenarioResult,
) -> None:
    assert not edges_of([cell(measured, "clean"), cell(measured, "loss=3", latency_ms=70)])
    assert not edges_of([cell(measured, "clean", latency_ms=400), cell(measured, "loss=3", latency_ms=70)])
    invalid = cell(measured, "loss=3", latency_ms=400, status=VerdictStatus.INVALID)
    assert not edges_of([cell(measured, "clean"), invalid])


@given(values=st.lists(st.floats(0, 2000), min_size=2, max_size=6))
def test_every_end_lies_between_its_neighbours(measured: ScenarioResult, values: list[float]) -> None:
    cells = [cell(measured, f"loss={place + 1}", latency_ms=value) for place, value in enumerate(values)]
    for edge in class_edges(cells, THRESHOLDS):
        below, above = (float(name.partition("=")[2]) for name in (edge.below, edge.above))
        assert above == below + 1
        assert below <= edge.at <= above
        assert edge.left != edge.entered


@pytest.mark.parametrize(
    ("statuses", "errors", "expected"),
    [
        ({"clean": "passed", "loss=10": "failed"}, {}, VerdictStatus.PASSED),
        ({"clean": "failed", "loss=10": "passed"}, {}, VerdictStatus.FAILED),
        ({"clean": "invalid", "loss=10": "passed"}, {}, VerdictStatus.INVALID),
        ({"clean": "passed", "loss=10": "invalid"}, {}, VerdictStatus.PASSED),
        ({"clean": "passed"}, {"loss=10": "no room"}, VerdictStatus.INVALID),
    ],
)
def test_only_the_conditions_that_must_pass_decide(
    measured: ScenarioResult, statuses: dict[str, str], errors: dict[str, str], expected: VerdictStatus
) -> None:
    cells = tuple(
        cell(measured, name, status=VerdictStatus(status), must_pass=name == "clean")
        for name, status in statuses.items()
    )
    assert MatrixResult(cells=cells, edges=(), errors=errors).status is expected


def test_the_table_keeps_names_and_classes_whole_on_a_narrow_terminal(measured: ScenarioResult) -> None:
    cells = tuple(
        cell(measured, name, latency_ms=700, must_pass=name == "clean")
        for name in ("clean", "latency=300", "loss=10")
    )
    text = StringIO()
    result = MatrixResult(cells=cells, edges=())
    print_matrix(Console(file=text, width=80, color_system=None), result)
    told = text.getvalue().splitlines()
    for name in ("clean *", "latency=300", "loss=10"):
        assert any(line.startswith(name) and line.rstrip().endswith("problématique") for line in told), told


def test_the_matrix_is_told_in_words_and_drawn(measured: ScenarioResult, tmp_path: Path) -> None:
    cells = (
        cell(measured, "clean", latency_ms=60, must_pass=True),
        cell(measured, "loss=3", latency_ms=160, status=VerdictStatus.FAILED),
    )
    result = MatrixResult(cells=cells, edges=class_edges(cells, THRESHOLDS))
    assert "1/1 conditions exigées réussies (*), 2 mesurées" in matrix_sentence(result)
    assert [row.network for row in matrix_rows(result)] == ["clean *", "loss=3"]
    assert edge_sentences(result) == [
        "latence moyenne : « excellente » jusqu'à une perte de 1.2 %, puis « bonne » (entre clean et loss=3)"
    ]
    plot = matrix_plot({Axis.LOSS: [(0.0, cells[0].result), (3.0, cells[1].result)], Axis.JITTER: []})
    assert plot.startswith(PNG)
    archive = Archive(state=ArchiveState.UPLOADED, folder=tmp_path, uri="s3://bucket/run/")
    links = Links(
        addresses={"matrix.png": "http://store/matrix.png"}, until=datetime(2026, 11, 30, tzinfo=UTC)
    )
    page = matrix_markdown(result, archive, links, Picture(name="matrix.png", content=plot))
    assert "s3://bucket/run/" in page
    assert "[matrix.png](http://store/matrix.png)" in page
    assert "2026-11-30 00:00 UTC" in page
    assert "data:image/png;base64," in page
    assert "loss=3" in page
    assert MatrixResult.model_validate_json(result.to_json()) == result
