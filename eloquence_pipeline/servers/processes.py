"""Processes told apart for good: the system reuses a pid, but not a pid with its start time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import psutil

KILL_WAIT_SECONDS = 5.0
SECOND_TERM_AFTER_SECONDS = 0.2


@dataclass(frozen=True)
class ProcessIdentity:
    """One process of one boot of this machine."""

    pid: int
    create_time: float

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity:
        """Identify a process that is running now.

        Raises
        ------
        psutil.NoSuchProcess
            If there is none with this pid.
        """
        return cls(pid=pid, create_time=psutil.Process(pid).create_time())

    def find(self) -> psutil.Process | None:
        """Return the process while it lives; a zombie does not."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.create_time) < 0.01  # noqa: PLR2004 - resolution of the stored float
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.find() is not None


def stop_tree(identity: ProcessIdentity, *, grace_seconds: float) -> None:
    """Stop a process and its descendants: SIGTERM, then SIGTERM again, then SIGKILL.

    The second SIGTERM is for LiveKit, which takes the first as a wish to drain and waits for its
    participants to leave.
    """
    root = identity.find()
    if root is None:
        return
    members = [root, *_descendants(root)]
    _signal(members[:1], kill=False)
    _, alive = psutil.wait_procs(members, timeout=min(SECOND_TERM_AFTER_SECONDS, grace_seconds))
    deadline = time.monotonic() + grace_seconds
    _signal(alive, kill=False)
    _, alive = psutil.wait_procs(alive, timeout=max(0.0, deadline - time.monotonic()))
    _signal(alive, kill=True)
    psutil.wait_procs(alive, timeout=KILL_WAIT_SECONDS)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _signal(processes: list[psutil.Process], *, kill: bool) -> None:
    for process in processes:
        try:
            if kill:
                process.kill()
            else:
                process.terminate()
        except psutil.NoSuchProcess:
            continue
