"""Advisory file locks that the kernel releases at any kind of death, kill -9 included.

Only the standard library is imported here: the keeper needs this module and has to start quickly.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

POLL_SECONDS = 0.05


def try_lock(path: Path, *, shared: bool = False, create: bool = True) -> int | None:
    """Lock a file or folder without waiting.

    Returns
    -------
    int or None
        The descriptor that holds the lock, for :func:`unlock`; nothing when another one holds it
        or when the file is not there.
    """
    flags = os.O_RDONLY if path.is_dir() else os.O_RDWR
    try:
        descriptor = os.open(path, flags | (os.O_CREAT if create and not path.is_dir() else 0), 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def unlock(descriptor: int) -> None:
    """Release a lock, also for children that inherited its descriptor by a fork."""
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def is_locked(path: Path) -> bool:
    """Tell whether some process holds the lock of an existing file."""
    if not path.exists():
        return False
    # A shared probe, so that two processes that ask at the same time do not take each other for holders.
    descriptor = try_lock(path, shared=True, create=False)
    if descriptor is None:
        return path.exists()
    unlock(descriptor)
    return False


@contextmanager
def exclusive(
    path: Path, *, on_wait: Callable[[], None] = lambda: None, check: Callable[[], None] = lambda: None
) -> Generator[None]:
    """Hold the lock of a file, waiting for it if need be.

    Parameters
    ----------
    on_wait
        Called once when another process holds the lock.
    check
        Called at every poll; it gives the waiting up by raising.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = try_lock(path)
    if descriptor is None:
        on_wait()
    while descriptor is None:
        check()
        time.sleep(POLL_SECONDS)
        descriptor = try_lock(path)
    try:
        yield
    finally:
        unlock(descriptor)
