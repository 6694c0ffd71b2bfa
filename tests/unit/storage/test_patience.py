"""A store is waited for as long as it moves on, and nothing that hangs keeps anybody."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections.abc import Generator

import pytest

from eloquence_pipeline.errors import StorageError, StorageUnavailable
from eloquence_pipeline.storage.patience import Movement, patiently, patiently_awaited, side_by_side

pytestmark = pytest.mark.unit


@pytest.fixture
def never() -> Generator[threading.Event]:
    """What hangs waits for this; it ends with the test."""
    event = threading.Event()
    yield event
    event.set()


def test_what_an_action_returns_or_raises_comes_through() -> None:
    assert patiently(lambda _: 7, 1) == 7
    assert asyncio.run(patiently_awaited(lambda _: 7, 1)) == 7

    def refuse(_: Movement) -> None:
        raise StorageError("refused")

    with pytest.raises(StorageError, match="refused"):
        patiently(refuse, 1)
    with pytest.raises(StorageError, match="refused"):
        asyncio.run(patiently_awaited(refuse, 1))


def test_what_hangs_is_given_up_and_not_tried_again(never: threading.Event) -> None:
    with pytest.raises(StorageUnavailable, match=r"nothing for 0\.1 s") as given_up:
        patiently(lambda _: never.wait(), 0.1)
    assert not given_up.value.transient
    assert "PATIENCE_SECONDS" in given_up.value.remedy


def test_what_is_slow_but_moves_on_is_waited_for() -> None:
    def slow(moved: Movement) -> str:
        for _ in range(20):
            time.sleep(0.05)
            moved()
        return "done"

    assert patiently(slow, 0.5) == "done"  # which takes twice as long


def test_what_was_given_up_ends_at_its_next_step(never: threading.Event) -> None:
    ended = threading.Event()

    def hang_for_a_while(moved: Movement) -> None:
        never.wait()
        try:
            moved()
        finally:
            ended.set()

    with pytest.raises(StorageUnavailable):
        patiently(hang_for_a_while, 0.1)
    never.set()
    assert ended.wait(10)


def test_the_first_error_keeps_what_has_not_begun_from_beginning() -> None:
    begun: list[int] = []

    def act(number: int) -> None:
        begun.append(number)
        raise StorageError(str(number))

    with pytest.raises(StorageError):
        side_by_side([lambda number=number: act(number) for number in range(100)], threads=2)
    assert len(begun) <= 2


def test_actions_run_at_the_same_time_within_their_bound() -> None:
    together = threading.Barrier(4, timeout=10)

    def meet() -> None:
        together.wait()

    side_by_side([meet] * 8, threads=4)
    assert not together.broken


def test_what_fails_after_it_was_given_up_disturbs_nobody(
    never: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()

    def fail_late(moved: Movement) -> None:
        never.wait()
        try:
            moved()
        finally:
            ended.set()

    async def give_up() -> None:
        with pytest.raises(StorageUnavailable):
            await patiently_awaited(fail_late, 0.1)
        never.set()
        assert await asyncio.to_thread(ended.wait, 10)
        await asyncio.sleep(0.1)

    asyncio.run(give_up())
    gc.collect()
    assert not caplog.records


def test_a_cancelled_wait_ends_the_program_though_the_store_hangs() -> None:
    program = """
import asyncio, threading
from eloquence_pipeline.storage.patience import patiently_awaited, side_by_side
never = threading.Event()

async def main():
    hanging = lambda moved: side_by_side([never.wait] * 3)
    task = asyncio.create_task(patiently_awaited(hanging, 3600))
    await asyncio.sleep(0.1)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")

asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=30, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("cancelled\n", "", 0)
