"""A load cell: the sessions of one process, from joining to leaving."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.load.meter import Meter
from eloquence_pipeline.load.session import Gate, Session, SessionTokens
from eloquence_pipeline.load.ways import choose_way
from eloquence_pipeline.models.load import CellPlan
from eloquence_pipeline.transport.participant import first_of

JOIN_SECONDS = 40.0
"""For one session, after its turn; the participants' own limits are shorter and say more."""
_END_SECONDS = 10.0


class Cell:
    """The sessions of one process.

    Parameters
    ----------
    plan
        What it is to carry.
    tokens
        Of every session, by its number.

    Attributes
    ----------
    sessions, meter
        What there is to measure afterwards.
    """

    def __init__(self, plan: CellPlan, tokens: Mapping[int, SessionTokens]) -> None:
        self.plan = plan
        self.meter = Meter()
        self.way = choose_way(plain=plan.is_plain)
        self.gate = Gate()
        self.sessions = [
            Session(
                one,
                plan.livekit_url,
                tokens[one.number],
                folder=plan.folder / one.name,
                gate=self.gate,
                way=self.way,
            )
            for one in plan.sessions
        ]
        self._running: list[asyncio.Task[None]] = []

    async def join(self) -> list[int]:
        """Let all sessions join, each at its time, and return the numbers of those that are ready."""
        for session in self.sessions:
            if session.plan.is_measured:
                session.folder.mkdir(parents=True, exist_ok=True)
        self._running = [asyncio.create_task(one.run(), name=one.plan.name) for one in self.sessions]
        ready = await asyncio.gather(
            *(_is_joined(one, task) for one, task in zip(self.sessions, self._running, strict=True))
        )
        return [one.plan.number for one, is_ready in zip(self.sessions, ready, strict=True) if is_ready]

    async def speak(self, start_ns: int) -> None:
        """Let all that have joined speak from `start_ns` on, and return when all have left."""
        self.gate.open(start_ns)
        await asyncio.sleep(max(0.0, (start_ns - monotonic_ns()) / NANOSECONDS_PER_SECOND))
        self.meter.begin()
        longest = max(one.plan.script.duration_seconds for one in self.sessions)
        whole = asyncio.gather(*self._running)
        # Leaving takes time of its own, which is not that of a session that speaks.
        await asyncio.wait({whole}, timeout=longest)
        self.meter.end()
        await whole
        self.way.close()

    async def stop(self, cause: str) -> None:
        """Stop all sessions at once; what was recorded stays."""
        for session in self.sessions:
            session.break_off(cause)
        if self._running:
            await asyncio.wait(self._running, timeout=_END_SECONDS)


async def _is_joined(session: Session, running: asyncio.Task[None]) -> bool:
    over = asyncio.Event()
    running.add_done_callback(lambda _: over.set())
    limit = session.plan.joins_after_seconds + JOIN_SECONDS
    await first_of(session.joined, over, within_seconds=limit)
    if not session.joined.is_set():
        session.break_off(f"it had not joined within {JOIN_SECONDS:.0f} s")
    return session.joined.is_set() and not over.is_set()
