"""Whether the process of a run still lives: it holds a lock in the run's folder, which dies with it."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

_LOCK_NAME = ".running.lock"
_QUIET_SECONDS = 3600.0
"""A folder without a lock is taken for abandoned when nothing in it has changed for so long."""

_held: dict[Path, FileLock] = {}
"""Of this process; kept here, since a lock is gone as soon as nobody refers to it."""


def hold(folder: Path) -> None:
    """Say that this process is writing the run in a folder; where disks know no locks, nothing is said.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    lock = FileLock(folder / _LOCK_NAME)
    try:
        lock.acquire(timeout=0)
    except NotImplementedError:
        return
    _held[folder] = lock


def release(folder: Path) -> None:
    """Say that the run is sealed: whoever holds its lock, nobody asks for it any more."""
    lock = _held.pop(folder, None)
    if lock is not None:
        lock.release()
    (folder / _LOCK_NAME).unlink(missing_ok=True)


@contextmanager
def claimed(folder: Path) -> Generator[bool]:
    """Claim a run that no process writes any more, for the time of a block.

    Yields
    ------
    bool
        Whether it could be claimed; if not, its process lives, or another one has claimed it.

    Raises
    ------
    OSError
        If the folder cannot be read or written.
    """
    path = folder / _LOCK_NAME
    if not path.exists() and _changed_lately(folder):
        yield False
        return
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except (Timeout, NotImplementedError):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _changed_lately(folder: Path) -> bool:
    newest = max((file.stat().st_mtime for file in folder.iterdir()), default=folder.stat().st_mtime)
    return time.time() - newest < _QUIET_SECONDS
