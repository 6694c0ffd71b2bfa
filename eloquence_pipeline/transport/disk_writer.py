"""Write to disk what comes in during a call, without anybody waiting for the disk."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from eloquence_pipeline.signal.growing_wav import write_all

T = TypeVar("T")

FLUSH_SECONDS = 0.5
"""What came in within this time is lost when the process is killed, and no more."""
MOST_WAITING_SECONDS = 60
"""So long a disk may stand still before something is lost, and a recording without a disk is kept."""


class GrowingFile(Protocol):
    """A file to which bytes are appended; readable after each time."""

    def append(self, content: bytes, /) -> None:
        """Append, or raise OSError."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


class LineFile:
    """A text file to which whole lines are appended; one that is there is emptied."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb", buffering=0)

    def append(self, lines: bytes) -> None:
        """Append lines; raises OSError if the disk is full."""
        write_all(self._file.fileno(), lines)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Feed(Generic[T]):
    """What is on its way to a file; giving something to it never waits.

    Parameters
    ----------
    encode
        Turns what was given into bytes; called in the writer's thread.
    most_waiting
        More than this is not kept: the oldest is dropped. Memory stays bounded, whatever the disk does, and
        also when nobody writes.
    """

    def __init__(self, encode: Callable[[Sequence[T]], bytes], most_waiting: int) -> None:
        self.encode = encode
        self.has_lost = False
        self._waiting: deque[T] = deque()
        self._most_waiting = most_waiting

    def put(self, item: T) -> None:
        """Hand over one item."""
        if not self._most_waiting:
            return
        if len(self._waiting) >= self._most_waiting:
            self._waiting.popleft()
            self.has_lost = True
        self._waiting.append(item)

    def discard(self) -> None:
        """Keep nothing from now on: nobody is going to write it."""
        self._most_waiting = 0
        self._waiting.clear()

    def take(self) -> list[T]:
        """Return what is waiting and forget it."""
        taken: list[T] = []
        # Not until it is empty: what is put meanwhile is for the next time.
        with suppress(IndexError):  # another thread may just have dropped the oldest
            for _ in range(len(self._waiting)):
                taken.append(self._waiting.popleft())
        return taken


class DiskWriter:
    """A thread that appends what feeds hold to their files, twice a second.

    It wakes up seldom, because each time it takes the interpreter away from the thread that sends audio.

    Parameters
    ----------
    on_failure
        Called once, in the writer's thread, with the reason when something could not be written. From then
        on everything is dropped: what is in the files stays.
    """

    def __init__(self, on_failure: Callable[[str], object] = lambda _: None) -> None:
        self.failure = ""
        self._on_failure = on_failure
        self._outlets: list[tuple[Feed[Any], GrowingFile]] = []
        self._busy = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="disk-writer", daemon=True)

    def attach(self, feed: Feed[T], file: GrowingFile) -> None:
        """Append to `file` what `feed` holds, and what comes; the first one starts the thread."""
        with self._busy:
            self._outlets.append((feed, file))
        if not self._thread.is_alive() and not self._stop.is_set():
            self._thread.start()

    def flush(self) -> None:
        """Write what has been handed over so far; waits for the disk."""
        with self._busy:
            for feed, file in self._outlets:
                self._write(feed, file)

    def close(self) -> None:
        """Write everything, close the files and end; calling it again changes nothing."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.flush()
        with self._busy:
            for _, file in self._outlets:
                file.close()
            self._outlets.clear()

    def _run(self) -> None:
        while not self._stop.wait(FLUSH_SECONDS):
            self.flush()

    def _write(self, feed: Feed[Any], file: GrowingFile) -> None:
        items = feed.take()
        if self.failure or not items:
            return
        try:
            if feed.has_lost:
                self._fail(f"the disk did not keep up for {MOST_WAITING_SECONDS} s")
            else:
                file.append(feed.encode(items))
        except Exception as error:  # whatever it is, the call has to know
            reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
            self._fail(f"the recording cannot be written: {reason}")

    def _fail(self, reason: str) -> None:
        self.failure = reason
        self._on_failure(reason)
