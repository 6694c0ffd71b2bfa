from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import psutil
import pytest

from eloquence_pipeline.servers import down
from eloquence_pipeline.settings import Settings
from tests.integration.servers.owner import settings_in
from tests.polling import await_true

OWNER = Path(__file__).with_name("owner.py")
OWNER_READY_SECONDS = 40.0


class Owner:
    """A run in a process of its own."""

    def __init__(self, folder: Path, *servers: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(OWNER), str(folder), *servers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.endpoints: dict[str, Any] = {}

    def await_ready(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            assert self.process.stderr is not None
            pytest.fail(f"the run ended before its servers were ready: {self.process.stderr.read()}")
        self.endpoints = json.loads(line)["ready"]
        return self.endpoints

    def send(self, number: int) -> int:
        """Send a signal and return the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def finish(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.wait()

    def wait(self) -> int:
        return self.process.wait(timeout=30)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def settings(tmp_path: Path) -> Generator[Settings]:
    """Settings with folders of the test's own; whatever it keeps in the background is stopped."""
    own = settings_in(tmp_path)
    yield own
    down(own)
    await_true(lambda: not processes_in(tmp_path), "no process is left after the test")


@pytest.fixture
def start_owner(settings: Settings, tmp_path: Path) -> Generator[Callable[..., Owner]]:
    """Start runs in processes of their own; they are killed when the test ends."""
    del settings
    owners: list[Owner] = []

    def start(*servers: str) -> Owner:
        owners.append(Owner(tmp_path, *servers))
        return owners[-1]

    yield start
    for owner in owners:
        owner.close()


@pytest.fixture
def left_over(tmp_path: Path) -> Callable[[], list[str]]:
    """Return what is left of the test's servers: processes and folders."""

    def find() -> list[str]:
        state = tmp_path / "state"
        names = (path.name for path in state.iterdir()) if state.exists() else ()
        folders = [name for name in names if name not in ("locks", "logs")]
        processes: list[str] = []
        for one in processes_in(tmp_path):
            with contextlib.suppress(psutil.NoSuchProcess):  # it may end while it is asked for its name
                processes.append(f"{one.pid} {one.name()}")
        return [*processes, *folders]

    return find


def processes_in(folder: Path) -> list[psutil.Process]:
    """Return the keepers and servers that belong to a folder."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            is_server = process.cwd().startswith(str(folder / "state"))
            is_keeper = any("servers.keeper" in part for part in process.cmdline())
            if is_server or (is_keeper and str(folder) in " ".join(process.cmdline())):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found
