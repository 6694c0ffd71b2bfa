"""When a task is tried again: the error says so itself, and nothing else is asked."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import State, TaskRun

from eloquence_pipeline.errors import EloquenceError


async def error_is_transient(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    """Retry condition for tasks.

    It has to be a coroutine function: within an async task a plain one would get a coroutine from
    ``state.result()`` and silently never retry.
    """
    outcome = await state.aresult(raise_on_failure=False)
    return isinstance(outcome, EloquenceError) and outcome.transient
