"""Load cells as runs of a deployment in a Prefect work pool: asked for, looked at, ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from typing import NamedTuple
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, WorkerStatus
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelled, Cancelling
from pydantic import JsonValue

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.pipeline_logger import PipelineLogger

LOAD_CELL = "load-cell"
WORKER_SECONDS = 20.0
"""For a worker that has just been started to say that it is there."""
_LOOK_EVERY_SECONDS = 1.0
_AT_ONCE = 8
_PAGE = 200
"""Prefect names no more runs in one answer."""

_logger = PipelineLogger("LOAD")


class PoolWish(NamedTuple):
    """Where load cells are to be carried out.

    Attributes
    ----------
    pool
        Name of the work pool.
    target
        Of the load, as the coordinator was asked for it.
    start_within_seconds
        How long all load cells have until they begin.
    """

    pool: str
    target: str
    start_within_seconds: float


def deployment_for(pool: str) -> str:
    """Return the deployment of load cells in a pool: it has the pool's name."""
    return f"{LOAD_CELL}/{pool}"


async def require_pool(pool: str) -> None:
    """Refuse a pool that load cells cannot be asked for in, before anything is started.

    Raises
    ------
    ConfigurationError
        If there is none of that name, it is paused, or it has no deployment of load cells.
    """
    async with get_client() as client:
        try:
            found = await client.read_work_pool(pool)
        except ObjectNotFound:
            known = [one.name for one in await client.read_work_pools()]
            near = get_close_matches(pool, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            there = f"there are {', '.join(known)}" if known else "there is none yet: eloquence up makes one"
            raise ConfigurationError(
                f"there is no work pool named {pool!r}", remedy=f"{hint}{there}"
            ) from None
        if found.is_paused:
            raise ConfigurationError(
                f"the work pool {pool!r} is paused", remedy=f"prefect work-pool resume {pool}"
            )
        try:
            deployment = await client.read_deployment_by_name(deployment_for(pool))
        except ObjectNotFound:
            raise ConfigurationError(
                f"the work pool {pool!r} has no deployment {deployment_for(pool)}",
                remedy=f"register it: eloquence deploy --pool {pool}",
            ) from None
        if deployment.work_pool_name != pool:
            raise ConfigurationError(
                f"the deployment {deployment_for(pool)} is in the work pool {deployment.work_pool_name!r}",
                remedy=f"register it again: eloquence deploy --pool {pool}",
            )


class PoolRuns:
    """The runs of the load cells of one load.

    Parameters
    ----------
    pool
        Name of the work pool.
    """

    def __init__(self, pool: str) -> None:
        self._pool = pool
        self._runs: dict[int, UUID] = {}
        self._states: dict[int, FlowRun] = {}
        self._looked_at = -_LOOK_EVERY_SECONDS
        self._asked_at = time.monotonic()

    async def ask_for(self, cells: Sequence[int], parameters: Mapping[str, JsonValue]) -> None:
        """Ask for a run of each load cell; `parameters` are those of all, beside the number."""
        some = asyncio.Semaphore(_AT_ONCE)

        async def ask(cell: int, client: PrefectClient) -> None:
            async with some:
                run = await arun_deployment(
                    deployment_for(self._pool),
                    client=client,  # without one it makes its own each time, and does not close it
                    parameters={**parameters, "cell": cell},
                    flow_run_name=f"cell-{cell}",
                    timeout=0,
                )
            self._runs[cell] = run.id

        async with get_client() as client:
            await asyncio.gather(*(ask(cell, client) for cell in cells))
        self._asked_at = time.monotonic()

    async def ended(self, cells: Collection[int]) -> Mapping[int, str]:
        """Return which of some load cells have ended, and what Prefect says of it."""
        await self._look()
        told: dict[int, str] = {}
        for cell in cells:
            run = self._states.get(cell)
            if run is not None and run.state is not None and run.state.is_final():
                message = (run.state.message or "").split("\n")[0]
                told[cell] = f"its run ended as {run.state.name}" + (f": {message}" if message else "")
        return told

    async def obstacle(self, cells: Collection[int], *, is_late: bool) -> str:
        """Return why none of some load cells that are not there yet can come; empty while they may."""
        if time.monotonic() - self._asked_at < WORKER_SECONDS and not is_late:
            return ""
        waiting = [
            run
            for cell in cells
            if (run := self._states.get(cell)) and run.state and run.state.is_scheduled()
        ]
        if len(waiting) < len(cells):
            return ""
        try:
            async with get_client() as client:
                pool = await client.read_work_pool(self._pool)
                if pool.is_push_pool or pool.is_managed_pool:
                    return ""
                workers = await client.read_workers_for_work_pool(self._pool)
        except httpx.HTTPError:
            return ""
        if any(worker.status is WorkerStatus.ONLINE for worker in workers):
            return ""
        return (
            f"the work pool {self._pool!r} has no worker: "
            f"start one with prefect worker start --pool {self._pool}"
        )

    async def await_end(self, within_seconds: float) -> None:
        """Wait until all have ended, for a while: they send their recordings after their figures."""
        deadline = time.monotonic() + within_seconds
        while time.monotonic() < deadline:
            if len(await self.ended(self._runs)) == len(self._runs):
                return
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def end(self) -> None:
        """End what has not ended: a load cell that nobody waits for must not begin later."""
        self._looked_at = -_LOOK_EVERY_SECONDS
        left = set(self._runs) - set(await self.ended(self._runs))
        async with get_client() as client:
            for cell in sorted(left):
                state = self._states[cell].state if cell in self._states else None
                begun = state is not None and not (state.is_scheduled() or state.is_pending())
                wanted = Cancelling() if begun else Cancelled(message="the load ended before this cell began")
                with suppress(httpx.HTTPError, ObjectNotFound):
                    await client.set_flow_run_state(self._runs[cell], wanted)

    async def _look(self) -> None:
        if time.monotonic() - self._looked_at < _LOOK_EVERY_SECONDS:
            return
        try:
            async with get_client() as client:
                by_id = {run.id: run for run in await _read_all(client, list(self._runs.values()))}
        except httpx.HTTPError as error:
            # A server that is away says it later; what a load cell leaves in the store is seen anyway.
            _logger.debug(f"Prefect ne répond pas : {type(error).__name__}")
            return
        self._states = {cell: by_id[run] for cell, run in self._runs.items() if run in by_id}
        self._looked_at = time.monotonic()


async def _read_all(client: PrefectClient, runs: Sequence[UUID]) -> list[FlowRun]:
    pages = [
        await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=list(runs[begin : begin + _PAGE])))
        )
        for begin in range(0, len(runs), _PAGE)
    ]
    return [run for page in pages for run in page]
