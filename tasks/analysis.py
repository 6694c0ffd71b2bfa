"""The task that measures and judges."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.measurement.scenario import analyse as measure
from eloquence_pipeline.models import ScenarioResult, Transmission
from eloquence_pipeline.settings import ThresholdSettings
from tasks.attempts import read_attempts
from tasks.narration import narrate_result
from tasks.run import Run


@task(name="analyse", task_run_name="analyse: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
def analyse(run: Run, transmission: Transmission, thresholds: ThresholdSettings) -> ScenarioResult:
    """Find every phrase in the recording and judge the figures against the thresholds."""
    info = run.info(transmission.room)
    result = measure(transmission, run.folder, info, read_attempts(run), thresholds)
    narrate_result(result, thresholds)
    return result
