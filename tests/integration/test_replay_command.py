"""``eloquence replay`` as a user calls it, on golden runs, in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ExitCode
from tests.golden.cases import EXPECTED
from tests.golden.runs import CLEAN, LOSSY, SEVERAL, GoldenRun

pytestmark = pytest.mark.integration

COMMAND = "import sys; from flows.cli import main; main()"
NO_PREFECT = (
    "import sys; sys.modules['prefect'] = sys.modules['livekit'] = None; from flows.cli import main; main()"
)


def replay(
    *arguments: str, folder: Path, program: str = COMMAND, **variables: str
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELOQUENCE_")}
    own = {f"ELOQUENCE_FOLDERS__{name}": str(folder / name.lower()) for name in ("RESULTS", "DATA", "STATE")}
    return subprocess.run(
        [sys.executable, "-c", program, "replay", *arguments],
        env=kept | own | {"ELOQUENCE_CONFIG": "", "NO_COLOR": "1"} | variables,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def stored(run: GoldenRun, results: Path) -> Path:
    """Write a golden run with its golden result and seal it."""
    folder = run.write(results, seal=False)
    (folder / "results.json").write_text((EXPECTED / f"{run.name}.json").read_text())
    return folder


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "1"},
        {"OPENBLAS_NUM_THREADS": "4", "PYTHONHASHSEED": "2", "TZ": "Asia/Kolkata", "LC_ALL": "C"},
        # Other processors: without AVX-512, and with the kernels of one of long ago.
        {"NPY_DISABLE_CPU_FEATURES": "X86_V4", "OPENBLAS_CORETYPE": "Haswell"},
        {"OPENBLAS_CORETYPE": "Prescott"},
    ],
    ids=["as it is", "one thread", "four threads, other place", "no AVX-512", "other kernels"],
)
def test_the_figures_are_the_same_to_the_last_digit_in_every_process(
    variables: dict[str, str], tmp_path: Path
) -> None:
    folder, output = stored(LOSSY, tmp_path), tmp_path / "again.json"
    done = replay(str(folder), "--output", str(output), folder=tmp_path, **variables)
    assert "same figures to the last digit" in done.stdout, done.stdout + done.stderr
    assert output.read_text() == (EXPECTED / "lossy.json").read_text()


def test_neither_prefect_nor_livekit_is_needed(tmp_path: Path) -> None:
    done = replay(str(stored(CLEAN, tmp_path)), folder=tmp_path, program=NO_PREFECT)
    assert done.returncode == ExitCode.PASSED, done.stderr


@pytest.mark.parametrize(
    ("run", "code"),
    [(CLEAN, ExitCode.PASSED), (SEVERAL, ExitCode.THRESHOLD_MISSED), (LOSSY, ExitCode.NOT_CARRIED_OUT)],
    ids=["passed", "failed", "invalid"],
)
def test_the_exit_code_is_that_of_the_verdict(run: GoldenRun, code: ExitCode, tmp_path: Path) -> None:
    done = replay(str(stored(run, tmp_path)), folder=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr


def test_other_figures_are_shown_with_their_difference_and_both_methods(tmp_path: Path) -> None:
    folder = stored(CLEAN, tmp_path)
    document = json.loads((folder / "results.json").read_text())
    document["format"]["method_version"] = 1
    document["phrases"][0]["one_way_delay_ms"] -= 0.25
    (folder / "results.json").write_text(json.dumps(document))
    before = {path: path.read_bytes() for path in folder.iterdir()}
    done = replay(str(folder), folder=tmp_path, COLUMNS="120")
    assert done.returncode == ExitCode.PASSED
    (row,) = [line for line in done.stdout.splitlines() if "phrases.1.one_way_delay_ms" in line]
    assert "+0.25" in row
    assert "1 of" in done.stdout
    assert "method 1 → " in done.stdout
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_todays_thresholds_can_be_asked_for(tmp_path: Path) -> None:
    folder = stored(CLEAN, tmp_path)
    strict = {f"ELOQUENCE_THRESHOLDS__LATENCY_{name}_MS": "1" for name in ("EXCELLENT", "GOOD", "ACCEPTABLE")}
    assert replay(str(folder), folder=tmp_path, **strict).returncode == ExitCode.PASSED
    done = replay(str(folder), "--thresholds", "current", folder=tmp_path, **strict)
    assert done.returncode == ExitCode.THRESHOLD_MISSED
    assert "thresholds.latency_acceptable_ms" in done.stdout


def test_every_line_is_json_when_that_is_asked_for(tmp_path: Path) -> None:
    done = replay(str(stored(CLEAN, tmp_path)), folder=tmp_path, ELOQUENCE_LOG_FORMAT="json")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["kind"] for line in lines if line["kind"] != "info"] == ["warning", "result", "comparison"]
    assert lines[-1]["content"]["same"] is True


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("no-such-run",), ExitCode.USAGE, "there is no run 'no-such-run'"),
        ((), ExitCode.USAGE, "RUN"),
        ((".", "--output", "/no/such/folder/x.json"), ExitCode.USAGE, "/no/such/folder/x.json"),
        (("/",), ExitCode.NOT_CARRIED_OUT, "nothing was transmitted"),
    ],
)
def test_what_cannot_be_replayed_is_one_line_and_an_exit_code(
    arguments: tuple[str, ...], code: ExitCode, told: str, tmp_path: Path
) -> None:
    done = replay(*arguments, folder=tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
