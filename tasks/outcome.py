"""What became of a task or flow that was called with ``return_state=True``."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from prefect.client.schemas.objects import State


async def outcome_of(running: State[Any] | Awaitable[State[Any]]) -> Any:
    """Return what it returned, or the exception that it raised.

    Parameters
    ----------
    running
        A state, or what has to be awaited for one. (Prefect's types take an async task or flow with
        ``return_state`` for a synchronous one.)

    Raises
    ------
    asyncio.CancelledError
        If the caller was cancelled meanwhile.
    """
    state = running if isinstance(running, State) else await running
    return await state.aresult(raise_on_failure=False)
