"""How long a new user waits: set-up from nothing, later starts, what is beyond the speech, and the doctor.

Clones the committed state into a temporary folder, with an empty home beside it, and runs ``make run`` and
``eloquence doctor`` there as a user would. Writes ``docs/benchmarks.md``.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.page import PROJECT, measured, median_range

REPORT = PROJECT / "docs" / "benchmarks.md"
FIRST_PHRASE = "AUDIO PACKET #1"
LATER_RUNS = 3
SPEECH_SECONDS = 30
HEALTHY_DOCTOR_SECONDS = 15.0
"""What the doctor may take where nothing is wrong."""


@dataclass(frozen=True)
class Timing:
    """One ``make run``."""

    to_first_phrase_seconds: float
    total_seconds: float
    delay_median_ms: float
    delay_standard_deviation_ms: float
    lateness_p99_ms: float


def main() -> None:
    """Measure, print and write the report."""
    with tempfile.TemporaryDirectory(prefix="eloquence-bench-") as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
        timings = [_make_run(clone, home, number) for number in range(1 + LATER_RUNS)]
        doctor_seconds = [_doctor_seconds(clone, home) for _ in range(LATER_RUNS)]
        if max(doctor_seconds) >= HEALTHY_DOCTOR_SECONDS:
            sys.exit(
                f"the doctor took {max(doctor_seconds):.1f} s, not less than {HEALTHY_DOCTOR_SECONDS:g} s"
            )
        left = _output(["git", "-C", str(clone), "status", "--porcelain"])
        if left:
            sys.exit(f"the runs left files that git does not ignore:\n{left}")
    REPORT.write_text(_report(timings[0], timings[1:], doctor_seconds), encoding="utf-8")
    print(f"\nwritten: {REPORT.relative_to(PROJECT)}")


def _make_run(clone: Path, home: Path, number: int) -> Timing:
    print(f"\n### run {number + 1} of {1 + LATER_RUNS}", flush=True)
    output = clone / "results.json"
    began = time.monotonic()
    first_phrase = None
    with subprocess.Popen(
        ["make", "run", f"ARGS=--test basic --duration {SPEECH_SECONDS} --output {output}"],
        cwd=clone,
        env=_environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(f"{time.monotonic() - began:7.1f} s  {line}", end="", flush=True)
            if first_phrase is None and FIRST_PHRASE in line:
                first_phrase = time.monotonic() - began
    total = time.monotonic() - began
    if process.returncode != 0 or first_phrase is None:
        sys.exit(f"make run failed with exit code {process.returncode}")
    result = json.loads(output.read_text(encoding="utf-8"))
    delay = result["delay"]["one_way_delay_ms"]
    return Timing(
        first_phrase,
        total,
        delay["median"],
        delay["standard_deviation"],
        result["tester"]["pacing_lateness_p99_ms"],
    )


def _doctor_seconds(clone: Path, home: Path) -> float:
    began = time.monotonic()
    subprocess.run([clone / ".venv/bin/eloquence", "doctor"], cwd=clone, env=_environment(home), check=True)
    return time.monotonic() - began


def _environment(home: Path) -> dict[str, str]:
    """Return what a new user has: no bytecode switched off and no uv of the developer's; PATH is theirs."""
    kept = ("PATH", "LANG", "SSL_CERT_FILE", "PIP_CERT", "PIP_FIND_LINKS")
    return {name: os.environ[name] for name in kept if name in os.environ} | {"HOME": str(home)}


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _report(first: Timing, later: list[Timing], doctor_seconds: list[float]) -> str:
    go = "with Go on PATH" if shutil.which("go") else "without Go"
    beyond = [timing.total_seconds - SPEECH_SECONDS for timing in later]
    deviation_ms = [timing.delay_standard_deviation_ms for timing in later]
    return f"""# Benchmarks

{measured()}, {go}. Repeat it with `make bench`: it clones the
committed state, gives it an empty home, and runs `make run` (30 s of speech) {1 + LATER_RUNS} times
and `eloquence doctor` {LATER_RUNS} times.
Where there is a range it is the median (lowest to highest) of {LATER_RUNS} runs.

| What | Seconds |
|---|---|
| First `make run` on a fresh machine, until the first phrase | {first.to_first_phrase_seconds:.0f} |
| the same, to its end | {first.total_seconds:.0f} |
| Later `make run`, until the first phrase | {median_range([t.to_first_phrase_seconds for t in later])} |
| Later `make run`, everything beyond the {SPEECH_SECONDS} s of speech | {median_range(beyond)} |
| `eloquence doctor` where nothing is wrong, with servers of its own | {median_range(doctor_seconds)} |

The first run includes getting uv, installing the locked packages with their bytecode, and building LiveKit
and MinIO from source. The first phrase comes 1 s after the transmission has begun: that second of
silence lets the receiver's jitter buffer settle.

| Of the later runs | |
|---|---|
| Median one-way delay of a phrase, ms | {median_range([t.delay_median_ms for t in later])} |
| Standard deviation of it within a run, ms | {median_range(deviation_ms, 2)} |
| Lateness of the sender, 99th percentile, ms | {median_range([t.lateness_p99_ms for t in later], 2)} |
"""


if __name__ == "__main__":
    main()
