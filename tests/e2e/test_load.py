"""Many sessions at once, with the whole command on real servers."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from eloquence_pipeline.errors import ExitCode
from tests.e2e.conftest import Home, in_one_line
from tests.polling import await_true

pytestmark = pytest.mark.e2e


def test_every_session_is_measured_and_kept(served_home: Home) -> None:
    arguments = ("--sessions", "2", "--background", "1", "--duration", "8s", "--seed", "4")
    done = served_home.run("--test", "load", *arguments, "--output", "out.json")
    told = done.stdout + done.stderr
    result = json.loads((served_home.path / "out.json").read_text())
    assert (result["sessions_planned"], result["sessions_measured"]) == (2, 2), told
    assert (result["background_planned"], result["background_carried"]) == (1, 1)
    assert 1 <= result["figures"]["phrases_received"] <= result["figures"]["phrases_sent"]
    assert {session["figures"]["speaker"] for session in result["sessions"]} == {"session-001", "session-002"}
    assert result["server"]["cpu_ratio"] > 0
    assert result["server"]["is_on_this_machine"]
    # A machine that other tests keep busy is the tester's limit, and nothing else may be.
    expected = {"none": ExitCode.PASSED, "tester": ExitCode.NOT_CARRIED_OUT}
    assert done.returncode == expected[result["limit"]["side"]], told
    (folder,) = served_home.results.glob("runs/*/load/*")
    assert json.loads((folder / "results.json").read_text()) == result
    named = {file["name"] for file in json.loads((folder / "manifest.json").read_text())["files"]}
    assert {"results.json", "report.html"} <= named
    again = served_home.run("report", folder.name, "--output", "again.html")
    assert again.returncode == ExitCode.PASSED, again.stdout + again.stderr
    assert folder.name in (served_home.path / "again.html").read_text()
    for number in (1, 2):
        session = folder / f"session-{number:03d}"
        assert {"sent.wav", "received.wav", "transmission.json"} <= {path.name for path in session.iterdir()}
    assert "session-003" not in {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("load", "--sessions", "0"), "--sessions"),
        (("capacity", "--sessions", "2.5"), "--sessions"),
    ],
)
def test_numbers_that_are_none_are_refused_before_anything_starts(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    home = Home(tmp_path)
    done = home.run("--test", *arguments)
    assert done.returncode == ExitCode.USAGE
    assert told in in_one_line(done.stdout + done.stderr)
    assert not home.results.exists()


def test_ctrl_c_ends_every_cell(
    served_home: Home, interrupted_when: Callable[[subprocess.Popen[str], Path, str, int], int]
) -> None:
    process = served_home.start("--test", "load", "--sessions", "2", "--duration", "1m")
    code = interrupted_when(process, served_home.output, "départ commun", signal.SIGINT)
    assert code == 130, served_home.output.read_text()
    await_true(lambda: not cells_of(served_home), "no cell is left")


def cells_of(home: Home) -> list[psutil.Process]:
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if "eloquence_pipeline.load.process" in " ".join(process.cmdline()) and any(
                str(home.path) in value for value in process.environ().values()
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found
