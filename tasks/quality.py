"""The task that scores how well the phrases arrived."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.measurement.scoring import score_run
from eloquence_pipeline.measurement.verdict import judge_quality
from eloquence_pipeline.models import ScenarioResult, Transmission
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings import Settings
from tasks.narration import narrate_quality
from tasks.run import Run

_logger = PipelineLogger("ANALYSE")


@task(
    name="score quality",
    task_run_name="score quality: {run.run_id}",
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def score_quality(
    run: Run, transmission: Transmission, result: ScenarioResult, settings: Settings
) -> ScenarioResult:
    """Return the result with the scores, and with the verdict over them where there are thresholds."""

    def on_progress(done: int, total: int) -> None:
        _logger.progress("Analyse des échantillons", done, total, "phrases")

    quality = await score_run(transmission, run.folder, result, settings.quality, on_progress)
    narrate_quality(quality)
    verdict = judge_quality(result.verdict, quality, settings.thresholds)
    return result.model_copy(update={"quality": quality, "verdict": verdict})
