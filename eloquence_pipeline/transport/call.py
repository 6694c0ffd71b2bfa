"""What the two ends of one transmission have to know of each other."""

from __future__ import annotations

import asyncio


class Call:
    """One call: whether everything has been said, and whether an end broke it off.

    The room itself says when the other side listens. It cannot say the rest: a speaker that
    reconnects looks to the listener like one that has left.

    Attributes
    ----------
    spoken
        Set when the speaker has said everything and left.
    broken
        Set when an end has failed; the other one stops at once.
    """

    def __init__(self) -> None:
        self.spoken = asyncio.Event()
        self.broken = asyncio.Event()
        self.cause = ""
        self.error: BaseException | None = None

    def break_off(self, cause: str, error: BaseException | None = None) -> None:
        """Stop both ends; the first cause is the one that counts."""
        if not self.broken.is_set():
            self.cause = cause
            self.error = error
            self.broken.set()
