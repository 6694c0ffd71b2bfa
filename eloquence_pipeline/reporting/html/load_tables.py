"""Many sessions at once as tables: the whole, the worst sessions, the tester, its machine, the server."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from eloquence_pipeline.models.load import CellFigures, LoadResult, ServerFigures, SessionFigures
from eloquence_pipeline.reporting.html.blocks import Cell, Link, Row, Table
from eloquence_pipeline.reporting.html.load_standing import STANDINGS, standing_of
from eloquence_pipeline.reporting.html.text import Text, joined, milliseconds, per_cent
from eloquence_pipeline.reporting.load import worst_first

_MOST_OPEN = 12
_MOST_ROWS = 500
_MEGABYTE = 1e6
_FIGURE, _VALUE = Text("mesure", "figure"), Text("valeur", "value")


def whole_table(result: LoadResult) -> Table:
    """Return the figures of all valid sessions together."""
    figures = result.figures
    rows: list[Row] = []
    for name, spread in (
        (Text("aller simple", "one way"), figures.one_way_delay_ms),
        (Text("bout en bout (synthèse comprise)", "end to end (with synthesis)"), figures.end_to_end_ms),
        (Text("tampon de gigue", "jitter buffer"), figures.jitter_buffer_ms),
    ):
        values = (spread.median, spread.p95, spread.p99, spread.max)
        rows.append((name, *(milliseconds(value) for value in values)))
    columns = (_FIGURE, Text("médiane", "median"), Text.same("p95"), Text.same("p99"), Text("max.", "max."))
    title = Text("Délais de toutes les phrases", "Delays of all phrases")
    return Table(title, columns, tuple(rows))


def loss_table(result: LoadResult) -> Table:
    """Return what did not arrive, and how the sessions began, over all valid sessions."""
    figures = result.figures
    lost = figures.phrases_sent - figures.phrases_received
    inbound = figures.rtp.inbound
    ratio = lost / figures.phrases_sent if figures.phrases_sent else None
    rows: list[Row] = [
        (Text("phrases perdues", "phrases lost"), f"{lost} / {figures.phrases_sent}", per_cent(ratio, 2)),
        (
            Text("paquets RTP perdus", "RTP packets lost"),
            f"{inbound.packets_lost} / {inbound.packets_received + inbound.packets_lost}" if inbound else "—",
            per_cent(figures.rtp.packet_loss_ratio, 2),
        ),
        (
            Text("son inventé", "sound made up"),
            f"{inbound.concealment_events} ×" if inbound else "—",
            per_cent(figures.rtp.concealed_ratio, 2),
        ),
    ]
    columns = (_FIGURE, Text("nombre", "count"), Text("part", "share"))
    return Table(Text("Pertes de toutes les sessions", "Losses of all sessions"), columns, tuple(rows))


def session_tables(result: LoadResult, files: Collection[str]) -> list[Table]:
    """Return the worst sessions, all of them folded, and those that were not measured.

    Parameters
    ----------
    result
        Over all sessions.
    files
        What lies beside the report: a session whose sound is there gets a link to it.
    """
    worst = worst_first(result)
    columns = (
        Text("session (processus)", "session (process)"),
        Text("voix", "voice"),
        Text("phrases", "phrases"),
        Text("aller simple", "one way"),
        Text("p95", "p95"),
        Text("RTP perdus", "RTP lost"),
        Text("inventé", "made up"),
        Text("retard p99", "sent late p99"),
        Text("écouter", "listen"),
    )
    words = frozenset({0, 1, 8})
    tables: list[Table] = []
    if worst:
        rows = tuple(_session_row(one, result, files) for one in worst[:_MOST_OPEN])
        told = Text("Les moins bonnes d'abord", "The worst first")
        tables.append(Table(told, columns, rows, words))
    if len(worst) > _MOST_OPEN:
        kept = sorted(worst[:_MOST_ROWS], key=lambda one: one.session)
        rows = tuple(_session_row(one, result, files) for one in kept)
        title = (
            Text("Toutes les sessions", "All sessions")
            if len(kept) == len(worst)
            else Text(f"Les {len(kept)} sessions les moins bonnes", f"The {len(kept)} worst sessions")
        )
        tables.append(Table(title, columns, rows, words, folded=True))
    return tables + ([_missing_table(result)] if result.not_measured else [])


def _session_row(one: SessionFigures, result: LoadResult, files: Collection[str]) -> Row:
    figures = one.figures
    delay, name = figures.one_way_delay_ms, f"{figures.speaker}/received.wav"
    sound: Cell = Link("received.wav", name) if name in files else "—"
    standing = STANDINGS[standing_of(one, result.verdict.figures)]
    notes = [standing, *([Text.same(one.failure)] if one.failure else [])]
    if one.reconnections:
        count = one.reconnections
        notes.append(Text(f"reconnexions : {count}", f"reconnections: {count}"))
    return (
        f"{one.session} ({one.cell})",
        joined(" ; ", notes),
        f"{figures.packets_received} / {figures.packets_sent}",
        milliseconds(delay.median),
        milliseconds(delay.p95),
        per_cent(figures.rtp.packet_loss_ratio, 2),
        per_cent(figures.rtp.concealed_ratio, 2),
        milliseconds(figures.tester.pacing_lateness_p99_ms),
        sound,
    )


def _missing_table(result: LoadResult) -> Table:
    rows = tuple((f"{one.session} ({one.cell})", one.reason) for one in result.not_measured[:_MOST_ROWS])
    columns = (Text("session (processus)", "session (process)"), Text("raison", "reason"))
    title = Text("Sessions non mesurées", "Sessions that were not measured")
    return Table(title, columns, rows, frozenset({0, 1}), folded=len(rows) > _MOST_OPEN)


def process_table(cells: Sequence[CellFigures]) -> Table | None:
    """Return what each process of the tester took, and whether it kept its pace; None where all died."""
    if not cells:
        return None
    columns = (
        Text("processus", "process"),
        Text("sessions", "sessions"),
        Text("processeur (d'un cœur)", "processor (of a core)"),
        Text("par session", "a session"),
        Text("mémoire", "memory"),
        Text("croissance / min", "growth / min"),
        Text("retard p50 / p99 / max.", "sent late p50 / p99 / max."),
        Text("boucle p99", "loop p99"),
        Text("trames omises", "frames left out"),
        Text("partie après", "began after"),
    )
    title = Text("Processus du testeur", "Processes of the tester")
    rows = tuple(_process_row(cell) for cell in cells[:_MOST_ROWS])
    return Table(title, columns, rows, folded=len(rows) > _MOST_OPEN)


def _process_row(cell: CellFigures) -> Row:
    lateness = cell.pacing_lateness_ms
    growth = cell.memory_growth_bytes_per_minute
    late = " / ".join(
        "—" if value is None else f"{value:.{digits}f}"
        for value, digits in ((lateness.median, 2), (lateness.p99, 1), (lateness.max, 1))
    )
    return (
        str(cell.cell),
        str(cell.sessions),
        per_cent(cell.cpu_ratio, 0),
        per_cent(cell.cpu_per_session_ratio),
        _megabytes(cell.memory_bytes),
        "—" if growth is None else f"{growth / _MEGABYTE:+.2f} MB",
        f"{late} ms",
        milliseconds(cell.event_loop_lag_p99_ms),
        str(cell.frames_skipped),
        milliseconds(cell.start_late_ms),
    )


def _megabytes(count: int) -> str:
    return f"{count / _MEGABYTE:.0f} MB"


def host_table(result: LoadResult) -> Table:
    """Return how busy the tester's machine was while all spoke."""
    host = result.host
    rows: list[Row] = [
        (Text("cœurs", "cores"), str(host.cores)),
        (
            Text("occupée, moyenne et p95", "busy, average and p95"),
            f"{per_cent(host.busy_ratio_avg, 0)}, {per_cent(host.busy_ratio_p95, 0)}",
        ),
        (Text("mémoire utilisée", "memory used"), per_cent(host.memory_used_ratio, 0)),
        (
            Text("dernière session partie après", "last session began after"),
            milliseconds(result.start_spread_ms),
        ),
    ]
    return Table(Text("Machine du testeur", "The tester's machine"), (_FIGURE, _VALUE), tuple(rows))


def server_table(server: ServerFigures | None) -> Table | None:
    """Return what the server said of itself while all spoke; None where it says nothing."""
    if server is None:
        return None
    rows: list[Row] = [
        (
            Text("processeur", "processor"),
            Text(
                f"{per_cent(server.cpu_ratio, 0)} d'un cœur, de {server.cores}",
                f"{per_cent(server.cpu_ratio, 0)} of a core, of {server.cores}",
            ),
        ),
        (Text("mémoire", "memory"), _megabytes(server.memory_bytes)),
        (
            Text("paquets reçus, émis, jetés", "packets in, out, dropped"),
            f"{server.packets_in}, {server.packets_out}, {server.packets_dropped}",
        ),
        (
            Text("gardés plus de 20 ms", "kept for longer than 20 ms"),
            per_cent(server.forwarded_late_ratio, 2),
        ),
        (
            Text("99 % gardés moins de", "99 % kept for less than"),
            milliseconds(server.forwarded_within_ms, 2),
        ),
        (Text("réponse, au plus", "answer, at most"), milliseconds(server.answer_max_ms, 0)),
        (
            Text("sur la machine du testeur", "on the tester's machine"),
            Text("oui", "yes") if server.is_on_this_machine else Text("non", "no"),
        ),
    ]
    return Table(Text("Serveur LiveKit", "LiveKit server"), (_FIGURE, _VALUE), tuple(rows))
