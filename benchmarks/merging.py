"""What it takes to put together the raw figures of many load cells.

Takes those of a real load on many machines, repeats its sessions under new numbers until there are as many as
asked for, 16 in each load cell, and reads and merges them as the coordinator does. Run it with
``python -m benchmarks.merging RUN SESSIONS``, where RUN is the folder of a ``--test load --cells N``.
"""

from __future__ import annotations

import sys
import time
from itertools import cycle, islice
from pathlib import Path

import psutil

from eloquence_pipeline.clock import KernelClock
from eloquence_pipeline.measurement.load_machines import Lead, merge_machines
from eloquence_pipeline.models.load import CellResult, LoadWish, MeasuredSession
from eloquence_pipeline.models.load_cells import ManyMachinesResult, ShareFigures
from eloquence_pipeline.settings import ThresholdSettings

SESSIONS_PER_CELL = 16
_MEGABYTE = 1e6


def repeated(parts: list[ShareFigures], sessions: int) -> list[bytes]:
    """Return the figures of as many load cells as so many sessions take, as they lie in the store."""
    measured = cycle([one for part in parts for process in part.processes for one in process.sessions])
    template, texts = parts[0], list[bytes]()
    for first in range(1, sessions + 1, SESSIONS_PER_CELL):
        count = min(SESSIONS_PER_CELL, sessions + 1 - first)
        own = [_numbered(one, first + place) for place, one in enumerate(islice(measured, count))]
        process = template.processes[0].model_copy(
            update={"cell": first, "sessions": tuple(own), "not_measured": ()}
        )
        texts.append(_text(template, first // SESSIONS_PER_CELL + 1, process))
    return texts


def _numbered(session: MeasuredSession, number: int) -> MeasuredSession:
    return session.model_copy(update={"figures": session.figures.model_copy(update={"session": number})})


def _text(template: ShareFigures, cell: int, process: CellResult) -> bytes:
    part = template.model_copy(update={"cell": cell, "processes": (process,)})
    return part.model_dump_json(indent=2, by_alias=True).encode()


def main() -> int:
    """Print one line."""
    run, sessions = Path(sys.argv[1]), int(sys.argv[2])
    files = sorted((run / "cells").glob("*-figures.json"))
    parts = [ShareFigures.model_validate_json(path.read_bytes()) for path in files]
    whole = ManyMachinesResult.model_validate_json((run / "results.json").read_bytes())
    texts = repeated(parts, sessions)
    before, began = psutil.Process().memory_info().rss, time.monotonic()
    read = [ShareFigures.model_validate_json(text) for text in texts]
    parsed = time.monotonic()
    result = merge_machines(
        whole.run,
        LoadWish(sessions=sessions, duration_seconds=int(whole.run.parameters["duration_seconds"])),  # pyright: ignore[reportArgumentType]
        read,
        Lead(
            clock_id=whole.run.clock_id,
            kernel_clock=KernelClock(is_synchronised=None),
            start_at=whole.start_at,
            bounds={},
            lost=(),
        ),
        server=whole.server,
        thresholds=ThresholdSettings(),
    )
    merged, text = time.monotonic(), result.to_json()
    grown = psutil.Process().memory_info().rss - before
    print(
        f"{sessions} sessions in {len(texts)} load cells, {result.figures.phrases_sent} phrases: "
        f"{sum(map(len, texts)) / _MEGABYTE:.1f} MB of figures ({len(texts[0]) / 1e3:.0f} kB a load cell), "
        f"read in {parsed - began:.1f} s, merged in {merged - parsed:.1f} s, "
        f"{grown / _MEGABYTE:.0f} MB of memory, results.json of {len(text) / _MEGABYTE:.1f} MB"
    )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
