"""A run that was really measured gives the same figures again: from its folder and from the store."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ExitCode
from tests.e2e.conftest import SHORT, Home

pytestmark = pytest.mark.e2e

SAME = "🟢 same figures to the last digit"
Interrupt = Callable[[subprocess.Popen[str], Path, str, int], int]


def test_a_run_is_analysed_again_from_its_folder_and_from_the_store(served_home: Home) -> None:
    done = served_home.run(*SHORT)
    served_home.require_good(done.returncode, done.stdout + done.stderr)
    (folder,) = served_home.run_folders()
    # The nights before are not looked at again.
    result = json.loads((folder / "results.json").read_text()) | {"baseline": None}

    output = served_home.path / "again.json"
    here = served_home.run("replay", folder.name, "--output", str(output))
    assert here.returncode == done.returncode, here.stdout + here.stderr
    assert SAME in here.stdout
    assert json.loads(output.read_text()) == result

    uri = next(line.strip() for line in done.stdout.splitlines() if line.strip().startswith("s3://"))
    shutil.rmtree(served_home.results)
    for name in (uri, folder.name):
        away = served_home.run("replay", name, "--output", str(output), TMPDIR=str(served_home.path))
        assert away.returncode == done.returncode, away.stdout + away.stderr
        assert SAME in away.stdout
        assert json.loads(output.read_text()) == result
    assert not list(served_home.path.glob("eloquence-replay-*"))


def test_what_was_recorded_before_an_interruption_can_be_analysed(
    served_home: Home, interrupted_when: Interrupt
) -> None:
    process = served_home.start("--test", "latency")
    interrupted_when(process, served_home.output, "AUDIO PACKET #3", signal.SIGINT)
    (folder,) = served_home.run_folders()
    assert not (folder / "results.json").exists()
    output = served_home.path / "again.json"
    done = served_home.run("replay", folder.name, "--output", str(output))
    assert output.exists(), (sorted(path.name for path in folder.iterdir()), done.stdout + done.stderr)
    assert done.returncode in {ExitCode.THRESHOLD_MISSED, ExitCode.NOT_CARRIED_OUT}
    result = json.loads(output.read_text())
    assert "the transmission broke off: interrupted" in result["verdict"]["reasons"]
    assert result["packets_sent"] >= 2
    assert result["run"]["parameters"]["packets"] == 20
