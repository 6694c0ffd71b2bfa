"""The task that compares a night with the earlier ones."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from prefect import task
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.models import ReconnectionResult, ScenarioResult
from eloquence_pipeline.nights import compared_with, read_nights
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.patience import in_background
from tasks.narration import narrate_baseline
from tasks.outcome import outcome_of
from tasks.run import Run

Measured = TypeVar("Measured", ScenarioResult, ReconnectionResult)

_logger = PipelineLogger("BASELINE")


async def beside_nights(run: Run, result: Measured, settings: Settings) -> Measured:
    """Compare with earlier nights; that it cannot be done is no reason to lose this one."""
    if not settings.baseline.enabled:
        return result
    compared = await outcome_of(compare_with_nights(run, result, settings, return_state=True))
    if isinstance(compared, type(result)):
        return compared
    if not isinstance(compared, Exception):
        raise compared  # a cancellation
    _logger.warning(f"pas de comparaison avec les nuits précédentes: {type(compared).__name__}: {compared}")
    return result


@task(
    name="compare with nights",
    task_run_name="compare with nights: {run.run_id}",
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def compare_with_nights(run: Run, result: Measured, settings: Settings) -> Measured:
    """Return the result with its comparison with the last good nights of the same conditions.

    Whatever goes wrong with earlier nights, this one has been measured: its caller keeps it as it is.
    """
    # In a thread that nobody has to wait for: the store may be away, and the command may be interrupted.
    earlier = await asyncio.wrap_future(
        in_background(lambda: read_nights(settings, run.scenario, run.started_at))
    )
    comparison = compared_with(result, earlier, settings.baseline)
    narrate_baseline(comparison, earlier.unreadable)
    return result.model_copy(update={"baseline": comparison})
