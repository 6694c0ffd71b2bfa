"""What the ends of one transmission have to know of each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection


class Call:
    """One call: who is heard, who has said everything, and whether an end broke it off.

    The room itself says when the other side listens. It cannot say the rest: a speaker that
    reconnects looks to the listener like one that has left.

    Parameters
    ----------
    speakers
        Identities of all who speak in this call.

    Attributes
    ----------
    heard
        Set when every speaker has a listener; they begin to speak together.
    spoken
        Set when every speaker has said everything and left.
    broken
        Set when an end has failed; the others stop at once.
    heard_count
        Says how many stretches of sound the listener has heard so far; roughly the phrases, where pauses are
        long.
    """

    def __init__(self, speakers: Collection[str]) -> None:
        self.heard = asyncio.Event()
        self.spoken = asyncio.Event()
        self.broken = asyncio.Event()
        self.cause = ""
        self.heard_count: Callable[[], int] = lambda: 0
        self.error: BaseException | None = None
        self._unheard = set(speakers)
        self._speaking = set(speakers)

    def is_heard(self, speaker: str) -> None:
        """Note that somebody listens to `speaker`."""
        self._unheard.discard(speaker)
        if not self._unheard:
            self.heard.set()

    def has_spoken(self, speaker: str) -> None:
        """Note that `speaker` has said everything and left."""
        self._speaking.discard(speaker)
        if not self._speaking:
            self.spoken.set()

    def breaker(self) -> Callable[[str], None]:
        """Return what stops all ends, as :meth:`break_off` does, from a thread that is not this one."""
        loop = asyncio.get_running_loop()

        def break_off(cause: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: all ends have stopped
                loop.call_soon_threadsafe(self.break_off, cause)

        return break_off

    def break_off(self, cause: str, error: BaseException | None = None) -> None:
        """Stop all ends; the first cause is the one that counts."""
        if not self.broken.is_set():
            self.cause = cause
            self.error = error
            self.broken.set()
