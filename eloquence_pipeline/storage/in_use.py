"""Whether the process of a run still lives: it holds a lock in the run's folder, which dies with it."""

from __future__ import annotations

import time
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK_NAME = ".running.lock"
_QUIET_SECONDS = 3600.0
"""A folder of a version that held no lock is taken for abandoned when nothing in it changed for so long."""

_held: dict[Path, FileLock] = {}
"""Of this process; kept here, since a lock is gone as soon as nobody refers to it."""


def hold(folder: Path) -> None:
    """Say that this process is writing the run in a folder.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    lock = FileLock(folder / _LOCK_NAME)
    lock.acquire(timeout=0)
    _held[folder] = lock


def release(folder: Path) -> None:
    """Say that the run is sealed: whoever holds its lock, nobody asks for it any more."""
    lock = _held.pop(folder, None)
    if lock is not None:
        lock.release()
    (folder / _LOCK_NAME).unlink(missing_ok=True)


def is_in_use(folder: Path) -> bool:
    """Whether a process writes the run in a folder."""
    path = folder / _LOCK_NAME
    if not path.exists():
        newest = max((file.stat().st_mtime for file in folder.iterdir()), default=folder.stat().st_mtime)
        return time.time() - newest < _QUIET_SECONDS
    try:
        with FileLock(path, timeout=0):
            return False
    except Timeout:
        return True
