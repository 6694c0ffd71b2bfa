"""A load on many machines, for people: when each load cell began, and which are missing."""

from __future__ import annotations

from eloquence_pipeline.models.load_cells import MachineFigures, ManyMachinesResult


def machine_lines(result: ManyMachinesResult) -> list[str]:
    """Return a line for the common start, and one a load cell."""
    return [
        _start_line(result),
        *(_machine_line(one) for one in result.machines),
        *(
            f"cellule de charge {one.cell} perdue, {len(one.sessions)} sessions non mesurées : {one.reason}"
            for one in result.lost_cells
        ),
    ]


def _start_line(result: ManyMachinesResult) -> str:
    error = result.clocks_error_ms
    within = "précision inconnue" if error is None else f"± {error:.1f} ms d'horloge"
    if error == 0:
        within = "une seule horloge"
    count = len(result.machines) + len(result.lost_cells)
    return (
        f"{len(result.machines)}/{count} cellules de charge ; départ commun à "
        f"{result.start_at:%H:%M:%S} UTC, écart entre les cellules {result.cells_spread_ms:.1f} ms ({within})"
    )


def _machine_line(one: MachineFigures) -> str:
    began = ""
    if one.beginning is not None:
        began = f", partie {one.beginning.late_ms:+.1f} ms"
        if one.beginning.correction_ms:
            began += f" (horloge corrigée de {one.beginning.correction_ms:+.0f} ms)"
    return (
        f"cellule de charge {one.cell} sur {one.machine.name} : {len(one.sessions)} sessions, "
        f"{len(one.processes)} processus{began}, machine à {one.host.busy_ratio_avg * 100:.0f} % "
        f"de {one.host.cores} cœurs"
    )
