"""SIGTERM ends the command as Ctrl-C does: what cleans up after the one cleans up after the other."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, on the same way out as Ctrl-C."""

    exit_code = 128 + signal.SIGTERM


def terminate_like_interrupt() -> None:
    """Turn SIGTERM into :class:`Terminated` from now on."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)


@contextmanager
def sigterm_cancels() -> Generator[None]:
    """Let SIGTERM cancel the current task while the block lasts, where this is the main thread.

    A worker ends a run by SIGTERM. Prefect's own handler raises wherever the program happens to be, inside a
    lock or the SDK; a cancelled task cleans up in its order, and Prefect takes both for the same.
    """
    task = asyncio.current_task()
    if task is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGTERM)
    # Once: a second signal would end the cleaning up that the first has begun.
    pending = [task]
    loop.add_signal_handler(signal.SIGTERM, lambda: pending and pending.pop().cancel())
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def exit_code(interruption: KeyboardInterrupt) -> int:
    """Return what the shell is told: 130 for Ctrl-C, 143 for SIGTERM."""
    return interruption.exit_code if isinstance(interruption, Terminated) else 128 + signal.SIGINT
