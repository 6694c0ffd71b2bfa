"""A load on many machines: when each load cell began, and which are missing."""

from __future__ import annotations

from eloquence_pipeline.models.load_cells import MachineFigures, ManyMachinesResult
from eloquence_pipeline.reporting.html.blocks import Block, Cell, Paragraph, Row, Table
from eloquence_pipeline.reporting.html.environment import run_in
from eloquence_pipeline.reporting.html.text import Text, milliseconds, per_cent, plural

_MOST_ROWS = 500
_MOST_OPEN = 20


def machine_blocks(result: ManyMachinesResult) -> list[Block]:
    """Return the common start, each load cell that measured, and those that are lost."""
    blocks: list[Block] = [Paragraph(_start(result))]
    if result.lost_cells:
        blocks.append(_lost_table(result))
    return [*blocks, _machine_table(result)]


def _start(result: ManyMachinesResult) -> Text:
    count = len(result.machines) + len(result.lost_cells)
    spread = milliseconds(result.cells_spread_ms)
    at = f"{result.start_at:%H:%M:%S} UTC"
    error = result.clocks_error_ms
    if error is None:
        within = Text("à une erreur d'horloge inconnue près", "by clocks whose error is not known")
    elif error == 0:
        within = Text("par une seule horloge", "by one clock")
    else:
        within = Text(f"± {error:.1f} ms d'horloge", f"± {error:.1f} ms of their clocks")
    begun = plural(
        len(result.machines),
        ("cellule de charge a mesuré", "cellules de charge ont mesuré"),
        ("load cell measured", "load cells measured"),
    )
    return Text(
        f"{begun.fr}, sur {count}. Départ commun à {at}, écart entre la première et la dernière : {spread} "
        f"({within.fr}).",
        f"{begun.en}, of {count}. Common start at {at}, between the first and the last: {spread} "
        f"({within.en}).",
    )


def _machine_table(result: ManyMachinesResult) -> Table:
    columns = (
        Text("cellule", "cell"),
        Text("machine", "machine"),
        Text("sessions", "sessions"),
        Text("processus", "processes"),
        Text("partie après", "began after"),
        Text("horloge corrigée de", "clock corrected by"),
        Text("erreur d'horloge", "error of the clock"),
        Text("occupée, p95", "busy, p95"),
        Text("essai", "run"),
    )
    rows = tuple(_machine_row(one) for one in result.machines[:_MOST_ROWS])
    title = Text("Cellules de charge", "Load cells")
    return Table(title, columns, rows, frozenset({1, 8}), folded=len(rows) > _MOST_OPEN)


def _machine_row(one: MachineFigures) -> Row:
    began, corrected = "—", "—"
    if one.beginning is not None:
        began = f"{one.beginning.late_ms:+.1f} ms"
        corrected = f"{one.beginning.correction_ms:+.0f} ms" if one.beginning.correction_ms else "0 ms"
    error: Cell = Text("inconnue", "not known")
    if one.clock_error_ms is not None:
        error = f"± {milliseconds(one.clock_error_ms)}"
    host = one.host
    return (
        str(one.cell),
        one.machine.name,
        str(len(one.sessions)),
        str(len(one.processes)),
        began,
        corrected,
        error,
        Text(
            f"{per_cent(host.busy_ratio_avg, 0)}, {per_cent(host.busy_ratio_p95, 0)} de {host.cores} cœurs",
            f"{per_cent(host.busy_ratio_avg, 0)}, {per_cent(host.busy_ratio_p95, 0)} of {host.cores} cores",
        ),
        # It lies in another machine's folder: a link from here would lead nowhere.
        run_in(one.evidence),
    )


def _lost_table(result: ManyMachinesResult) -> Table:
    rows = tuple(
        (str(one.cell), str(len(one.sessions)), one.reason) for one in result.lost_cells[:_MOST_ROWS]
    )
    columns = (
        Text("cellule", "cell"),
        Text("sessions non mesurées", "sessions not measured"),
        Text("raison", "reason"),
    )
    title = Text("Cellules de charge perdues", "Load cells that are lost")
    return Table(title, columns, rows, frozenset({2}), folded=len(rows) > _MOST_OPEN)
