"""Many calls at once, for people: a row a session, the whole, and who gave up."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from eloquence_pipeline.models import Archive, VerdictStatus
from eloquence_pipeline.models.load import (
    CellFigures,
    LimitSide,
    LoadLimit,
    LoadResult,
    ServerFigures,
    SessionFigures,
)
from eloquence_pipeline.models.load_cells import ManyMachinesResult
from eloquence_pipeline.reporting.bare_table import bare_table
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.reporting.load_machines import machine_lines
from eloquence_pipeline.reporting.markdown import Links, escaped, evidence_markdown
from eloquence_pipeline.reporting.summary import (
    STATUS_LEVELS,
    place_content,
    print_place,
    print_sentence,
    test_title,
)
from eloquence_pipeline.reporting.wording import FIGURE_WORDS, STATUS_ICONS, STATUS_WORDS, missed_figure

SIDE_WORDS = {
    LimitSide.NONE: "personne",
    LimitSide.TESTER: "le testeur",
    LimitSide.SERVER: "le serveur",
    LimitSide.NETWORK: "le réseau",
    LimitSide.SERVER_OR_NETWORK: "le serveur ou le réseau",
}
LIMIT_WORDS = FIGURE_WORDS | {
    "pacing_lateness_p99_ms": "retard d'émission p99",
    "event_loop_lag_p99_ms": "retard de boucle p99",
    "frames_late_ratio": "trames trop tardives",
    "host_busy_ratio": "charge de la machine",
    "cells_died": "processus du testeur morts",
    "sessions_lost": "sessions perdues",
}
SESSION_TITLES = ("Session", "Reçues", "Aller ms", "p95", "Perte", "Masqué", "Retard p99", "")
_MOST_SHOWN = 40
_MEGABYTE = 1e6


def load_sentence(result: LoadResult) -> str:
    """Return the verdict over all sessions as one line."""
    status = result.verdict.status
    head = f"{STATUS_ICONS[status]} {result.run.scenario} {STATUS_WORDS[status]}"
    missed = [missed_figure(figure) for figure in result.verdict.figures if not figure.passed]
    broken = [f"session {one.session} : {one.failure}" for one in result.sessions if one.failure]
    return f"{head}: {'; '.join([counts_clause(result), limit_clause(result.limit), *missed, *broken[:3]])}"


def counts_clause(result: LoadResult) -> str:
    """Return how many sessions were measured, how many were not, and what was heard."""
    counts = f"{result.sessions_measured}/{result.sessions_planned} sessions mesurées"
    parts = [(result.sessions_invalid, "non valides"), (result.sessions_not_measured, "non mesurées")]
    counts += "".join(f", {count} {word}" for count, word in parts if count)
    if result.background_planned:
        counts += f", {result.background_carried}/{result.background_planned} en fond, non mesurées"
    figures = result.figures
    heard = f"{figures.phrases_received}/{figures.phrases_sent} phrases reçues"
    median = figures.one_way_delay_ms.median
    return f"{counts}, {heard}" + ("" if median is None else f", aller simple médian {median:.1f} ms")


def limit_clause(limit: LoadLimit) -> str:
    """Return who gave up, and by which figure."""
    if limit.side is LimitSide.NONE:
        return "aucune limite atteinte"
    value = "" if limit.value is None else f" {_figure(limit.figure, limit.value)}"
    return f"limite : {SIDE_WORDS[limit.side]} ({LIMIT_WORDS.get(limit.figure, limit.figure)}{value})"


def _figure(name: str, value: float) -> str:
    if name.endswith("_ms"):
        return f"{value:.1f} ms"
    return f"{value * 100:.1f} %" if name.endswith("_ratio") else f"{value:g}"


def print_load(console: Console, result: LoadResult, archive: Archive) -> None:
    """Print a row a session, tester, machine and server, the verdict and the place of the evidence."""
    status = result.verdict.status
    if isinstance(console, JsonConsole):
        content: dict[str, Any] = {
            "scenario": result.run.scenario,
            "status": status,
            "reasons": result.verdict.reasons,
            "run_id": result.run.run_id,
            "sessions_planned": result.sessions_planned,
            "sessions_measured": result.sessions_measured,
            "limit": result.limit.model_dump(mode="json"),
            **place_content(archive),
        }
        console.write("result", load_sentence(result), level=STATUS_LEVELS[status], content=content)
        return
    console.print()
    console.print(_table(result))
    for line in resource_lines(result):
        console.print(line, soft_wrap=not console.is_terminal, markup=False)
    print_sentence(console, load_sentence(result), status)
    print_place(console, archive)


def _table(result: LoadResult) -> Table:
    table = bare_table(test_title(result.run))
    for name in SESSION_TITLES:
        table.add_column(name, justify="left" if name in {"Session", ""} else "right", no_wrap=True)
    shown = worst_first(result)[:_MOST_SHOWN]
    for session in sorted(shown, key=lambda one: one.session):
        table.add_row(*session_row(session))
    if left := len(result.sessions) - len(shown):
        table.add_row(f"et {left} autres, meilleures")
    table.add_section()
    table.add_row(*_whole(result), style="bold")
    return table


def worst_first(result: LoadResult) -> list[SessionFigures]:
    """Return the sessions: invalid ones, then those with the most loss and delay."""

    def badness(one: SessionFigures) -> tuple[bool, float, float, float]:
        figures = one.figures
        delay = figures.one_way_delay_ms.p95 or 0.0
        return not one.is_valid, figures.packet_loss_rate, figures.rtp.packet_loss_ratio or 0.0, delay

    return sorted(result.sessions, key=badness, reverse=True)


def session_row(session: SessionFigures) -> tuple[str, ...]:
    """Return one session as cells of a table, under :data:`SESSION_TITLES`."""
    figures = session.figures
    return (
        f"{session.session} ({session.cell})",
        f"{figures.packets_received}/{figures.packets_sent}",
        _ms(figures.one_way_delay_ms.median),
        _ms(figures.one_way_delay_ms.p95),
        _percent(figures.rtp.packet_loss_ratio),
        _percent(figures.rtp.concealed_ratio),
        f"{figures.tester.pacing_lateness_p99_ms:.1f}",
        session.failure or ("" if session.is_valid else "non valide"),
    )


def _whole(result: LoadResult) -> tuple[str, ...]:
    figures = result.figures
    lateness = [one.pacing_lateness_ms.p99 for one in result.cells if one.pacing_lateness_ms.p99 is not None]
    return (
        "ensemble",
        f"{figures.phrases_received}/{figures.phrases_sent}",
        _ms(figures.one_way_delay_ms.median),
        _ms(figures.one_way_delay_ms.p95),
        _percent(figures.rtp.packet_loss_ratio),
        _percent(figures.rtp.concealed_ratio),
        f"{max(lateness):.1f}" if lateness else "—",
        "",
    )


def resource_lines(result: LoadResult) -> list[str]:
    """Return a line each for every process of the tester, its machine, and the server."""
    host = result.host
    lines = [_cell_line(cell) for cell in result.cells]
    lines.append(
        f"machine du testeur : {host.busy_ratio_avg * 100:.0f} % de {host.cores} cœurs "
        f"(p95 {host.busy_ratio_p95 * 100:.0f} %), mémoire {host.memory_used_ratio * 100:.0f} %"
    )
    lines.append(_server_line(result.server))
    if result.figures.drift is not None:
        drift = result.figures.drift
        lines.append(
            f"dérive du délai : {drift.ms_per_minute:+.3f} ms/min ({drift.low:+.3f} à {drift.high:+.3f})"
        )
    if isinstance(result, ManyMachinesResult):
        lines += machine_lines(result)
    return lines


def _cell_line(cell: CellFigures) -> str:
    lateness = cell.pacing_lateness_ms
    late = (
        ""
        if lateness.median is None
        else (
            f", retard d'émission {lateness.median:.2f}/{lateness.p99 or 0:.2f}/{lateness.max or 0:.1f} ms "
            "(p50/p99/max)"
        )
    )
    growth = cell.memory_growth_bytes_per_minute
    grew = "" if growth is None else f", {growth / _MEGABYTE:+.2f} Mo/min"
    return (
        f"cellule {cell.cell} : {cell.sessions} sessions, {cell.cpu_ratio * 100:.0f} % d'un cœur "
        f"({cell.cpu_per_session_ratio * 100:.1f} % par session), "
        f"{cell.memory_bytes / _MEGABYTE:.0f} Mo{grew}{late}, "
        f"retard de boucle p99 {cell.event_loop_lag_p99_ms:.1f} ms, {cell.frames_skipped} trames omises"
    )


def _server_line(server: ServerFigures | None) -> str:
    if server is None:
        return "serveur : ses chiffres ne sont pas connus (réglage tests.load.metrics_url)"
    forwarded = (
        ""
        if server.forwarded_late_ratio is None
        else f", {server.forwarded_late_ratio * 100:.2f} % des paquets gardés plus de 20 ms"
    )
    return (
        f"serveur : {server.cpu_ratio * 100:.0f} % d'un cœur sur {server.cores}, "
        f"{server.memory_bytes / _MEGABYTE:.0f} Mo{forwarded}, "
        f"réponse en {server.answer_max_ms:.0f} ms au plus"
    )


def load_markdown(result: LoadResult, archive: Archive, links: Links) -> str:
    """Return the verdict, a row a session, tester, machine and server, and the place of the evidence."""
    head, _, rest = load_sentence(result).partition(": ")
    icon = "✅" if result.verdict.status is VerdictStatus.PASSED else "❌"
    shown = sorted(worst_first(result)[:_MOST_SHOWN], key=lambda one: one.session)
    rows = "\n".join(
        f"| {' | '.join(escaped(part) for part in row)} |"
        for row in [*(session_row(one) for one in shown), _whole(result)]
    )
    missing = "\n".join(
        f"- session {one.session} (cellule {one.cell}) : {escaped(one.reason)}" for one in result.not_measured
    )
    lines = "\n".join(f"- {escaped(line)}" for line in resource_lines(result))
    return f"""# {escaped(head)}

{icon} {escaped(rest)}

| {" | ".join(SESSION_TITLES)} |
|{"---|" * len(SESSION_TITLES)}
{rows}

{lines}

{f"**Non mesurées**{chr(10)}{chr(10)}{missing}" if missing else ""}

{evidence_markdown(archive, links, result.run)}
"""


def session_rows(result: LoadResult) -> list[dict[str, Any]]:
    """Return one flat row a session, of six columns (more show badly in the Prefect UI)."""
    return [
        {
            "Session": session.session,
            "Reçues": f"{session.figures.packets_received}/{session.figures.packets_sent}",
            "Aller simple (ms)": _ms(session.figures.one_way_delay_ms.median),
            "Perte": _percent(session.figures.rtp.packet_loss_ratio),
            "Retard p99 (ms)": f"{session.figures.tester.pacing_lateness_p99_ms:.1f}",
            "Remarque": session.failure or ("" if session.is_valid else "non valide"),
        }
        for session in worst_first(result)[:_MOST_SHOWN]
    ]


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f}"


def _percent(ratio: float | None) -> str:
    return "—" if ratio is None else f"{ratio * 100:.2f} %"
