"""The whole command as a user runs it, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.servers import down, up
from eloquence_pipeline.settings import Settings, ThresholdSettings
from tests.integration.servers.owner import settings_in
from tests.polling import await_true

ELOQUENCE = Path(sys.executable).with_name("eloquence")
COMMAND_SECONDS = 280
PATIENT = {
    "ELOQUENCE_THRESHOLDS__PACING_LATENESS_P99_MS": "10000",
    "ELOQUENCE_THRESHOLDS__PACING_LATENESS_MAX_MS": "10000",
    "ELOQUENCE_THRESHOLDS__FRAMES_SKIPPED_MAX": "1000000",
}
"""A machine that is busy with other tests is no reason for another verdict."""
WHATEVER_ARRIVES = {
    "ELOQUENCE_THRESHOLDS__LOSS_ACCEPTABLE_RATIO": "1",
    "ELOQUENCE_THRESHOLDS__LATENCY_ACCEPTABLE_MS": "60000",
}
"""Where the voice path is not looked at: a machine that stands still for a moment loses phrases."""
SHORT = ("--test", "latency", "--packets", "2")
"""The shortest whole run there is, for tests to which it does not matter what is said."""


@dataclass(frozen=True)
class Home:
    """Folders of one user, apart from the cache, which holds the server binaries of this machine.

    Attributes
    ----------
    path
        The current folder of the commands; the results lie below it.
    standing
        Where servers run that stay; None for a home whose commands start their own.
    """

    path: Path
    standing: Path | None = None
    _started: list[subprocess.Popen[str]] = field(
        default_factory=list[subprocess.Popen[str]], compare=False, repr=False
    )

    @property
    def servers(self) -> Path:
        """Folder of the servers and their data."""
        return self.standing or self.path

    @property
    def results(self) -> Path:
        """Folder of the evidence."""
        return self.path / "results"

    @property
    def environment(self) -> dict[str, str]:
        """Variables that put everything under `path`."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LIVEKIT_", "ELOQUENCE_", "PREFECT_", "AWS_"))
        }
        folders = {"results": self.results, "data": self.servers / "data", "state": self.servers / "state"}
        own = {f"ELOQUENCE_FOLDERS__{name.upper()}": str(folder) for name, folder in folders.items()}
        return {
            **kept,
            **own,
            "PREFECT_HOME": str(self.servers / "prefect-client"),
            "NO_COLOR": "1",
            # Scoring takes seconds a run; the tests that look at scores switch it on.
            "ELOQUENCE_QUALITY__ENABLED": "false",
            **PATIENT,
            # Most tests look at the recordings; one looks at what is kept by default.
            "ELOQUENCE_EVIDENCE__KEEP": "everything",
        }

    @property
    def settings(self) -> Settings:
        """The settings of this home, for the test itself."""
        return settings_in(self.servers)

    def run(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run ``eloquence`` to its end."""
        return subprocess.run(
            [str(ELOQUENCE), *arguments],
            env=self.environment | variables,
            cwd=self.path,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        """Start ``eloquence`` and return at once; its output goes to ``output.txt``."""
        with self.output.open("w") as output:
            command = subprocess.Popen(
                [str(ELOQUENCE), *arguments],
                env=self.environment | variables,
                cwd=self.path,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self._started.append(command)
        return command

    def end_commands(self) -> None:
        """End the commands that a test did not wait for: one that failed leaves none to the next."""
        while self._started:
            command = self._started.pop()
            if command.poll() is None:
                command.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    command.wait(timeout=30)
                command.kill()
            command.wait()

    @property
    def output(self) -> Path:
        """What a started command has printed."""
        return self.path / "output.txt"

    def run_folders(self) -> list[Path]:
        """Return the folders of all runs, oldest first."""
        return sorted((self.results / "runs").glob("*/*/*"))

    def only_result(self) -> dict[str, Any]:
        """Return the result of the one run there is."""
        (folder,) = self.run_folders()
        return json.loads((folder / "results.json").read_text())

    def require_good(self, returncode: int, told: str = "") -> None:
        """Require that every run was good, and the exit code says so.

        Whatever became of a run in which this machine stood still for a moment is excused: how well it keeps
        the pace is for benchmarks to say.
        """
        written = [json.loads(path.read_text()) for path in self.results.glob("runs/*/*/*/results.json")]
        # That of a suite holds those of its tests.
        results = [result for result in written if "verdict" in result]
        assert results, told
        missed = [result["verdict"]["reasons"] for result in results if result["verdict"]["reasons"]]
        on_pace = [result["verdict"]["reasons"] for result in results if was_undisturbed(result)]
        assert not any(on_pace), (on_pace, told)
        bad = {ExitCode.THRESHOLD_MISSED, ExitCode.NOT_CARRIED_OUT}
        assert returncode in (bad if missed else {ExitCode.PASSED}), (missed, told)

    def processes(self) -> list[psutil.Process]:
        """Return the living processes that name this home in their environment."""
        found: list[psutil.Process] = []
        for process in psutil.process_iter():
            try:
                mentions = any(str(self.path) in value for value in process.environ().values())
                if mentions and process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
            except psutil.Error:
                continue
        return found


def was_undisturbed(result: dict[str, Any]) -> bool:
    """Return whether this machine kept the pace in a run: whether what is heard is the voice path's doing."""
    usual, tester = ThresholdSettings(), result["tester"]
    late_ms = max(tester["pacing_lateness_p99_ms"], tester["event_loop_lag_p99_ms"])
    return (
        late_ms <= usual.pacing_lateness_p99_ms
        and tester["pacing_lateness_max_ms"] <= usual.pacing_lateness_max_ms
        and tester["frames_skipped"] == 0
        # On loopback nothing but a machine that stands still leaves the jitter buffer without packets.
        and result["loss"]["concealed"]["lost"] == 0
    )


def require_arrived(result: dict[str, Any], phrases: int) -> None:
    """Require that so many phrases were said, and all received unless this machine stood still for a moment.

    What a jitter buffer that ran dry puts into the middle of a short phrase makes it one that is not
    recognised.
    """
    assert result["packets_sent"] == phrases
    assert result["packets_received"] == phrases or not was_undisturbed(result), result["loss"]


def in_one_line(told: str) -> str:
    """Return what a framed message says, wherever its lines are broken."""
    return " ".join(told.replace("│", " ").split())


@pytest.fixture
def home(tmp_path: Path) -> Generator[Home]:
    """A user's folders; whatever still runs in the background is stopped, and nothing may be left."""
    own = Home(tmp_path)
    yield own
    own.end_commands()
    down(own.settings)
    await_true(lambda: not own.processes(), "no process is left after the test")


@pytest.fixture(scope="package")
def standing_servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """Servers for the tests that do not look at how servers come and go: starting them takes seconds."""
    folder = tmp_path_factory.mktemp("servers")
    up(settings_in(folder), livekit=True, s3=True, prefect=True)
    try:
        yield folder
    finally:
        down(settings_in(folder))


@pytest.fixture
def served_home(tmp_path: Path, standing_servers: Path) -> Generator[Home]:
    """A user's folders, on servers that stand already."""
    own = Home(tmp_path, standing_servers)
    yield own
    own.end_commands()


@pytest.fixture
def interrupted_when() -> Callable[[subprocess.Popen[str], Path, str, int], int]:
    """Wait until a line appears in the output, send a signal, and return the exit code."""

    def wait_and_send(process: subprocess.Popen[str], output: Path, line: str, number: int) -> int:
        await_true(lambda: line in output.read_text() or process.poll() is not None, f"{line!r} is printed")
        assert process.poll() is None, output.read_text()
        process.send_signal(number)
        return process.wait(timeout=30)

    return wait_and_send
