"""Progress is shown from aside: nobody waits for it, and nothing fails by it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager

import pytest

from tasks.progress import Progress, Publish
from tests.polling import await_true

pytestmark = pytest.mark.unit

QUICK_SECONDS = 0.01


def opened(publish: Publish) -> Callable[[], AbstractContextManager[Publish]]:
    @contextmanager
    def opening() -> Generator[Publish]:
        yield publish

    return opening


def test_what_is_told_is_shown_from_0_to_100_per_cent() -> None:
    shown: list[float] = []
    progress = Progress(opened(shown.append), QUICK_SECONDS)
    progress.begin()
    await_true(lambda: shown == [0.0], "the beginning is shown")
    progress.tell(0.25)
    await_true(lambda: shown == [0.0, 25.0], "what was told is shown")
    progress.tell(1.0)
    progress.end()
    assert shown == [0.0, 25.0, 100.0]


def test_nothing_is_sent_while_nothing_changes() -> None:
    shown: list[float] = []
    told = threading.Event()

    def publish(per_cent: float) -> None:
        shown.append(per_cent)
        told.set()

    progress = Progress(opened(publish), QUICK_SECONDS)
    progress.begin()
    assert told.wait(5)
    time.sleep(10 * QUICK_SECONDS)
    progress.end()
    assert shown == [0.0]


def test_more_than_everything_is_everything() -> None:
    shown: list[float] = []
    progress = Progress(opened(shown.append), QUICK_SECONDS)
    progress.tell(1.2)
    progress.begin()
    progress.end()
    assert shown == [100.0]


def test_a_server_that_refuses_is_asked_again_and_fails_nothing() -> None:
    shown: list[float] = []
    refusals = iter([True, True])

    def publish(per_cent: float) -> None:
        if next(refusals, False):
            raise ConnectionError("away for a moment")
        shown.append(per_cent)

    progress = Progress(opened(publish), QUICK_SECONDS)
    progress.begin()
    await_true(lambda: shown == [0.0], "it is shown when the server is back")
    progress.end()


def test_a_server_that_cannot_be_reached_at_all_fails_nothing() -> None:
    @contextmanager
    def unreachable() -> Generator[Publish]:
        raise ConnectionError("nobody there")
        yield lambda _: None

    progress = Progress(unreachable, QUICK_SECONDS)
    progress.begin()
    progress.tell(0.5)
    progress.end()


def test_a_server_that_hangs_holds_up_nobody() -> None:
    hanging, released = threading.Event(), threading.Event()

    def publish(_: float) -> None:
        hanging.set()
        released.wait(30)

    progress = Progress(opened(publish), QUICK_SECONDS, leave_seconds=QUICK_SECONDS)
    progress.begin()
    try:
        assert hanging.wait(5)
        progress.tell(0.5)
        progress.end()
        assert not released.is_set(), "neither waited until the server was done"
    finally:
        released.set()
