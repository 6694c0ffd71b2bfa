"""The task that shows a result in the Prefect UI."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.models import Archive, ScenarioResult
from eloquence_pipeline.reporting.markdown import phrase_rows, verdict_markdown


@task(name="report", persist_result=False, cache_policy=NO_CACHE)
async def report(result: ScenarioResult, archive: Archive) -> None:
    """Publish the verdict as markdown and the phrases as a table."""
    scenario = result.run.scenario
    await acreate_markdown_artifact(
        verdict_markdown(result, archive), key=f"{scenario}-verdict", description=f"Verdict: {scenario}"
    )
    await acreate_table_artifact(
        phrase_rows(result), key=f"{scenario}-phrases", description=f"Phrases: {scenario}"
    )
