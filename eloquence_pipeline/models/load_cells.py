"""One load on many machines: what load cells are told, what they say, and what becomes of the whole.

A load cell is a Prefect flow run on some machine that carries a share of the sessions, in processes of its
own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.clock import KernelClock
from eloquence_pipeline.models.base import Record
from eloquence_pipeline.models.load import CellResult, HostFigures, LoadResult, LoadWish

PLAN_FORMAT, FIGURES_FORMAT = "eloquence-load-plan", "eloquence-load-cell"


class LoadShare(Record):
    """What one load cell carries of a load."""

    cell: PositiveInt
    sessions: PositiveInt
    """Measured ones."""
    background: NonNegativeInt = 0
    first_session: PositiveInt
    """Number of its first measured session among those of all load cells."""
    first_background: PositiveInt
    """Number of its first session of the background, likewise."""
    first_process: PositiveInt
    """Number of its first process, likewise."""


class PlanFormat(Record):
    """Name and version of the format."""

    name: Literal["eloquence-load-plan"] = PLAN_FORMAT
    version: Literal[1] = 1


class LoadPlan(Record):
    """What the coordinator tells all load cells; it lies in the store and holds no secret."""

    format: PlanFormat = PlanFormat()
    run_id: str
    """Of the coordinator."""
    package_version: str
    livekit_url: str
    clock_id: str
    """Of the coordinator's machine."""
    room: str
    """What the names of the rooms begin with."""
    seed: PositiveInt
    categories: tuple[str, ...]
    duration_seconds: PositiveInt
    ramp_up_seconds: NonNegativeInt = 0
    thresholds: dict[str, float]
    patience_seconds: PositiveInt
    """How long a load cell waits for a word of the coordinator before it takes it for dead."""
    shares: tuple[LoadShare, ...]

    def share(self, cell: int) -> LoadShare:
        """Return what one load cell carries.

        Raises
        ------
        KeyError
            If there is none of that number.
        """
        return {one.cell: one for one in self.shares}[cell]

    @property
    def whole(self) -> LoadWish:
        """The load of all load cells together."""
        return LoadWish(
            sessions=sum(share.sessions for share in self.shares),
            background=sum(share.background for share in self.shares),
            duration_seconds=self.duration_seconds,
            ramp_up_seconds=self.ramp_up_seconds,
        )

    def wish(self, share: LoadShare) -> LoadWish:
        """Return a share as a load of its own."""
        return LoadWish(
            sessions=share.sessions,
            background=share.background,
            duration_seconds=self.duration_seconds,
            ramp_up_seconds=self.ramp_up_seconds,
        )


class Machine(Record):
    """Where a load cell runs."""

    name: str
    cores: PositiveInt
    clock_id: str
    slot: str
    """Name of the limit that lets one measurement at a time go on there."""


class Arrival(Record):
    """A load cell is there, and waits for its turn."""

    cell: PositiveInt
    said_at: AwareDatetime
    """By its own wall clock, as all its times."""
    machine: Machine
    evidence: str
    """Key prefix of its own run."""


class JoinSignal(Record):
    """The machines are free: the load cells are to join."""

    said_at: AwareDatetime


class Readiness(Record):
    """The sessions of a load cell have joined."""

    cell: PositiveInt
    said_at: AwareDatetime
    joined: NonNegativeInt
    """Sessions, those of the background included."""
    heard_after_ms: float
    """From the coordinator's saying to join until it was heard here: by two clocks, which may differ."""


class StartSignal(Record):
    """All begin to speak at one moment of the coordinator's wall clock."""

    start_at: AwareDatetime
    corrections_ms: dict[PositiveInt, float]
    """Of each load cell that is to speak: what its clock is known to be ahead by; 0 where nothing speaks
    against it. A load cell that is not here came too late."""


class EndSignal(Record):
    """The coordinator has ended: nobody waits for a load cell any more."""

    reason: str


class Beginning(Record):
    """When a load cell really began to speak."""

    began_at: AwareDatetime
    """By its own wall clock, less the correction; the last of its sessions, beside what was planned."""
    late_ms: float
    """After the agreed moment."""
    correction_ms: float
    kernel_clock: KernelClock


class FiguresFormat(Record):
    """Name and version of the format."""

    name: Literal["eloquence-load-cell"] = FIGURES_FORMAT
    version: Literal[1] = 1
    method_version: PositiveInt


class ShareFigures(Record):
    """What a load cell hands over: raw figures of every phrase, and no percentile of theirs."""

    format: FiguresFormat
    cell: PositiveInt
    machine: Machine
    beginning: Beginning | None
    """None if no session of it spoke."""
    host: HostFigures
    processes: tuple[CellResult, ...]
    evidence: str
    """Key prefix of its own run, with the recordings."""

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """Return the JSON schema of such a file, as published in ``docs/load-cell.schema.json``."""
        return cls.model_json_schema(by_alias=True, mode="serialization")


class MachineFigures(Record):
    """A load cell that measured, in the result of the whole."""

    cell: PositiveInt
    machine: Machine
    sessions: tuple[PositiveInt, ...]
    """That it measured, by their numbers."""
    processes: tuple[PositiveInt, ...]
    beginning: Beginning | None
    clock_error_ms: NonNegativeFloat | None
    """Bound of what its clock, corrected, and that of the coordinator differ by; None if nothing is known."""
    host: HostFigures
    evidence: str


class LostCell(Record):
    """A load cell that handed over no figures."""

    cell: PositiveInt
    sessions: tuple[PositiveInt, ...]
    """Measured ones that it was to carry, by their numbers."""
    reason: str


class ManyMachinesResult(LoadResult):
    """The result of ``--test load --cells N``: that of a load, and on which machines it was carried.

    What it says of machine and limits is of the busiest machine; ``cells`` are the processes of all of them.
    """

    machines: tuple[MachineFigures, ...]
    lost_cells: tuple[LostCell, ...]
    start_at: datetime
    """The agreed moment, by the coordinator's wall clock."""
    cells_spread_ms: NonNegativeFloat
    """Between the beginnings of the first and the last load cell, by their corrected clocks."""
    clocks_error_ms: NonNegativeFloat | None
    """By which that may be wrong; 0 where all stamped with one clock, None if nothing is known."""
