"""The tasks of a load on many machines: the share of one load cell, and the lead over all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version

from prefect import task
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.clock import clock_id, kernel_clock
from eloquence_pipeline.errors import ConfigurationError, StorageError
from eloquence_pipeline.load.barrier import Barrier
from eloquence_pipeline.load.cells import run_cells
from eloquence_pipeline.load.coordinator import Coordinator
from eloquence_pipeline.load.exchange import PLAN, Exchange
from eloquence_pipeline.load.host_watch import HostWatch
from eloquence_pipeline.load.planning import plan_cells, tokens_of
from eloquence_pipeline.load.server_watch import ServerWatch, is_loopback
from eloquence_pipeline.load.shares import numbered
from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.measurement.load_machines import Lead, merge_machines
from eloquence_pipeline.models import SpeechScript
from eloquence_pipeline.models.load import LoadResult
from eloquence_pipeline.models.load_cells import (
    LoadPlan,
    ManyMachinesResult,
    ShareFigures,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.load import resource_lines
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.keys import RUNS
from eloquence_pipeline.storage.store import open_store
from tasks.load import shown_until_spoken
from tasks.load_pool import PoolRuns, PoolWish
from tasks.progress import Progress, shown_progress
from tasks.run import Run
from tasks.slot import alone_on

PACKAGE = "eloquence-pipeline"
_SENDING_SECONDS = 120.0
"""For load cells to send their recordings, once their figures are here."""

_logger = PipelineLogger("LOAD")


def exchange_of(run: Run, prefix: str, settings: Settings) -> Exchange:
    """Return where coordinator and load cells speak to each other.

    Parameters
    ----------
    run
        Of whoever uses it.
    prefix
        Key prefix of the coordinator's run.
    settings
        They name the store.
    """
    return Exchange(open_store(settings.storage), prefix, RunFolder.open(run.folder))


async def read_plan(exchange: Exchange, load: str, settings: Settings) -> LoadPlan:
    """Return what the coordinator wants, where this load cell can do it.

    Raises
    ------
    ConfigurationError
        If this is another store, another server or another version than the coordinator's.
    """
    if not load.startswith(f"{RUNS}/"):
        raise ConfigurationError(
            f"{load!r} is no key prefix of a run", remedy="let eloquence start load cells"
        )
    try:
        plan = await exchange.read(PLAN, LoadPlan)
    except StorageError as error:
        raise ConfigurationError(
            f"the plan of the load cannot be read: {error.message}",
            remedy="let all machines name the same store and run the same version",
        ) from None
    own = version(PACKAGE)
    if plan.package_version != own:
        raise ConfigurationError(
            f"this machine has {PACKAGE} {own}, the coordinator {plan.package_version}",
            remedy="install the same version on all machines",
        )
    elsewhere = is_loopback(plan.livekit_url) and plan.clock_id != clock_id()
    if plan.livekit_url != settings.livekit_url or elsewhere:
        raise ConfigurationError(
            f"the load is for {plan.livekit_url}, which is not {settings.livekit_url} of this machine",
            remedy="name a target that all machines reach, with the same URL in the settings of each",
        )
    return plan


@task(name="carry share", task_run_name="load: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def carry_share(
    run: Run, scripts: Mapping[str, SpeechScript], settings: Settings, barrier: Barrier
) -> LoadResult:
    """Let the sessions of one load cell speak with those of all others, measure them, hand over the figures.

    Returns
    -------
    LoadResult
        Of this share alone, as a load of its own.

    Raises
    ------
    TransportError
        If no session could join, or the common start was missed.
    """
    plan, share = barrier.plan, barrier.share
    wish = plan.wish(share)
    own = plan_cells(wish, list(scripts.values()), settings, folder=run.folder, room=plan.room)
    plans = numbered(own, share, plan.room)
    host = HostWatch()
    _logger.info(f"{share.sessions} sessions mesurées, {share.background} en fond, {len(plans)} processus")
    processes = await run_cells(plans, tokens_of(plans, settings), [host], barrier.agree)
    await barrier.hand_over(processes, host.figures)
    return analyse_load(
        run.info(room=plan.room),
        wish,
        processes,
        host=host.figures,
        server=None,
        thresholds=settings.thresholds,
    )


class _LedLoad:
    """A load on many machines while it goes on."""

    def __init__(self, run: Run, plan: LoadPlan, settings: Settings, wish: PoolWish) -> None:
        self.run = run
        self.plan = plan
        self.wish = wish
        self.runs = PoolRuns(wish.pool)
        self.prefix = RunFolder.open(run.folder).prefix
        self.exchange = exchange_of(run, self.prefix, settings)
        self.coordinator = Coordinator(plan, self.exchange, self.runs)
        self.server = ServerWatch(settings.tests.load.metrics_url)
        self.start_at: datetime | None = None

    async def carried(self, progress: Progress) -> list[ShareFigures]:
        """Return the figures of all load cells that handed over any."""
        cells = [share.cell for share in self.plan.shares]
        await self.exchange.say(PLAN, self.plan)
        await self.runs.ask_for(cells, {"load": self.prefix, "target": self.wish.target})
        arrivals = await self.coordinator.arrived(self.wish.start_within_seconds)
        machines = {one.machine.slot for one in arrivals.values()}
        _logger.info(f"{len(arrivals)}/{len(cells)} cellules de charge sur {len(machines)} machines")
        async with alone_on(machines):
            joined = await self.coordinator.joined()
            _logger.info(f"{sum(one.joined for one in joined.values())} sessions sont là")
            self.start_at, start_ns = await self.coordinator.begin()
            await self.server.begin(start_ns)
            watching = asyncio.create_task(self._watched(start_ns, progress), name="load")
            try:
                figures = await self.coordinator.measured()
            finally:
                watching.cancel()
                await self.server.end()
            await self.runs.await_end(_SENDING_SECONDS)
        return list(figures.values())

    async def _watched(self, start_ns: int, progress: Progress) -> None:
        """Show how far all are, and ask the server no more when they have spoken."""
        who = f"{len(self.plan.shares)} cellules de charge"
        await shown_until_spoken(who, start_ns, self.plan.duration_seconds, progress)
        await self.server.end()
        _logger.info("transmission terminée ; chaque cellule de charge analyse ses sessions")

    async def end(self) -> None:
        """Let nobody wait, speak or begin any more for this load."""
        await self.coordinator.end("its load is over")
        await self.runs.end()


@task(name="lead load", task_run_name="load: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def lead_load(run: Run, plan: LoadPlan, wish: PoolWish, settings: Settings) -> ManyMachinesResult:
    """Let load cells on many machines carry a load together, and put together what they measured.

    Not repeated: a load cell that is lost stands in the result.

    Raises
    ------
    TransportError
        If no load cell measured anything.
    """
    led = _LedLoad(run, plan, settings, wish)
    key, description = f"{run.scenario}-progress", f"Charge, essai {run.run_id}"
    try:
        with shown_progress(key, description, plan.duration_seconds) as progress:
            figures = await led.carried(progress)
    finally:
        await asyncio.shield(asyncio.ensure_future(led.end()))
    if led.server.problem:
        _logger.warning(f"le serveur ne dit pas tout de lui-même : {led.server.problem}")
    assert led.start_at is not None  # noqa: S101 - for the type checker
    result = merge_machines(
        run.info(room=plan.room),
        plan.whole,
        figures,
        Lead(
            clock_id=clock_id(),
            kernel_clock=kernel_clock(),
            start_at=led.start_at,
            bounds=led.coordinator.bounds,
            lost=led.coordinator.lost_cells,
        ),
        server=led.server.figures,
        thresholds=settings.thresholds,
    )
    for line in resource_lines(result):
        _logger.info(line)
    return result
