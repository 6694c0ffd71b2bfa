"""What a measured session costs, and how many of them a process and this machine pace.

Carries sessions on a LiveKit of its own, in load cells, without Prefect; writes ``docs/benchmarks-load.md``.
Run it with ``python -m benchmarks.load`` on a quiet machine (some ten minutes), or with
``--try SESSIONS CELLS SECONDS [--plain]`` for one line of its table.
"""

from __future__ import annotations

import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.page import PROJECT, measured
from eloquence_pipeline.load.cells import run_cells
from eloquence_pipeline.load.host_watch import HostWatch
from eloquence_pipeline.load.planning import plan_cells, tokens_of
from eloquence_pipeline.load.server_watch import ServerWatch
from eloquence_pipeline.measurement.load import merged
from eloquence_pipeline.models import SpeechScript
from eloquence_pipeline.models.load import CellResult, HostFigures, LoadWish, ServerFigures
from eloquence_pipeline.servers import embedded_servers
from eloquence_pipeline.settings import Settings, load_settings
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.script import lay_out, phrases_to_fill
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer

REPORT = PROJECT / "docs" / "benchmarks-load.md"
SECONDS = 20
REST_SECONDS = 5
ONE_PROCESS = (1, 2, 4, 8, 12, 16)
ONE_PROCESS_PLAIN = (1, 4, 8)
TWO_PROCESSES = (8, 16, 20, 24)
LATENESS_MS = 10.0
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Row:
    """One load that was carried."""

    sessions: int
    cells: int
    is_plain: bool
    cpu_per_session: float
    memory_mb: float
    lateness_ms: tuple[float, float, float]
    loop_lag_ms: float
    frames_skipped: int
    valid: int
    delay_median_ms: float
    delay_standard_deviation_ms: float
    jitter_buffer_ms: float
    received: tuple[int, int]
    loss: float
    concealed: float
    host_busy: float
    server_cores: float


def main() -> None:
    """Measure, print and write the report; or measure one load and print it."""
    arguments = [argument for argument in sys.argv[1:] if argument.isdigit()]
    settings = load_settings()
    with embedded_servers(settings, livekit=True, s3=False, prefect=False) as endpoints:
        livekit = endpoints.livekit
        assert livekit is not None
        complete = settings.model_copy(
            update={
                "livekit_url": livekit.url,
                "api_key": livekit.api_key,
                "api_secret": livekit.api_secret,
            }
        )
        bench = Bench(complete, livekit.metrics_url)
        print(HEAD)
        if arguments:
            sessions, cells, seconds = (int(argument) for argument in arguments)
            bench.carry(sessions, cells, seconds, plain="--plain" in sys.argv)
            return
        rows = [bench.carry(count, 1, SECONDS, plain=True) for count in ONE_PROCESS_PLAIN]
        rows += [bench.carry(count, 1, SECONDS) for count in ONE_PROCESS]
        rows += [bench.carry(count, 2, SECONDS) for count in TWO_PROCESSES]
    REPORT.write_text(report(rows), encoding="utf-8")
    print(f"\nwritten: {REPORT.relative_to(PROJECT)}")


TITLES = (
    "sessions",
    "processes",
    "way",
    "CPU a session, % of a core",
    "MB a process",
    "lateness p50/p99/max, ms",
    "loop lag p99, ms",
    "frames left out",
    "sessions paced",
    "delay median, ms",
    "its sd in a session, ms",
    "of it jitter buffer, ms",
    "phrases",
    "loss %",
    "concealed %",
    "machine %",
    "server, % of a core",
)
HEAD = f"| {' | '.join(TITLES)} |\n|{'---|' * len(TITLES)}"


class Bench:
    """Carries loads on one server."""

    def __init__(self, settings: Settings, metrics_url: str) -> None:
        self._settings = settings
        self._metrics_url = metrics_url
        self._synthesizer = VoiceSynthesizer.from_settings(settings)

    def carry(self, sessions: int, cells: int, seconds: int, *, plain: bool = False) -> Row:
        """Carry one load in so many processes, print it, rest, and return it."""
        wish = LoadWish(sessions=sessions, duration_seconds=seconds)
        scripts = [self._script(number, seconds) for number in range(1, sessions + 1)]
        with tempfile.TemporaryDirectory(prefix="eloquence-bench-") as folder:
            plans = plan_cells(
                wish,
                scripts,
                self._settings,
                folder=Path(folder),
                room=f"bench-{secrets.token_hex(4)}",
                sessions_per_cell=-(-sessions // cells),
            )
            plans = [plan.model_copy(update={"is_plain": plain}) for plan in plans]
            host, server = HostWatch(), ServerWatch(self._metrics_url)
            carried = asyncio.run(run_cells(plans, tokens_of(plans, self._settings), [host, server]))
        row = _row(carried, host.figures, server.figures, plain=plain)
        print(line_of(row), flush=True)
        time.sleep(REST_SECONDS)
        return row

    def _script(self, seed: int, seconds: int) -> SpeechScript:
        phrases = load_catalogue().phrases("greetings", "coaching")
        chosen = phrases_to_fill(phrases, seed, seconds, 0.5, self._settings.speech.rate_wpm)
        clips = [self._synthesizer.synthesise(phrase) for phrase in chosen]
        return lay_out(clips, seed, 0.5, 0.5, seconds)


def _row(cells: Sequence[CellResult], host: HostFigures, server: ServerFigures | None, *, plain: bool) -> Row:
    sessions = [one for cell in cells for one in cell.sessions]
    figures = [cell.figures for cell in cells if cell.figures is not None]
    whole = merged(sessions)
    spread = [
        deviation
        for one in sessions
        if (deviation := one.figures.figures.one_way_delay_ms.standard_deviation) is not None
    ]
    lateness = [one.pacing_lateness_ms for one in figures]
    return Row(
        sessions=len(sessions),
        cells=len(cells),
        is_plain=plain,
        cpu_per_session=sum(one.cpu_ratio for one in figures) / max(1, len(sessions)),
        memory_mb=max(one.memory_bytes for one in figures) / _MEGABYTE,
        lateness_ms=(
            statistics.median(one.median or 0.0 for one in lateness),
            max(one.p99 or 0.0 for one in lateness),
            max(one.max or 0.0 for one in lateness),
        ),
        loop_lag_ms=max(one.event_loop_lag_p99_ms for one in figures),
        frames_skipped=sum(one.frames_skipped for one in figures),
        valid=sum(one.figures.is_valid for one in sessions),
        delay_median_ms=whole.one_way_delay_ms.median or 0.0,
        delay_standard_deviation_ms=statistics.median(spread) if spread else 0.0,
        jitter_buffer_ms=whole.jitter_buffer_ms.median or 0.0,
        received=(whole.phrases_received, whole.phrases_sent),
        loss=whole.rtp.packet_loss_ratio or 0.0,
        concealed=whole.rtp.concealed_ratio or 0.0,
        host_busy=host.busy_ratio_avg,
        server_cores=server.cpu_ratio if server else 0.0,
    )


def line_of(row: Row) -> str:
    """Return a load as a row of the table."""
    p50, p99, most = row.lateness_ms
    heard, said = row.received
    return (
        f"| {row.sessions} | {row.cells} | {'public' if row.is_plain else 'shortcut'} "
        f"| {row.cpu_per_session * 100:.1f} | {row.memory_mb:.0f} | {p50:.2f} / {p99:.1f} / {most:.0f} "
        f"| {row.loop_lag_ms:.1f} | {row.frames_skipped} | {row.valid} | {row.delay_median_ms:.1f} "
        f"| {row.delay_standard_deviation_ms:.2f} | {row.jitter_buffer_ms:.1f} | {heard}/{said} "
        f"| {row.loss * 100:.2f} | {row.concealed * 100:.2f} | {row.host_busy * 100:.0f} "
        f"| {row.server_cores * 100:.0f} |"
    )


def report(rows: Sequence[Row]) -> str:
    """Return the page of the documentation."""
    alone = [row for row in rows if row.cells == 1 and not row.is_plain]
    punctual = [row.sessions for row in alone if row.lateness_ms[1] < LATENESS_MS]
    first, last = alone[0], alone[-1]
    memory = (last.memory_mb - first.memory_mb) / (last.sessions - first.sessions)
    tried = ", ".join(str(row.sessions) for row in alone)
    table = "\n".join(line_of(row) for row in rows)
    return f"""# What a measured session costs

{measured()}, with the LiveKit
server on the same cores; {SECONDS} s of real speech for each row, one row after the other, nothing else on
the machine. Repeat it with `python -m benchmarks.load`.

- Most sessions that one process paced at a lateness p99 under {LATENESS_MS:.0f} ms:
  {max(punctual, default=0)} (tried: {tried}).
- Memory: {first.memory_mb:.0f} MB for a process with one session, {memory:.1f} MB for each further
  one.

{HEAD}
{table}

A session is a speaker and a listener in a room of their own, both recorded. "Public" is the SDK's public
way, "shortcut" that past its event queue ([ADR 17](adr/0017-load.md)). Lateness is that of every frame of
10 ms against its own deadline; a session counts as paced by the thresholds of a verdict.
"""


if __name__ == "__main__":
    main()
