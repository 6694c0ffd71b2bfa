"""The keeper: parent of one server, which it stops when nobody holds a lease on it any more.

Runs as ``python -m eloquence_pipeline.servers.keeper FOLDER LOCK_FD`` in a session of its own, so
that Ctrl-C in the terminal does not reach the server before its user is done with it. What to start
comes over standard input, since it holds secrets. It imports little, to start quickly.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from eloquence_pipeline.servers.health import HealthCheck
from eloquence_pipeline.servers.leases import live_leases
from eloquence_pipeline.servers.locks import try_lock, unlock
from eloquence_pipeline.servers.processes import ProcessIdentity, stop_tree

KEEPER_LOCK = "keeper.lock"
STATE_FILE = "state.json"
LEASES = "leases"
PINNED = "pinned"
SERVER_LOG = "server.log"

_POLL_SECONDS = 0.25
_POLL_SECONDS_WHILE_STARTING = 0.05
_START_AGAIN_SECONDS = 0.5
_MOST_STARTS = 5
"""Of a background server in a row, without getting ready in between."""
_TAIL_LINES = 6
_TAIL_CHARACTERS = 800
_PR_SET_PDEATHSIG = 1
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Keeper:
    """Life of one server, from its start until its folder is gone.

    Parameters
    ----------
    folder
        The folder of the instance.
    launch
        What to start, see :class:`eloquence_pipeline.servers.launch.Launch`.
    """

    def __init__(self, folder: Path, launch: dict[str, Any]) -> None:
        self._folder = folder
        self._launch = launch
        self._health = HealthCheck(
            port=launch["port"], paths=tuple(launch["health_paths"]), status=launch["health_status"]
        )
        self._state: dict[str, Any] = dict(launch["state"])
        self._server: subprocess.Popen[bytes] | None = None
        self._terminated = False
        self._starts = 0
        self._wake_reader, self._wake_writer = os.pipe()

    def run(self) -> int:
        """Start the server and keep it until nobody wants it; return the exit code."""
        self._listen_to_signals()
        me = ProcessIdentity.of(os.getpid())
        self._state |= {"keeper": {"pid": me.pid, "create_time": me.create_time}, "started_at": time.time()}
        self._save("starting")
        data_lock = self._lock_data()
        if data_lock is None and self._launch["data_folder"]:
            return self._fail(f"data folder {self._launch['data_folder']} is in use by another server")
        try:
            self._start()
        except OSError as error:
            return self._fail(f"could not be started: {error.strerror}")
        return self._watch()

    def _watch(self) -> int:
        deadline = time.monotonic() + self._launch["ready_seconds"]
        while True:
            if self._terminated or not self._is_wanted():
                if self._finish():
                    return 0
            elif (code := self._exit_code()) is not None:
                if not self._may_start_again():
                    return self._fail(f"ended by itself with exit code {code}")
                self._start()
                deadline = time.monotonic() + self._launch["ready_seconds"]
            elif self._state["phase"] == "starting":
                if self._health.passes(self._state["server"]["pid"]):
                    self._starts = 0
                    self._save("ready")
                elif time.monotonic() > deadline:
                    return self._fail(f"was not ready within {self._launch['ready_seconds']:g} s")
            self._sleep()

    def _may_start_again(self) -> bool:
        """Whether a server that has ended is one of the background; waits a moment then."""
        if not (self._folder / PINNED).exists() or self._starts >= _MOST_STARTS:
            return False
        time.sleep(_START_AGAIN_SECONDS)
        self._starts += 1
        return True

    def _is_wanted(self) -> bool:
        return (self._folder / PINNED).exists() or bool(live_leases(self._folder / LEASES))

    def _finish(self) -> bool:
        """Stop the server and remove the folder, unless someone takes a lease at this moment."""
        lock_file = Path(self._launch["lock_file"])
        lock = try_lock(lock_file)
        if not self._terminated and (lock is None or self._is_wanted()):
            if lock is not None:
                unlock(lock)
            return False
        self._stop()
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._launch["lock_file_is_ours"]:
            lock_file.unlink(missing_ok=True)
        return True

    def _start(self) -> None:
        die_with_keeper = _die_with_parent()
        with (self._folder / SERVER_LOG).open("ab") as log:
            self._server = subprocess.Popen(  # noqa: S603 - the launch comes from the process that started us
                self._launch["argv"],
                env=self._launch["env"],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_keeper,  # noqa: PLW1509 - the keeper has one thread
            )
        # A server that ends at once can still be identified: it is a zombie until it is polled.
        identity = ProcessIdentity.of(self._server.pid)
        self._state["server"] = {"pid": identity.pid, "create_time": identity.create_time}
        self._save("starting")

    def _stop(self) -> None:
        if self._server is None or self._server.poll() is not None:
            return
        server = self._state["server"]
        stop_tree(
            ProcessIdentity(server["pid"], server["create_time"]), grace_seconds=self._launch["grace_seconds"]
        )

    def _exit_code(self) -> int | None:
        return self._server.poll() if self._server else None

    def _fail(self, reason: str) -> int:
        """Stop, and leave the folder with the reason in it to the one who waits for the server."""
        self._stop()
        self._state["error"] = reason
        self._state["log_tail"] = self._log_tail()
        self._save("failed")
        return 1

    def _log_tail(self) -> list[str]:
        log = self._folder / SERVER_LOG
        text = _ANSI.sub("", log.read_text(errors="replace")) if log.exists() else ""
        for secret in self._launch["secrets"]:
            text = text.replace(secret, "***")
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        return [line[:_TAIL_CHARACTERS] for line in lines[-_TAIL_LINES:]]

    def _lock_data(self) -> int | None:
        folder = self._launch["data_folder"]
        return try_lock(Path(folder)) if folder else None

    def _save(self, phase: str) -> None:
        self._state["phase"] = phase
        target = self._folder / STATE_FILE
        new = target.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(self._state, file)
        new.replace(target)

    def _listen_to_signals(self) -> None:
        os.set_blocking(self._wake_reader, False)
        os.set_blocking(self._wake_writer, False)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(number, lambda _number, _frame: None)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self._terminate)

    def _terminate(self, _number: int, _frame: FrameType | None) -> None:
        self._terminated = True

    def _sleep(self) -> None:
        """Wait for the next poll, the end of the server, or the nudge of a user that leaves."""
        starting = self._state["phase"] == "starting"
        ready, _, _ = select.select(
            [self._wake_reader], [], [], _POLL_SECONDS_WHILE_STARTING if starting else _POLL_SECONDS
        )
        if ready:
            os.read(self._wake_reader, 4096)


def _die_with_parent() -> Any:
    """Return what a child calls to be killed by the kernel when its parent dies; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> int:
    """Keep the server whose launch is on standard input."""
    os.umask(0o077)
    # Holding this inherited descriptor is what says that the keeper lives; the server must not hold it.
    os.set_inheritable(int(sys.argv[2]), False)
    return Keeper(Path(sys.argv[1]), json.load(sys.stdin)).run()


if __name__ == "__main__":
    sys.exit(main())
