"""A coordinator and its load cells, over a store that is a folder: who begins when, and who is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

import pytest

from eloquence_pipeline.clock import Instant, monotonic_ns
from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.load import barrier as barrier_module
from eloquence_pipeline.load import coordinator as coordinator_module
from eloquence_pipeline.load.barrier import Barrier, this_machine
from eloquence_pipeline.load.coordinator import HEARING_SECONDS, Coordinator
from eloquence_pipeline.load.exchange import Exchange
from eloquence_pipeline.load.shares import shares_of
from eloquence_pipeline.models.load import LoadWish
from eloquence_pipeline.models.load_cells import LoadPlan
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.folder_store import FolderStore
from tests import loads

pytestmark = pytest.mark.unit

CELLS = 3


class Runs:
    """What Prefect would say of the runs of load cells."""

    def __init__(self) -> None:
        self.dead: dict[int, str] = {}
        self.hindered = ""

    async def ended(self, cells: Collection[int]) -> Mapping[int, str]:
        return {cell: reason for cell, reason in self.dead.items() if cell in cells}

    async def obstacle(self, cells: Collection[int], *, is_late: bool) -> str:
        del cells, is_late
        return self.hindered


class Load:
    """One load, with as many load cells as a test wants of it."""

    def __init__(self, folder: Path) -> None:
        self.runs = Runs()
        self.folder = folder
        self.store = FolderStore(folder / "store")
        self.store.ensure(create=True)
        self.own = RunFolder.create(folder / "coordinator", datetime.now(UTC), "load")
        wish = LoadWish(sessions=CELLS, duration_seconds=8)
        self.plan = LoadPlan(
            run_id=self.own.run_id,
            package_version="1",
            livekit_url="ws://127.0.0.1:1",
            clock_id="one",
            room="room",
            seed=1,
            categories=("greetings",),
            duration_seconds=8,
            thresholds={},
            patience_seconds=20,
            shares=shares_of(wish, CELLS),
        )
        self.coordinator = Coordinator(self.plan, self._exchange(self.own), self.runs)

    def _exchange(self, run: RunFolder) -> Exchange:
        return Exchange(self.store, self.own.prefix, run)

    def barrier(self, cell: int) -> Barrier:
        run = RunFolder.create(self.folder / f"machine-{cell}", datetime.now(UTC), "load-cell")
        return Barrier(
            self.plan,
            self.plan.share(cell),
            self._exchange(run),
            machine=this_machine("slot"),
            evidence=run.prefix,
        )


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    monkeypatch.setattr(coordinator_module, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(coordinator_module, "QUIET_POLL_SECONDS", 0.02)
    return Load(tmp_path)


async def carried(barrier: Barrier) -> int:
    """Do what a load cell does, and return when it was to begin."""
    await barrier.until_its_turn()
    start_ns = await barrier.agree(1)
    measured = loads.cell(barrier.share.first_process, [loads.session(barrier.share.first_session, [40.0])])
    await barrier.hand_over([measured], loads.host())
    return start_ns


async def test_all_load_cells_begin_at_one_moment_that_lies_ahead(load: Load) -> None:
    cells = [asyncio.create_task(carried(load.barrier(cell))) for cell in (1, 2, 3)]
    arrivals = await load.coordinator.arrived(10)
    assert sorted(arrivals) == [1, 2, 3]
    assert {one.machine.slot for one in arrivals.values()} == {"slot"}
    joined = await load.coordinator.joined()
    assert sum(one.joined for one in joined.values()) == CELLS
    before_ns = monotonic_ns()
    _, start_ns = await load.coordinator.begin()
    assert start_ns - before_ns > HEARING_SECONDS * 1e9
    starts = await asyncio.gather(*cells)
    # One wall clock: what remains is how finely it is read.
    assert max(abs(one - start_ns) for one in starts) < 50e6
    figures = await load.coordinator.measured()
    assert sorted(figures) == [1, 2, 3]
    assert all(one.beginning is not None for one in figures.values())
    assert load.coordinator.lost_cells == ()


async def test_a_load_cell_whose_clock_is_wrong_begins_with_the_others_and_says_so(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = timedelta(seconds=30)

    class FastClock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # pyright: ignore[reportIncompatibleMethodOverride]
            return datetime.now(tz) + ahead

    class FastInstant(Instant):
        @classmethod
        def now(cls) -> Instant:
            right = Instant.now()
            return right.model_copy(update={"wall": right.wall + ahead})

    monkeypatch.setattr(barrier_module, "datetime", FastClock)
    monkeypatch.setattr(barrier_module, "Instant", FastInstant)
    cell = asyncio.create_task(carried(load.barrier(1)))
    await load.coordinator.arrived(0.5)
    await load.coordinator.joined()
    start_at, start_ns = await load.coordinator.begin()
    # As exact as the notes are: here they take fractions of a second.
    assert abs(await cell - start_ns) < 1e9
    (figures,) = (await load.coordinator.measured()).values()
    beginning = figures.beginning
    assert beginning is not None
    assert 29_000 < beginning.correction_ms <= 30_000
    assert abs((beginning.began_at - start_at).total_seconds()) < 1
    bounds = load.coordinator.bounds[1]
    assert bounds.low <= 30_000 <= bounds.high


async def test_what_a_load_cell_said_belongs_to_the_evidence_of_the_load(load: Load) -> None:
    cells = [asyncio.create_task(carried(load.barrier(cell))) for cell in (1, 2, 3)]
    await load.coordinator.arrived(10)
    await load.coordinator.joined()
    await load.coordinator.begin()
    await asyncio.gather(*cells)
    await load.coordinator.measured()
    sealed = {file.name for file in load.own.seal().files}
    assert {
        f"cells/000{cell}-{kind}.json" for cell in (1, 2, 3) for kind in ("here", "ready", "figures")
    } < sealed
    # Written once: the same bytes lie in the store under the same name.
    for name in sealed:
        assert load.store.get_bytes(load.own.prefix + name) == (load.own.path / name).read_bytes()


async def test_a_load_cell_that_dies_is_lost_and_the_others_go_on(load: Load) -> None:
    cells = [asyncio.create_task(carried(load.barrier(cell))) for cell in (1, 3)]
    load.runs.dead[2] = "its run ended as Crashed"
    assert sorted(await load.coordinator.arrived(10)) == [1, 3]
    await load.coordinator.joined()
    await load.coordinator.begin()
    await asyncio.gather(*cells)
    assert sorted(await load.coordinator.measured()) == [1, 3]
    (lost,) = load.coordinator.lost_cells
    assert (lost.cell, lost.sessions, lost.reason) == (2, (2,), "its run ended as Crashed")


async def test_what_was_handed_over_before_the_end_of_a_run_counts(load: Load) -> None:
    cells = [asyncio.create_task(carried(load.barrier(cell))) for cell in (1, 2, 3)]
    await load.coordinator.arrived(10)
    await load.coordinator.joined()
    await load.coordinator.begin()
    await asyncio.gather(*cells)
    load.runs.dead = dict.fromkeys((1, 2, 3), "its run ended as Completed")
    assert sorted(await load.coordinator.measured()) == [1, 2, 3]


async def test_a_load_cell_that_comes_too_late_is_not_waited_for_and_does_not_speak(load: Load) -> None:
    cells = [asyncio.create_task(carried(load.barrier(cell))) for cell in (1, 2)]
    await load.coordinator.arrived(0.5)
    assert load.coordinator.lost == {3: "it had not begun 0 s after it was asked for"}
    late = asyncio.create_task(carried(load.barrier(3)))
    await load.coordinator.joined()
    await load.coordinator.begin()
    await asyncio.gather(*cells)
    with pytest.raises(TransportError, match="the others began without it"):
        await late


async def test_without_any_worker_nobody_waits_to_the_end(load: Load) -> None:
    load.runs.hindered = "the work pool 'x' has no worker"
    with pytest.raises(TransportError, match="no load cell began: the work pool 'x' has no worker"):
        await load.coordinator.arrived(3600)


async def test_a_load_cell_that_waits_hears_of_the_end(load: Load) -> None:
    waiting = asyncio.create_task(carried(load.barrier(1)))
    await load.coordinator.end("interrupted")
    with pytest.raises(TransportError, match="the coordinator has ended: interrupted"):
        await waiting
