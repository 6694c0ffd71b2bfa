"""A load cell's side of a load on many machines: wait for the coordinator, begin at the agreed moment."""

from __future__ import annotations

import asyncio
import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from pydantic import BaseModel

from eloquence_pipeline.clock import (
    MILLISECONDS_PER_SECOND,
    NANOSECONDS_PER_MILLISECOND,
    NANOSECONDS_PER_SECOND,
    Instant,
    clock_id,
    kernel_clock,
)
from eloquence_pipeline.errors import StorageUnavailable, TransportError
from eloquence_pipeline.load.coordinator import poll_seconds
from eloquence_pipeline.load.exchange import FIGURES, HERE, JOIN, OVER, READY, START, Exchange, note_of
from eloquence_pipeline.load.host_watch import usable_cores
from eloquence_pipeline.measurement.method import METHOD_VERSION
from eloquence_pipeline.models.load import CellResult, HostFigures
from eloquence_pipeline.models.load_cells import (
    Arrival,
    Beginning,
    EndSignal,
    FiguresFormat,
    JoinSignal,
    LoadPlan,
    LoadShare,
    Machine,
    Readiness,
    ShareFigures,
    StartSignal,
)

_LOOKS_FOR_THE_END = 10
"""Every so many looks for what is waited for."""

M = TypeVar("M", bound=BaseModel)


class Barrier:
    """Where a load cell waits for the others.

    Parameters
    ----------
    plan, share
        Of the whole load, and of this load cell.
    exchange
        With the coordinator.
    machine, evidence
        Where it runs, and the key prefix of its own run.
    """

    def __init__(
        self, plan: LoadPlan, share: LoadShare, exchange: Exchange, *, machine: Machine, evidence: str
    ) -> None:
        self.plan = plan
        self.share = share
        self._cell = share.cell
        self._exchange = exchange
        self._machine = machine
        self._evidence = evidence
        self._heard_after_ms = 0.0
        self._start: StartSignal | None = None
        self._start_ns = 0

    async def until_its_turn(self) -> None:
        """Say that this load cell is there, and wait until the machines are free.

        Raises
        ------
        TransportError
            If the coordinator has ended, or says nothing for too long.
        """
        note = Arrival(
            cell=self._cell, said_at=datetime.now(UTC), machine=self._machine, evidence=self._evidence
        )
        await self._exchange.say(note_of(self._cell, HERE), note)
        signal = await self._heard(JOIN, JoinSignal)
        waited = datetime.now(UTC) - signal.said_at
        self._heard_after_ms = waited.total_seconds() * MILLISECONDS_PER_SECOND

    async def agree(self, joined: int) -> int:
        """Say that so many sessions have joined, and return when all begin, on the measuring clock.

        Raises
        ------
        TransportError
            If the coordinator has ended or says nothing, or this load cell was too late for the start.
        """
        note = Readiness(
            cell=self._cell, said_at=datetime.now(UTC), joined=joined, heard_after_ms=self._heard_after_ms
        )
        await self._exchange.say(note_of(self._cell, READY), note)
        signal = await self._heard(START, StartSignal)
        if self._cell not in signal.corrections_ms:
            raise TransportError("it was ready too late: the others began without it")
        now = Instant.now()
        until = signal.start_at + timedelta(milliseconds=signal.corrections_ms[self._cell]) - now.wall
        if until < timedelta():
            raise TransportError(
                f"it heard of the common start {-until.total_seconds():.1f} s too late",
                remedy="look at the way to the store, and at the clock of this machine",
            )
        self._start = signal
        self._start_ns = now.monotonic_ns + round(until.total_seconds() * NANOSECONDS_PER_SECOND)
        return self._start_ns

    async def hand_over(self, processes: Sequence[CellResult], host: HostFigures) -> None:
        """Hand over what was measured, for the coordinator to merge."""
        figures = ShareFigures(
            format=FiguresFormat(method_version=METHOD_VERSION),
            cell=self._cell,
            machine=self._machine,
            beginning=self._beginning(processes),
            host=host,
            processes=tuple(processes),
            evidence=self._evidence,
        )
        await self._exchange.say(note_of(self._cell, FIGURES), figures)

    def _beginning(self, processes: Sequence[CellResult]) -> Beginning | None:
        """Return when this load cell really began; None if no session of it spoke."""
        late_ms = [one.figures.start_late_ms for one in processes if one.figures and one.sessions]
        if self._start is None or not late_ms:
            return None
        correction_ms = self._start.corrections_ms[self._cell]
        # By the wall clock as it is now: had it been set meanwhile, that would show.
        began_at = Instant.now().wall_at(self._start_ns + max(late_ms) * NANOSECONDS_PER_MILLISECOND)
        return Beginning(
            began_at=began_at - timedelta(milliseconds=correction_ms),
            late_ms=max(late_ms),
            correction_ms=correction_ms,
            kernel_clock=kernel_clock(),
        )

    async def _heard(self, name: str, model: type[M]) -> M:
        deadline = time.monotonic() + self.plan.patience_seconds
        looked = 0
        while time.monotonic() < deadline:
            looked += 1
            try:
                if await self._exchange.is_said(name):
                    return await self._exchange.read(name, model)
                if looked % _LOOKS_FOR_THE_END == 0 and await self._exchange.is_said(OVER):
                    over = await self._exchange.read(OVER, EndSignal)
                    raise TransportError(f"the coordinator has ended: {over.reason}")
            except StorageUnavailable:
                pass  # it may be back in time
            await asyncio.sleep(poll_seconds(len(self.plan.shares)))
        raise TransportError(
            f"the coordinator {self.plan.run_id} has said nothing for {self.plan.patience_seconds} s",
            remedy="look at its run; it may have been killed",
        )


def this_machine(slot: str) -> Machine:
    """Describe where this process runs."""
    return Machine(name=platform.node() or "?", cores=usable_cores(), clock_id=clock_id(), slot=slot)
