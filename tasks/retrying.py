"""When a task is tried again: the error says so itself, and nothing else is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from eloquence_pipeline.errors import EloquenceError
from tasks.outcome import outcome_of

MAX_ATTEMPTS = 3

P = ParamSpec("P")
R = TypeVar("R")


async def error_is_transient(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    """Retry condition for tasks.

    It has to be a coroutine function: within an async task a plain one would get a coroutine from
    ``state.result()`` and silently never retry.
    """
    outcome = await outcome_of(state)
    return isinstance(outcome, EloquenceError) and outcome.transient


def transmission_task(function: Callable[P, R]) -> Task[P, R]:
    """Make a task of a function that owns the attempts of a transmission; its first argument is a ``run``."""
    return task(
        name="transmit",
        task_run_name="transmit: {run.run_id}",
        retries=MAX_ATTEMPTS - 1,
        retry_delay_seconds=[1.0, 3.0],
        retry_jitter_factor=0.5,
        retry_condition_fn=error_is_transient,
        persist_result=False,
        cache_policy=NO_CACHE,
    )(function)
