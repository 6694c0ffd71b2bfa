"""Run a flow from the command line: everything of it that needs Prefect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, cast

from prefect.client.schemas.objects import State
from prefect.exceptions import TerminationSignal
from prefect.settings import PREFECT_API_URL, temporary_settings

from flows.interruption import Terminated
from flows.scenario import ScenarioOutcome, basic
from tasks.logs import drain_to_prefect


def run_basic(duration_seconds: int, seed: int, api_url: str) -> ScenarioOutcome:
    """Run the basic scenario against the Prefect server at `api_url`, or the user's own if empty.

    Raises
    ------
    EloquenceError
        If the scenario could not be carried out.
    Terminated
        On SIGTERM: while a flow runs, Prefect puts its own exception in the place of ours.
    """
    try:
        return asyncio.run(_run_basic(duration_seconds, seed, api_url))
    except TerminationSignal:
        raise Terminated from None


async def _run_basic(duration_seconds: int, seed: int, api_url: str) -> ScenarioOutcome:
    updates: dict[Any, str] = {PREFECT_API_URL: api_url} if api_url else {}
    with temporary_settings(updates=updates):
        try:
            # Prefect's types take an async flow with return_state for a synchronous one.
            running = basic(duration_seconds=duration_seconds, seed=seed, return_state=True)
            state = await cast(Awaitable[State[ScenarioOutcome]], running)
            outcome: ScenarioOutcome | BaseException = await state.aresult(raise_on_failure=False)
        finally:
            await drain_to_prefect()
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome
