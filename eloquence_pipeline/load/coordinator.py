"""Lead load cells on many machines through one load: arrive, join, begin together, hand over figures.

Whatever a load cell does not do in its time loses that cell alone: its sessions count as not measured, and
the others go on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

from pydantic import BaseModel

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND, NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.errors import StorageUnavailable, TransportError
from eloquence_pipeline.load.cell import JOIN_SECONDS
from eloquence_pipeline.load.cells import SETTLING_SECONDS, SETTLING_SECONDS_PER_SESSION
from eloquence_pipeline.load.exchange import FIGURES, HERE, JOIN, OVER, READY, START, Exchange, note_of
from eloquence_pipeline.measurement.clock_bounds import OffsetBounds
from eloquence_pipeline.models.load_cells import (
    Arrival,
    EndSignal,
    JoinSignal,
    LoadPlan,
    LostCell,
    Readiness,
    ShareFigures,
    StartSignal,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger

POLL_SECONDS = 0.5
QUIET_POLL_SECONDS = 5.0
"""While all speak: whoever looks takes processor time, perhaps of a machine that measures."""
QUESTIONS_PER_SECOND = 500
"""Of all load cells together, to the store: more of them ask less often."""
HEARING_SECONDS = 3.0
"""From saying when all begin until it is heard everywhere, beside two polls."""
PREPARING_SECONDS = 120.0
"""For phrases to be spoken and processes to start, beside the joining itself."""
ANALYSIS_SECONDS = 180.0
ANALYSIS_RATIO = 1.0
"""More, as a share of what all sessions of a load cell speak. A load cell that dies is noticed by its run."""

M = TypeVar("M", bound=BaseModel)
_logger = PipelineLogger("LOAD")


def poll_seconds(cells: int) -> float:
    """Return how often each of so many load cells looks for a word of the coordinator."""
    return max(POLL_SECONDS, cells / QUESTIONS_PER_SECOND)


class CellRuns(Protocol):
    """The runs of load cells, wherever they are carried out."""

    async def ended(self, cells: Collection[int]) -> Mapping[int, str]:
        """Return which of some load cells have ended, and what became of them."""
        ...

    async def obstacle(self, cells: Collection[int], *, is_late: bool) -> str:
        """Return why none of some load cells, which are not there yet, can come; empty while they may.

        Parameters
        ----------
        cells
            Their numbers.
        is_late
            Whether there is no more time for what may still change.
        """
        ...


class Coordinator:
    """One load on many machines, as seen by whoever leads it.

    Parameters
    ----------
    plan
        What is to be carried.
    exchange
        Where the load cells can be heard.
    runs
        That were started for them.

    Attributes
    ----------
    lost
        The load cells that are out, by their number, and why.
    bounds
        What is known of their clocks.
    """

    def __init__(self, plan: LoadPlan, exchange: Exchange, runs: CellRuns) -> None:
        self.lost: dict[int, str] = {}
        self.bounds: dict[int, OffsetBounds] = {share.cell: OffsetBounds() for share in plan.shares}
        self._plan = plan
        self._exchange = exchange
        self._runs = runs
        self._store_is_away = False

    @property
    def present(self) -> list[int]:
        """The load cells that are not lost."""
        return [share.cell for share in self._plan.shares if share.cell not in self.lost]

    @property
    def lost_cells(self) -> tuple[LostCell, ...]:
        """Those that are, with the sessions that they were to carry."""
        return tuple(
            LostCell(
                cell=share.cell,
                sessions=tuple(range(share.first_session, share.first_session + share.sessions)),
                reason=self.lost[share.cell],
            )
            for share in self._plan.shares
            if share.cell in self.lost
        )

    async def arrived(self, within_seconds: float) -> dict[int, Arrival]:
        """Wait until all load cells are there.

        Raises
        ------
        TransportError
            If none came.
        """
        late = f"it had not begun {within_seconds:.0f} s after it was asked for"
        found = await self._gathered(HERE, Arrival, within_seconds, late, starting=True)
        for cell, (note, seen_at) in found.items():
            self._bound(cell, note.said_at, seen_at)
        self._require_some(
            "no load cell began", remedy="look at the pool's workers, and at their runs in Prefect"
        )
        return {cell: note for cell, (note, _) in found.items()}

    async def joined(self) -> dict[int, Readiness]:
        """Let the sessions of all load cells join, and wait until they have.

        Raises
        ------
        TransportError
            If no load cell is left.
        """
        await self._exchange.say(JOIN, JoinSignal(said_at=datetime.now(UTC)))
        wishes = [self._plan.wish(share) for share in self._plan.shares]
        longest = max(wish.joining_seconds for wish in wishes) + JOIN_SECONDS + PREPARING_SECONDS
        late = f"its sessions had not joined within {longest:.0f} s"
        found = await self._gathered(READY, Readiness, longest, late)
        for cell, (note, seen_at) in found.items():
            self._bound(cell, note.said_at, seen_at)
            self.bounds[cell] = self.bounds[cell].heard_by_cell(note.heard_after_ms)
        self._require_some("no load cell's sessions joined", remedy="look at the server that is tested")
        return {cell: note for cell, (note, _) in found.items()}

    async def begin(self) -> tuple[datetime, int]:
        """Agree on the moment at which all begin; returns it by the wall clock and the measuring clock."""
        most = max(share.sessions + share.background for share in self._plan.shares)
        hearing = HEARING_SECONDS + 2 * poll_seconds(len(self._plan.shares))
        ahead = hearing + SETTLING_SECONDS + SETTLING_SECONDS_PER_SESSION * most
        start_ns = monotonic_ns() + round(ahead * NANOSECONDS_PER_SECOND)
        start_at = datetime.now(UTC) + timedelta(seconds=ahead)
        corrections = {cell: self.bounds[cell].correction_ms for cell in self.present}
        for cell, correction_ms in corrections.items():
            if correction_ms:
                _logger.warning(
                    f"l'horloge de la cellule de charge {cell} diffère d'au moins {correction_ms:+.0f} ms"
                )
        await self._exchange.say(START, StartSignal(start_at=start_at, corrections_ms=corrections))
        return start_at, start_ns

    async def measured(self) -> dict[int, ShareFigures]:
        """Wait for the figures of all load cells.

        Raises
        ------
        TransportError
            If none handed over any.
        """
        most = max(share.sessions for share in self._plan.shares)
        spoken = self._plan.duration_seconds
        limit = spoken + ANALYSIS_SECONDS + ANALYSIS_RATIO * most * spoken
        late = f"it had handed over no figures {limit:.0f} s after the start"
        found = await self._gathered(FIGURES, ShareFigures, limit, late, quiet_seconds=spoken)
        self._require_some("no load cell handed over figures", remedy="look at their runs in Prefect")
        return {cell: note for cell, (note, _) in found.items()}

    async def end(self, reason: str) -> None:
        """Say that nobody waits any more; a store that is away is no matter now."""
        try:
            await self._exchange.say(OVER, EndSignal(reason=reason))
        except StorageUnavailable as error:
            _logger.warning(str(error))

    def _bound(self, cell: int, said_at: datetime, seen_at: datetime) -> None:
        after_ms = (seen_at - said_at).total_seconds() * MILLISECONDS_PER_SECOND
        self.bounds[cell] = self.bounds[cell].heard_by_coordinator(after_ms)

    def _require_some(self, message: str, *, remedy: str) -> None:
        if not self.present:
            reasons = list(dict.fromkeys(self.lost.values()))
            raise TransportError(f"{message}: {'; '.join(reasons[:3])}", remedy=remedy)

    def _lose(self, cell: int, reason: str) -> None:
        self.lost[cell] = reason
        _logger.error(f"cellule de charge {cell} perdue : {reason}")

    async def _gathered(
        self,
        kind: str,
        model: type[M],
        within_seconds: float,
        late: str,
        *,
        starting: bool = False,
        quiet_seconds: float = 0.0,
    ) -> dict[int, tuple[M, datetime]]:
        """Return the notes of one kind of all load cells that are not lost meanwhile; when each was seen.

        Parameters
        ----------
        kind, model
            Of the notes.
        within_seconds, late
            How long there is, and what is said of a load cell that takes longer.
        starting
            Whether the runs may not have begun yet.
        quiet_seconds
            How long nothing is expected.
        """
        waiting, found = set(self.present), dict[int, tuple[M, datetime]]()
        began = time.monotonic()
        deadline, quiet_until = began + within_seconds, began + quiet_seconds
        while waiting:
            is_late = time.monotonic() > deadline
            # Asked in this order: a load cell that has ended said before it did whatever it had to say.
            ended = await self._runs.ended(waiting)
            can_be_asked = starting and not ended
            obstacle = await self._runs.obstacle(waiting, is_late=is_late) if can_be_asked else ""
            for cell, seen_at in (await self._said(kind)).items():
                if cell in waiting:
                    found[cell] = await self._exchange.read(note_of(cell, kind), model), seen_at
                    waiting.discard(cell)
            for cell in sorted(waiting):
                if reason := ended.get(cell, "") or obstacle or (late if is_late else ""):
                    self._lose(cell, reason)
                    waiting.discard(cell)
            if waiting:
                left = quiet_until - time.monotonic()
                await asyncio.sleep(max(POLL_SECONDS, min(QUIET_POLL_SECONDS, left)))
        return found

    async def _said(self, kind: str) -> dict[int, datetime]:
        """Return who has said something; a store that is away for a while says it later."""
        try:
            said = await self._exchange.cells_that_said(kind)
        except StorageUnavailable as error:
            if not self._store_is_away:
                _logger.warning(str(error))
            self._store_is_away = True
            return {}
        self._store_is_away = False
        return said
