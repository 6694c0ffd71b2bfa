"""One measurement at a time on a machine: a strict global concurrency limit of Prefect.

Two at a time would hear each other's load, and blame the server for it. The slot is leased: a run that is
killed loses it within a minute and a quarter, a run whose Prefect server is away keeps on measuring.
"""

from __future__ import annotations

import asyncio
import platform
import re
from collections.abc import AsyncGenerator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.client.schemas.objects import ConcurrencyLeaseHolder
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError, concurrency
from prefect.context import FlowRunContext
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.pipeline_logger import PipelineLogger

LEASE_SECONDS = 60.0
"""The shortest that Prefect takes."""
_TOLD_AFTER_SECONDS = 2.0
_WAITING = "une autre mesure est en cours sur cette machine : attente"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_logger = PipelineLogger("RUN")


def slot_name() -> str:
    """Return the name of this machine's limit."""
    return f"eloquence-{_NOT_IN_NAMES.sub('-', platform.node().lower()).strip('-') or 'machine'}"


async def ensure_slot() -> str:
    """Create this machine's limit where there is none, and return its name.

    One that is there stays as it is: whoever sets it to 0 wants that nothing is measured now.
    """
    name = slot_name()
    async with get_client() as client:
        try:
            await client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            limit = GlobalConcurrencyLimitCreate(name=name, limit=1, slot_decay_per_second=0)
            try:
                await client.create_global_concurrency_limit(limit)
            except (ObjectAlreadyExists, httpx.HTTPStatusError):
                # Another run was quicker; anything else shows when it is read again.
                await client.read_global_concurrency_limit_by_name(name)
    return name


@asynccontextmanager
async def alone_on_this_machine() -> AsyncGenerator[None]:
    """Wait until no other run measures here, and keep others waiting while the block lasts.

    Raises
    ------
    ServerError
        If Prefect's server could not be asked.
    """
    try:
        name = await ensure_slot()
    except httpx.HTTPError as error:
        raise _not_asked(error) from error
    async with alone_on([name]):
        yield


@asynccontextmanager
async def alone_on(slots: Collection[str]) -> AsyncGenerator[None]:
    """Wait until no other run measures on some machines, and keep others waiting while the block lasts.

    All of them are taken at once or none is: two who wait for each other's machines cannot be.

    Parameters
    ----------
    slots
        Names of their limits, which are there.

    Raises
    ------
    ServerError
        If Prefect's server could not be asked.
    """
    waiting = asyncio.get_running_loop().call_later(_TOLD_AFTER_SECONDS, _logger.info, _WAITING)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(
                concurrency(
                    sorted(slots),
                    occupy=1,
                    strict=True,
                    lease_duration=LEASE_SECONDS,
                    holder=_holder(),
                    # A measurement that is under way is worth more than the slot it had.
                    raise_on_lease_renewal_failure=False,
                )
            )
        except (ConcurrencySlotAcquisitionError, httpx.HTTPError) as error:
            raise _not_asked(error) from error
        finally:
            waiting.cancel()
        held = stack.pop_all()
    try:
        yield
    finally:
        try:
            await held.aclose()
        except httpx.HTTPError as error:
            _logger.warning(f"créneau de mesure non rendu, il expire de lui-même : {type(error).__name__}")


def _not_asked(error: Exception) -> ServerError:
    return ServerError(
        f"Prefect could not say whether another measurement is under way: {error}",
        remedy="look whether its server runs: eloquence status",
        transient=True,
    )


def _holder() -> ConcurrencyLeaseHolder | None:
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return ConcurrencyLeaseHolder(type="flow_run", id=run.id) if run else None
