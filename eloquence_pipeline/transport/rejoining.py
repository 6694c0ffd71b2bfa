"""When and how often somebody who was put out of a room tries to join it again."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import SecretStr

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND, NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.settings import Rejoining


@dataclass(frozen=True)
class WayBack:
    """Everything that joining again takes.

    Attributes
    ----------
    url
        The server.
    fresh_token
        Makes a token for the same room and identity; the old one may have ended.
    policy
        How long to wait, and when to give up.
    """

    url: str
    fresh_token: Callable[[], SecretStr]
    policy: Rejoining


class Attempts:
    """Count attempts and say how long to wait before each.

    The n-th attempt of an outage comes after ``first_wait_ms · factor^(n - 1)``, but at most
    ``longest_wait_ms``, less a random share of up to ``jitter_ratio``: everybody who was put out of a room at
    one moment must not come back at one moment. Who is put out again within ``longest_wait_ms`` of
    its return goes on counting, so that a server that throws it out each time is left in peace.

    Parameters
    ----------
    policy
        The limits.
    now_ns, luck
        Clock in nanoseconds and random numbers from 0 to 1; other ones are for tests.

    Attributes
    ----------
    count
        Attempts of this outage so far.
    """

    def __init__(
        self,
        policy: Rejoining,
        now_ns: Callable[[], int] = monotonic_ns,
        luck: Callable[[], float] = random.random,
    ) -> None:
        self.count = 0
        self._policy = policy
        self._now_ns = now_ns
        self._luck = luck
        self._began_ns: int | None = None
        self._returned_ns: int | None = None

    def next_wait_seconds(self) -> float | None:
        """Return how long to wait before the next attempt; None when it is time to give up."""
        policy, now_ns = self._policy, self._now_ns()
        if self._returned_ns is not None and now_ns - self._returned_ns > _ns(policy.longest_wait_ms):
            self.count, self._began_ns = 0, None
        self._returned_ns = None
        self._began_ns = now_ns if self._began_ns is None else self._began_ns
        wait_ms = min(policy.longest_wait_ms, policy.first_wait_ms * policy.factor**self.count)
        wait_ms *= 1 - policy.jitter_ratio * self._luck()
        patience_ns = policy.give_up_after_seconds * NANOSECONDS_PER_SECOND
        if self.count >= policy.most_attempts or now_ns + _ns(wait_ms) - self._began_ns > patience_ns:
            return None
        self.count += 1
        return wait_ms / MILLISECONDS_PER_SECOND

    def succeeded(self) -> None:
        """Note that the last attempt brought it back."""
        self._returned_ns = self._now_ns()


def _ns(milliseconds: float) -> int:
    return round(milliseconds / MILLISECONDS_PER_SECOND * NANOSECONDS_PER_SECOND)
