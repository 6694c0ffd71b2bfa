"""One direction of a signalling connection: messages come late and stall, but none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.models import Direction, NetworkConditions
from eloquence_pipeline.transport.network.impairment import Impairment

_LONGEST_SLEEP_SECONDS = 0.05
"""So that a blackout that somebody ends is over at once."""

Delivery = Callable[[], Awaitable[None]]


@dataclass
class SignalConditions:
    """What the network does to the signalling of one participant, as it changes.

    The signalling runs over TCP, which sends again what is lost: it has the latency, and it stalls in a
    blackout. Loss, jitter and bandwidth are left out.
    """

    conditions: NetworkConditions
    began_ns: int = field(default_factory=monotonic_ns)

    def change(self, conditions: NetworkConditions) -> None:
        """Change the conditions from now on."""
        self.conditions = conditions
        self.began_ns = monotonic_ns()

    def latency_ns(self, direction: Direction) -> int:
        """Return by how much a message comes later."""
        return round(self.conditions.of(direction).latency_ms * NANOSECONDS_PER_MILLISECOND)

    async def until_through(self, direction: Direction, sent_ns: int) -> None:
        """Wait until what was sent at `sent_ns` has arrived."""
        due_ns = sent_ns + self.latency_ns(direction)
        while (left_ns := max(due_ns, self._dark_until_ns(direction)) - monotonic_ns()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(min(left_ns / NANOSECONDS_PER_SECOND, _LONGEST_SLEEP_SECONDS))

    def _dark_until_ns(self, direction: Direction) -> int:
        of = Impairment(direction, 0, self.conditions.of(direction), self.began_ns)
        return of.dark_until_ns(monotonic_ns())


class DelayedLine:
    """Deliver messages in their order, each when it has arrived.

    Parameters
    ----------
    signal
        What the network does.
    direction
        Which way they go.
    """

    def __init__(self, signal: SignalConditions, direction: Direction) -> None:
        self._signal = signal
        self._direction = direction
        self._under_way: asyncio.Queue[tuple[int, Delivery] | None] = asyncio.Queue()

    def send(self, delivery: Delivery) -> None:
        """Send a message: `delivery` is what it does when it arrives."""
        self._under_way.put_nowait((monotonic_ns(), delivery))

    def end(self) -> None:
        """Send nothing any more."""
        self._under_way.put_nowait(None)

    async def deliver(self) -> None:
        """Deliver everything until the end."""
        while (message := await self._under_way.get()) is not None:
            sent_ns, delivery = message
            await self._signal.until_through(self._direction, sent_ns)
            await delivery()
