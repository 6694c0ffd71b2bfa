"""How many sessions go well: which number to try next, and what can be said before any is tried."""

from __future__ import annotations

import math

TESTER_CORES_PER_PROCESS = 0.14
"""Measured (docs/adr/0017-load.md): a process of the tester, whatever it carries."""
TESTER_CORES_PER_SESSION = 0.047
"""A measured session besides."""
TESTER_CORES_PER_BACKGROUND_SESSION = 0.04
"""Not measured by itself: a measured session less the frames of its listener and the disk."""
SERVER_CORES_PER_SESSION = 0.01
"""Of a LiveKit server on the same machine."""
USABLE_RATIO = 0.85
"""Of all cores; with less to spare than the rest, threads wait for a core."""
_RESOLUTION = 0.1


def cores_needed(sessions: int, background: int, *, sessions_per_process: int, server_is_here: bool) -> float:
    """Return how many cores of the tester's machine a load takes, by what was measured.

    Parameters
    ----------
    sessions, background
        Measured ones, and those that only make load.
    sessions_per_process
        The most that a process carries.
    server_is_here
        Whether the server runs on the same machine.
    """
    processes = sum(math.ceil(each / sessions_per_process) for each in (sessions, background))
    server = SERVER_CORES_PER_SESSION * (sessions + background) if server_is_here else 0.0
    return (
        processes * TESTER_CORES_PER_PROCESS
        + sessions * TESTER_CORES_PER_SESSION
        + background * TESTER_CORES_PER_BACKGROUND_SESSION
        + server
    )


def sessions_that_fit(cores: int, *, sessions_per_process: int, server_is_here: bool) -> int:
    """Return how many measured sessions a machine of so many cores is expected to pace; one at least."""
    sessions = 1
    while (
        cores_needed(
            sessions + 1, 0, sessions_per_process=sessions_per_process, server_is_here=server_is_here
        )
        <= USABLE_RATIO * cores
    ):
        sessions += 1
    return sessions


class CapacitySearch:
    """Brackets the largest number that goes well: doubling, then bisection.

    It ends when the bracket is one session wide, or a tenth of what held; or when `most` held.

    Parameters
    ----------
    most
        The largest number to try.
    first
        The number to begin with.
    """

    def __init__(self, most: int, first: int = 1) -> None:
        self.most_that_held = 0
        self.fewest_that_did_not = 0
        """0 until one did not."""
        self._most = most
        self._first = min(first, most)

    def next(self) -> int | None:
        """Return the number to try now; None when the limit is known."""
        held, missed = self.most_that_held, self.fewest_that_did_not
        if not missed:
            if held >= self._most:
                return None
            return min(self._most, held * 2) if held else self._first
        if missed - held <= max(1, math.floor(held * _RESOLUTION)):
            return None
        return (held + missed) // 2

    def note(self, sessions: int, *, held: bool) -> None:
        """Take note of how it went with so many sessions."""
        if held:
            self.most_that_held = max(self.most_that_held, sessions)
        elif not self.fewest_that_did_not or sessions < self.fewest_that_did_not:
            self.fewest_that_did_not = sessions
