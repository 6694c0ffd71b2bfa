"""What is handed over is on disk soon, nobody waits for it, and a disk that fails is reported."""

from __future__ import annotations

import errno
import threading

import pytest

from eloquence_pipeline.transport.disk_writer import DiskWriter, Feed
from tests.polling import await_true

pytestmark = pytest.mark.unit


class MemoryFile:
    """A file that can be held up, and that can be full."""

    def __init__(self, room: int = 1 << 20) -> None:
        self.content = b""
        self.closed = False
        self.may_write = threading.Event()
        self.may_write.set()
        self._room = room

    def append(self, content: bytes) -> None:
        assert self.may_write.wait(10)
        if len(self.content) + len(content) > self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.content += content

    def close(self) -> None:
        self.closed = True


def letters(most_waiting: int = 1000) -> Feed[bytes]:
    return Feed(b"".join, most_waiting)


def test_what_came_before_and_after_the_file_is_in_it_in_order_without_anybody_asking() -> None:
    feed, file, writer = letters(), MemoryFile(), DiskWriter()
    feed.put(b"a")
    writer.attach(feed, file)
    feed.put(b"b")
    await_true(lambda: file.content == b"ab", "both are in the file")
    feed.put(b"c")
    writer.close()
    assert (file.content, file.closed, writer.failure) == (b"abc", True, "")
    writer.close()


def test_a_disk_that_stands_still_holds_nobody_up_and_the_loss_is_said() -> None:
    said: list[str] = []
    feed, file, writer = letters(most_waiting=3), MemoryFile(), DiskWriter(said.append)
    file.may_write.clear()
    writer.attach(feed, file)
    for _ in range(1000):
        feed.put(b"a")
    file.may_write.set()
    writer.close()
    assert said == [writer.failure]
    assert "did not keep up" in writer.failure


def test_a_full_disk_is_said_once_and_what_was_written_stays() -> None:
    said: list[str] = []
    feed, other, writer = letters(), letters(), DiskWriter(said.append)
    full, fine = MemoryFile(room=2), MemoryFile()
    writer.attach(feed, full)
    writer.attach(other, fine)
    for letter in (b"ab", b"c", b"d"):
        feed.put(letter)
        writer.flush()
    other.put(b"x")
    writer.close()
    assert said == ["the recording cannot be written: No space left on device"]
    assert (full.content, full.closed, fine.closed) == (b"ab", True, True)


def test_without_a_file_memory_stays_bounded() -> None:
    feed = letters(most_waiting=2)
    for letter in (b"a", b"b", b"c"):
        feed.put(letter)
    assert feed.take() == [b"b", b"c"]
    assert feed.has_lost
