"""SIGTERM ends the command as Ctrl-C does: what cleans up after the one cleans up after the other."""

from __future__ import annotations

import signal
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, on the same way out as Ctrl-C."""

    exit_code = 128 + signal.SIGTERM


def terminate_like_interrupt() -> None:
    """Turn SIGTERM into :class:`Terminated` from now on."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)


def exit_code(interruption: KeyboardInterrupt) -> int:
    """Return what the shell is told: 130 for Ctrl-C, 143 for SIGTERM."""
    return interruption.exit_code if isinstance(interruption, Terminated) else 128 + signal.SIGINT
