"""How a run ends that is cancelled in Prefect, or whose worker is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from typing import Any

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Cancelled

from eloquence_pipeline.storage.evidence import RunFolder
from flows.interruption import sigterm_cancels
from tasks.run import Run


async def ending_in_order(work: Coroutine[Any, Any, State[Any]]) -> State[Any]:
    """Return the state that `work` ends in; when Prefect has asked for its end, that it was cancelled.

    A run that ends for another reason, as when its worker is stopped, is one that has crashed to Prefect.

    Raises
    ------
    asyncio.CancelledError
        If it was cancelled, and not by Prefect.
    """
    with sigterm_cancels():
        try:
            return await work
        except asyncio.CancelledError:
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            if not await _is_being_cancelled():
                raise
            return Cancelled(message="cancelled; what was recorded until then is kept")


@contextmanager
def sealed_when_cancelled(run: Run) -> Generator[None]:
    """Seal the folder of a run that is cancelled: no later task runs, and what there is can be sent."""
    try:
        yield
    except asyncio.CancelledError:
        RunFolder.open(run.folder).seal()
        raise


async def _is_being_cancelled() -> bool:
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        return False
    async with get_client() as client:
        state = (await client.read_flow_run(context.flow_run.id)).state
    return state is not None and state.is_cancelling()
