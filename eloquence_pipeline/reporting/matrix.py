"""The matrix of simulated networks as a table: for the terminal, and as Markdown."""

from __future__ import annotations

import logging
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from eloquence_pipeline.models import Archive, Axis, ClassEdge, MatrixCell, MatrixResult, VerdictStatus
from eloquence_pipeline.reporting.bare_table import bare_table
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.reporting.markdown import (
    Links,
    Picture,
    escaped,
    evidence_markdown,
    picture_markdown,
)
from eloquence_pipeline.reporting.wording import FIGURE_WORDS, STATUS_ICONS, STATUS_WORDS, missed_clause

_STYLES = {VerdictStatus.PASSED: "green", VerdictStatus.FAILED: "red", VerdictStatus.INVALID: "yellow"}
_LEVELS = {VerdictStatus.PASSED: logging.INFO, VerdictStatus.FAILED: logging.ERROR}
_UNITS = {Axis.LOSS: " %", Axis.LATENCY: " ms", Axis.JITTER: " ms"}
_AXIS_WORDS = {Axis.LOSS: "perte", Axis.LATENCY: "latence", Axis.JITTER: "gigue"}
TITLES = ("Réseau", "Aller", "p95", "Réseau mesuré", "Perte inj.", "mesurée", "Masqué", "MOS", "Verdict")
_TITLE_UNITS = ("", "ms", "ms", "ms", "%", "%", "%", "", "")


class MatrixRow(NamedTuple):
    """One condition, in words."""

    network: str
    median: str
    p95: str
    network_delay: str
    injected: str
    measured: str
    concealed: str
    mos: str
    verdict: str


def matrix_rows(result: MatrixResult) -> list[MatrixRow]:
    """Return one row a condition."""
    return [_row(cell) for cell in result.cells]


def _row(cell: MatrixCell) -> MatrixRow:
    result, network, quality = cell.result, cell.result.network, cell.result.quality
    mos = quality.mos_lqo.avg if quality is not None else None
    status = result.verdict.status
    return MatrixRow(
        network=cell.network + (" *" if cell.must_pass else ""),
        median=_ms(result.delay.one_way_delay_ms.median),
        p95=_ms(result.delay.one_way_delay_ms.p95),
        network_delay=_ms(network.measured_network_ms if network else None),
        injected=_percent(network.injected_loss_ratio if network else None),
        measured=_percent(result.rtp.packet_loss_ratio),
        concealed=_percent(result.rtp.concealed_ratio),
        mos="—" if mos is None else f"{mos:.2f}",
        verdict=f"{STATUS_ICONS[status]} {_worst_class(cell)}",
    )


def _worst_class(cell: MatrixCell) -> str:
    failed = [figure for figure in cell.result.verdict.figures if not figure.passed]
    if failed:
        return str(failed[0].judged)
    latency = [one for one in cell.result.verdict.figures if one.figure == "latency_avg_ms"]
    return str(latency[0].judged) if latency else ""


def edge_sentences(result: MatrixResult) -> list[str]:
    """Return, for each class that is left, where that is, and between which conditions."""
    return [_sentence(edge) for edge in result.edges]


def _sentence(edge: ClassEdge) -> str:
    return (
        f"{FIGURE_WORDS[edge.figure]} : « {edge.left} » jusqu'à une {_AXIS_WORDS[edge.axis]} de "
        f"{edge.at:.3g}{_UNITS[edge.axis]}, puis « {edge.entered} » (entre {edge.below} et {edge.above})"
    )


def matrix_sentence(result: MatrixResult) -> str:
    """Return the verdict over the whole in one line that names what was missed over which network."""
    status = result.status
    deciding = [cell for cell in result.cells if cell.must_pass]
    good = [cell for cell in deciding if cell.result.verdict.status is VerdictStatus.PASSED]
    errors = f", {len(result.errors)} non réalisées" if result.errors else ""
    told = (
        f"{STATUS_ICONS[status]} network {STATUS_WORDS[status]}: {len(good)}/{len(deciding)} conditions "
        f"exigées réussies (*), {len(result.cells)} mesurées{errors}"
    )
    bad = [f"{cell.network} : {missed_clause(cell.result)}" for cell in deciding if cell not in good]
    return "; ".join([told, *bad])


def print_matrix(console: Console, result: MatrixResult, archive: Archive | None = None) -> None:
    """Print a row a condition, where classes end, and the verdict."""
    if isinstance(console, JsonConsole):
        _write(console, result, archive)
        return
    # Units stand above, so that at 80 columns the names of networks and classes stay whole.
    table = bare_table(padding=(0, 1, 0, 0))
    for title, unit in zip(TITLES, _TITLE_UNITS, strict=True):
        words = title in {TITLES[0], TITLES[-1]}
        heading = "\n".join([*title.split(), unit]).rstrip()
        table.add_column(
            heading, justify="left" if words else "right", no_wrap=title == TITLES[-1], overflow="fold"
        )
    for row, cell in zip(matrix_rows(result), result.cells, strict=True):
        name, *figures, verdict = row
        bare = [figure.removesuffix(" ms").removesuffix(" %") for figure in figures]
        table.add_row(name, *bare, Text(verdict, style=_STYLES[cell.result.verdict.status]))
    console.print()
    console.print(table)
    for sentence in edge_sentences(result):
        console.print(sentence, markup=False, soft_wrap=not console.is_terminal)
    console.print(Text(matrix_sentence(result), style=f"bold {_STYLES[result.status]}"), soft_wrap=True)
    if archive is not None:
        console.print(f"Preuves : {archive.folder}", soft_wrap=True, markup=False)


def _write(console: JsonConsole, result: MatrixResult, archive: Archive | None) -> None:
    content = {
        "scenario": "network",
        "status": result.status,
        "conditions": [row._asdict() for row in matrix_rows(result)],
        "edges": [edge.model_dump(mode="json") for edge in result.edges],
        "errors": result.errors,
        **({"folder": str(archive.folder), "uri": archive.uri} if archive else {}),
    }
    level = _LEVELS.get(result.status, logging.WARNING)
    console.write("result", matrix_sentence(result), level=level, content=content)


def matrix_markdown(result: MatrixResult, archive: Archive, links: Links, plot: Picture | None) -> str:
    """Return the verdict, the table, where classes end, the plot inside, and the place of the evidence."""
    head, _, rest = matrix_sentence(result).partition(": ")
    rows = "\n".join(f"| {' | '.join(escaped(part) for part in row)} |" for row in matrix_rows(result))
    edges = "\n".join(f"- {escaped(sentence)}" for sentence in edge_sentences(result))
    return f"""# {escaped(head)}

{escaped(rest)}

| {" | ".join(TITLES)} |
|{"---|" * len(TITLES)}
{rows}

{edges}

{picture_markdown(plot, "délai, masquage et qualité")}
{evidence_markdown(archive, links)}
"""


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f} ms"


def _percent(ratio: float | None) -> str:
    return "—" if ratio is None else f"{ratio * 100:.1f} %"
