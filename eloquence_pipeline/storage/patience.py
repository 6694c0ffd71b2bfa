"""Waiting for a store for as long as it moves on, and no longer.

Calls into boto3 end when their socket does, which may take minutes, and nothing can end them before. So
they are made in threads that nobody has to wait for: not the command when it is interrupted, and not Python
when it ends (a thread pool would).
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from typing import TypeVar

from eloquence_pipeline.errors import StorageUnavailable

T = TypeVar("T")

_THREADS = 4
_TICK_SECONDS = 0.2


class Movement:
    """When something last moved on, and whether anyone still waits for it."""

    def __init__(self) -> None:
        self._at = time.monotonic()
        self._given_up = threading.Event()

    @property
    def still_seconds(self) -> float:
        """How long nothing has moved on."""
        return time.monotonic() - self._at

    def __call__(self) -> None:
        """Say that something has moved on.

        Raises
        ------
        StorageUnavailable
            If nobody waits any more: what is still under way ends here.
        """
        if self._given_up.is_set():
            raise StorageUnavailable("nobody waits for the store any more", transient=False)
        self._at = time.monotonic()

    def give_up(self) -> None:
        """Let whatever is still under way end at its next step."""
        self._given_up.set()


def patiently(action: Callable[[Movement], T], patience_seconds: float) -> T:
    """Carry out an action on a store, and give it up when it no longer moves on.

    Parameters
    ----------
    action
        Calls what it is given whenever something has moved on.
    patience_seconds
        How long may pass from one such call to the next.

    Raises
    ------
    StorageUnavailable
        If it was given up; no transient error, since patience was had already.
    """
    movement = Movement()
    outcome = in_background(lambda: action(movement))
    try:
        while not outcome.done():
            _require_movement(movement, patience_seconds)
            wait([outcome], timeout=_TICK_SECONDS)
        return outcome.result()
    finally:
        movement.give_up()


async def patiently_awaited(action: Callable[[Movement], T], patience_seconds: float) -> T:
    """Do as :func:`patiently`, on an event loop; cancelling it ends the waiting at once."""
    movement = Movement()
    outcome = asyncio.wrap_future(in_background(lambda: action(movement)))
    # Looked at even if nobody waits any more: asyncio would complain of an error that is never seen.
    outcome.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        while not (await asyncio.wait({outcome}, timeout=_TICK_SECONDS))[0]:
            _require_movement(movement, patience_seconds)
        return outcome.result()
    finally:
        movement.give_up()


def _require_movement(movement: Movement, patience_seconds: float) -> None:
    if movement.still_seconds > patience_seconds:
        raise StorageUnavailable(
            f"the store has taken nothing for {patience_seconds:g} s",
            remedy="check it and the way there, or set ELOQUENCE_STORAGE__PATIENCE_SECONDS higher",
            transient=False,
        )


def side_by_side(actions: Iterable[Callable[[], None]], threads: int = _THREADS) -> None:
    """Carry out actions, some at the same time, in threads that nobody has to wait for.

    Raises
    ------
    Exception
        That of the first action that fails; those that have not begun are left out then.
    """
    waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
    for action in actions:
        waiting.put(action)
    failed = threading.Event()

    def work() -> None:
        while not failed.is_set():
            try:
                action = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                action()
            except BaseException:
                failed.set()
                raise

    workers = [in_background(work) for _ in range(min(threads, waiting.qsize()))]
    errors = [error for worker in workers if (error := worker.exception()) is not None]
    if errors:
        raise errors[0]


def in_background(action: Callable[[], T]) -> Future[T]:
    """Carry out an action in a thread that does not keep Python from ending."""
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()
    context = contextvars.copy_context()

    def run() -> None:
        try:
            outcome.set_result(context.run(action))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, name="store", daemon=True).start()
    return outcome
