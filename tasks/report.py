"""The task that shows a result in the Prefect UI."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.models import Archive, ArchiveState, ReconnectionResult, ScenarioResult
from eloquence_pipeline.reporting.markdown import phrase_rows, verdict_markdown
from eloquence_pipeline.reporting.reconnection import reconnection_markdown, reconnection_rows
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.store import open_store

LINKED_FILES = ("results.json", "course.svg", "sent*.wav", "received*.wav", "phrases/*.wav")


@task(name="report", persist_result=False, cache_policy=NO_CACHE)
async def report(result: ScenarioResult, archive: Archive, settings: Settings) -> None:
    """Publish the verdict as markdown and the phrases as a table."""
    scenario = result.run.scenario
    await acreate_markdown_artifact(
        verdict_markdown(result, archive, _links(archive, settings)),
        key=f"{scenario}-verdict",
        description=f"Verdict: {scenario}",
    )
    await acreate_table_artifact(
        phrase_rows(result), key=f"{scenario}-phrases", description=f"Phrases: {scenario}"
    )


@task(name="report", persist_result=False, cache_policy=NO_CACHE)
async def report_reconnection(result: ReconnectionResult, archive: Archive, settings: Settings) -> None:
    """Publish the verdict over all disturbances as markdown, and a row a disturbance as a table."""
    await acreate_markdown_artifact(
        reconnection_markdown(result, archive, _links(archive, settings)),
        key="reconnect-verdict",
        description="Verdict: reconnect",
    )
    await acreate_table_artifact(
        reconnection_rows(result), key="reconnect-disturbances", description="Disturbances"
    )


def _links(archive: Archive, settings: Settings) -> dict[str, str]:
    """Return addresses that open the evidence in a browser, as long as the store runs."""
    if archive.state is not ArchiveState.UPLOADED:
        return {}
    store = open_store(settings.storage)
    prefix = RunFolder.open(archive.folder).prefix
    found = (path for pattern in LINKED_FILES for path in sorted(archive.folder.glob(pattern)))
    names = [path.relative_to(archive.folder).as_posix() for path in found]
    return {name: store.presign(prefix + name, settings.storage.link_seconds) for name in names}
