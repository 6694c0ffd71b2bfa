"""What the pipeline takes beyond the speech: a scenario, the suite, the analysis, the way into the store.

Writes ``docs/benchmarks-costs.md``. Run it with ``python -m benchmarks.costs`` on a quiet machine (some
six minutes); ``python -m benchmarks.costs store`` prints the figures of the store alone.
"""

from __future__ import annotations

import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import analysis_speed
from benchmarks.own_store import own_store
from benchmarks.page import PROJECT, measured, median_range
from eloquence_pipeline.storage import ObjectStore
from eloquence_pipeline.storage.archive import upload
from eloquence_pipeline.storage.evidence import RunFolder

REPORT = PROJECT / "docs" / "benchmarks-costs.md"
REPETITIONS = 2
COMMANDS = {
    "`--test basic`": ("--test", "basic"),
    "`--all`": ("--all",),
}
MEGABYTE = 1_000_000
SHAPES = {
    "one file of 200 MB": (200 * MEGABYTE,),
    "10 files of 20 MB": (20 * MEGABYTE,) * 10,
    "500 files of 20 kB": (20_000,) * 500,
}


@dataclass(frozen=True)
class Overhead:
    """What a command took, several times, and how much of that was the transmission."""

    speech_seconds: float
    beyond_seconds: tuple[float, ...]


@dataclass(frozen=True)
class Rate:
    """How fast a run was sent, several times: hashed, sent, and acknowledged with its checksum."""

    megabytes: float
    objects: int
    seconds: tuple[float, ...]


def main() -> None:
    """Measure, print and write the page."""
    if "store" in sys.argv[1:]:
        print(rate_rows(store_rates()))
        return
    overheads = {name: overhead(name, arguments) for name, arguments in COMMANDS.items()}
    rates = store_rates()
    speeds = analysis_speed.measured()
    REPORT.write_text(page(overheads, rates, speeds), encoding="utf-8")
    print(f"\nwritten: {REPORT.relative_to(PROJECT)}")


def overhead(name: str, arguments: Sequence[str]) -> Overhead:
    """Run a command as a user does who keeps no servers, and take the speech off."""
    beyond: list[float] = []
    speech = 0.0
    for _ in range(REPETITIONS):
        with tempfile.TemporaryDirectory(prefix="eloquence-bench-") as folder:
            output = Path(folder) / "results.json"
            began = time.monotonic()
            done = subprocess.run(
                [str(Path(sys.executable).with_name("eloquence")), *arguments, "--output", str(output)],
                cwd=folder,
                env=os.environ | {"NO_COLOR": "1"},
                capture_output=True,
                text=True,
                check=False,
            )
            whole = time.monotonic() - began
            if done.returncode != 0:
                sys.exit(f"{name} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
            speech = transmitted_seconds(json.loads(output.read_text(encoding="utf-8")))
            beyond.append(whole - speech)
            print(f"{name}: {whole:.1f} s, of which {speech:.1f} s speech", flush=True)
    return Overhead(speech, tuple(beyond))


def transmitted_seconds(result: dict[str, Any]) -> float:
    """Return how long the transmissions of a result, or of all tests of a suite, took."""
    parts: list[dict[str, Any]] = list(result.get("tests", {"": result}).values())
    return sum(float(one["duration_seconds"]) for one in parts)


def store_rates() -> dict[str, Rate]:
    """Send runs of several shapes to a MinIO of this machine."""
    with own_store() as (results, store):
        return {name: _rate(results, store, sizes) for name, sizes in SHAPES.items()}


def _rate(results: Path, store: ObjectStore, sizes: Sequence[int]) -> Rate:
    timings: list[float] = []
    for _ in range(REPETITIONS):
        run = RunFolder.create(results, datetime.now(UTC), "basic")
        for number, size in enumerate(sizes):
            # Noise, as sound nearly is: nothing on the way can make it smaller.
            run.file(f"part-{number:03d}.wav").write_bytes(secrets.token_bytes(size))
        run.seal()
        began = time.perf_counter()
        upload(run, store)
        timings.append(time.perf_counter() - began)
    return Rate(sum(sizes) / MEGABYTE, len(sizes) + 1, tuple(timings))


def rate_rows(rates: dict[str, Rate]) -> str:
    """Return the rows of the table."""
    rows = ["| A run of | seconds | MB a second | objects a second |", "|---|---|---|---|"]
    for name, rate in rates.items():
        usual = statistics.median(rate.seconds)
        speed = f"{rate.megabytes / usual:.0f} | {rate.objects / usual:.0f}"
        rows.append(f"| {name} | {median_range(rate.seconds, 2)} | {speed} |")
    return "\n".join(rows)


def page(
    overheads: dict[str, Overhead], rates: dict[str, Rate], speeds: dict[str, analysis_speed.Speed]
) -> str:
    """Return the page of the documentation."""
    beyond = "\n".join(
        f"| {name} | {one.speech_seconds:.0f} | {median_range(one.beyond_seconds)} |"
        for name, one in overheads.items()
    )
    analysed = "\n".join(
        f"| {name} | {one.seconds:.2f} | {one.received} of {one.said} |" for name, one in speeds.items()
    )
    return f"""# What the pipeline takes beyond the speech

{measured()}, nothing else on the machine.
Repeat it with `python -m benchmarks.costs`. Where there is a range it is the median (lowest to
highest) of {REPETITIONS}.

## A test and the suite

From the command to its end, with servers of its own that it starts and stops, scores, reports and evidence:

| What | of it speech, s | beyond the speech, s |
|---|---|---|
{beyond}

## Analysis

Delay and loss of {analysis_speed.SECONDS} s of a call, on one core, median of {analysis_speed.REPETITIONS}:

| What was received | seconds | phrases received |
|---|---|---|
{analysed}

## The store

A sealed run is sent to a MinIO on the same machine: hashed here, checked there, the manifest last.

{rate_rows(rates)}
"""


if __name__ == "__main__":
    main()
