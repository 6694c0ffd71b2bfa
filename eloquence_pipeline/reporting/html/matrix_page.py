"""The report of one speech over many simulated networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from eloquence_pipeline.models import Axis, ClassEdge, MatrixCell, MatrixResult, ScenarioResult, VerdictStatus
from eloquence_pipeline.reporting.html.blocks import (
    Headline,
    Legend,
    Listing,
    Page,
    Plot,
    Problem,
    Row,
    Table,
    Tile,
    section,
)
from eloquence_pipeline.reporting.html.drawing import Drawing, colour
from eloquence_pipeline.reporting.html.environment import (
    Evidence,
    environment_table,
    evidence_blocks,
    repeat_blocks,
    report_link,
)
from eloquence_pipeline.reporting.html.repeat import matrix_command
from eloquence_pipeline.reporting.html.text import Text, milliseconds, number, per_cent
from eloquence_pipeline.reporting.html.verdict import plain_sentence, problems
from eloquence_pipeline.reporting.html.words import CLASSES, FIGURES, STATUS_COLOURS, STATUSES

Series = Mapping[Axis, Sequence[tuple[float, ScenarioResult]]]
"""For each axis the conditions in their order: how bad, and the result."""

_AXES = {
    Axis.LOSS: Text("perte (%)", "loss (%)"),
    Axis.LATENCY: Text("latence ajoutée (ms)", "added latency (ms)"),
    Axis.JITTER: Text("gigue (ms)", "jitter (ms)"),
}
_UNITS = {Axis.LOSS: " %", Axis.LATENCY: " ms", Axis.JITTER: " ms"}
_HEALTHY = Text(
    "La voie vocale tient sur les réseaux exigés", "The voice path holds on the required networks"
)
_NOT_HEALTHY = Text(
    "La voie vocale ne tient pas sur tous les réseaux exigés",
    "The voice path does not hold on all required networks",
)
_UNKNOWN = Text("Tous les réseaux n'ont pas pu être essayés", "Not all networks could be tried")


class _Curve(NamedTuple):
    row: int
    ink: str
    figure: str
    scale: float = 1.0
    line: str = "o-"

    def of(self, result: ScenarioResult) -> float | None:
        value: object = result
        for name in self.figure.split("."):
            value = None if value is None else getattr(value, name)
        return float(value) * self.scale if isinstance(value, int | float) else None


_CURVES = (
    _Curve(0, "orange", "delay.one_way_delay_ms.p95", line="s--"),
    _Curve(0, "blue", "delay.one_way_delay_ms.median"),
    _Curve(0, "grey", "budget.network.median_ms"),
    _Curve(1, "red", "rtp.concealed_ratio", 100.0),
    _Curve(2, "green", "quality.mos_lqo.avg"),
)
_LEGEND = (
    Legend("blue", Text("aller simple, médiane", "one way, median")),
    Legend("orange", Text("aller simple, p95", "one way, p95")),
    Legend("grey", Text("réseau mesuré", "network measured")),
    Legend("red", Text("son inventé", "sound made up")),
    Legend("green", Text("qualité ViSQOL, moyenne", "ViSQOL quality, mean")),
)


def matrix_page(result: MatrixResult, series: Series, run_id: str, evidence: Evidence) -> Page:
    """Return the report of a matrix of networks.

    Parameters
    ----------
    result
        Over all conditions; each has a report of its own.
    series
        What :func:`~eloquence_pipeline.measurement.matrix.along` gives of it.
    run_id
        Name of the matrix's own evidence.
    evidence
        Where its files are.
    """
    plots = [_plot(axis, points) for axis, points in series.items() if len(points) > 1]
    environment = [
        environment_table(cell.result.run, cell.result.format.method_version) for cell in result.cells[:1]
    ]
    sections = (
        section("conditions", Text("Réseaux", "Networks"), [_table(result, evidence)]),
        section("classes", Text("Jusqu'où cela tient", "How far it holds"), [_edges(result)]),
        section("plots", Text("Quand le réseau empire", "As the network gets worse"), plots, beside=True),
        section("repeat", Text("Recommencer", "Repeat"), repeat_blocks(matrix_command(result))),
        section(
            "environment", Text("Environnement (premier réseau)", "Environment (first network)"), environment
        ),
        section("evidence", Text("Preuves", "Evidence"), evidence_blocks(evidence, run_id)),
    )
    started = [cell.result.run.started_at for cell in result.cells]
    when = f"{min(started):%Y-%m-%d %H:%M} UTC" if started else run_id
    target = result.cells[0].result.run.target if result.cells else "—"
    return Page(
        title=f"network {run_id}",
        subtitle=Text(f"test « network » · {when} · {target}", f"test “network” · {when} · {target}"),
        headline=matrix_headline(result),
        tiles=_tiles(result),
        sections=tuple(one for one in sections if one is not None),
    )


def matrix_headline(result: MatrixResult) -> Headline:
    """Return the verdict over all conditions."""
    status = result.status
    deciding = [cell for cell in result.cells if cell.must_pass]
    good = [cell for cell in deciding if cell.result.verdict.status is VerdictStatus.PASSED]
    sentence = {VerdictStatus.PASSED: _HEALTHY, VerdictStatus.FAILED: _NOT_HEALTHY}.get(status, _UNKNOWN)
    found = [
        Problem(Text.same(f"{cell.network} : ") + problem.text, said=problem.said)
        for cell in deciding
        for problem in problems(cell.result)
    ]
    found += [Problem(Text.same(f"{network} : {error}")) for network, error in result.errors.items()]
    more = Text(
        f"{len(good)} réseaux exigés sur {len(deciding)} tiennent ; {len(result.cells)} mesurés",
        f"{len(good)} of {len(deciding)} required networks hold; {len(result.cells)} measured",
    )
    return Headline(STATUS_COLOURS[status], STATUSES[status], sentence, tuple(found), (more,))


def _tiles(result: MatrixResult) -> tuple[Tile, ...]:
    return tuple(
        Tile(
            name=Text.same(cell.network),
            value=milliseconds(cell.result.delay.one_way_delay_ms.median, 0),
            judged=STATUSES[cell.result.verdict.status],
            colour=STATUS_COLOURS[cell.result.verdict.status],
            note=Text("exigé", "required"),
        )
        for cell in result.cells
        if cell.must_pass
    )


def _table(result: MatrixResult, evidence: Evidence) -> Table:
    columns = (
        Text("réseau", "network"),
        Text("verdict", "verdict"),
        Text("aller simple", "one way"),
        Text("p95", "p95"),
        Text("réseau mesuré", "network measured"),
        Text("perte injectée", "loss injected"),
        Text("mesurée", "measured"),
        Text("inventé", "made up"),
        Text("MOS", "MOS"),
        Text("rapport", "report"),
    )
    title = Text("Chaque réseau (* exigé)", "Each network (* required)")
    return Table(
        title, columns, tuple(_row(cell, evidence) for cell in result.cells), words=frozenset({0, 1, 9})
    )


def _row(cell: MatrixCell, evidence: Evidence) -> Row:
    result, network = cell.result, cell.result.network
    quality = result.quality
    verdict = STATUSES[result.verdict.status]
    if result.verdict.status is not VerdictStatus.PASSED:
        verdict = plain_sentence(result)
    return (
        cell.network + (" *" if cell.must_pass else ""),
        verdict,
        milliseconds(result.delay.one_way_delay_ms.median, 0),
        milliseconds(result.delay.one_way_delay_ms.p95, 0),
        milliseconds(network.measured_network_ms if network else None, 0),
        per_cent(network.injected_loss_ratio if network else None),
        per_cent(result.rtp.packet_loss_ratio),
        per_cent(result.rtp.concealed_ratio),
        number(quality.mos_lqo.avg if quality else None),
        report_link(result.run.run_id, result.run.scenario, evidence),
    )


def _edges(result: MatrixResult) -> Listing | None:
    return Listing(tuple(_edge(edge) for edge in result.edges)) if result.edges else None


def _edge(edge: ClassEdge) -> Text:
    figure, axis, unit = FIGURES[edge.figure], _AXES[edge.axis], _UNITS[edge.axis]
    left, entered = CLASSES.get(edge.left, edge.left), CLASSES.get(edge.entered, edge.entered)
    axis_fr, axis_en = axis.fr.partition(" (")[0], axis.en.partition(" (")[0]
    return Text(
        f"{figure.fr} : « {edge.left} » jusqu'à une {axis_fr} de {edge.at:.3g}{unit}, puis « "
        f"{edge.entered} » "
        f"(entre {edge.below} et {edge.above})",
        f"{figure.en}: “{left}” up to a {axis_en} of {edge.at:.3g}{unit}, then “{entered}” (between "
        f"{edge.below} "
        f"and {edge.above})",
    )


def _plot(axis: Axis, points: Sequence[tuple[float, ScenarioResult]]) -> Plot:
    name = f"matrix-{axis}"
    drawing = Drawing(name, 400, heights=(1.4, 1, 1))
    for curve in _CURVES:
        known = [(at, value) for at, result in points if (value := curve.of(result)) is not None]
        drawing.axes[curve.row].plot(
            [at for at, _ in known], [value for _, value in known], curve.line, ms=5, color=colour(curve.ink)
        )
    drawing.axes[0].set_ylim(bottom=0)
    drawing.axes[1].set_ylim(0, max(2.0, drawing.axes[1].get_ylim()[1]))
    drawing.axes[2].set_ylim(1, 5)
    drawing.entitle(Text("délai (ms)", "delay (ms)"))
    drawing.entitle(Text("son inventé (%)", "sound made up (%)"), 1)
    drawing.entitle(Text("qualité ViSQOL, 1 à 5", "ViSQOL quality, 1 to 5"), 2)
    drawing.below(_AXES[axis])
    first, last = points[0], points[-1]
    before, after = (milliseconds(result.delay.one_way_delay_ms.median, 0) for _, result in (first, last))
    places = f"{first[0]:g} → {last[0]:g}{_UNITS[axis]}"
    told = Text(
        f"{places} : aller simple {before} → {after}.",
        f"{places}: one way {before} → {after}.",
    )
    return Plot(name, drawing.svg(), Text("Selon la ", "By ") + _AXES[axis], told, _LEGEND)
