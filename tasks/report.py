"""The tasks that show a result in the Prefect UI.

The text of a page carries the picture in itself, so that it shows as long as Prefect has the page. The
artifact of the picture alone, and those that open the evidence, are signed addresses: they end.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prefect import task
from prefect.artifacts import (
    acreate_image_artifact,
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_table_artifact,
)
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.models import (
    Archive,
    ArchiveState,
    MatrixResult,
    ReconnectionResult,
    ScenarioResult,
)
from eloquence_pipeline.reporting.markdown import (
    Links,
    Picture,
    evidence_markdown,
    phrase_rows,
    verdict_markdown,
)
from eloquence_pipeline.reporting.matrix import matrix_markdown
from eloquence_pipeline.reporting.reconnection import reconnection_markdown, reconnection_rows
from eloquence_pipeline.reporting.suite import Errors, Parts, suite_markdown
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import (
    COURSE_FILE,
    MATRIX_FILE,
    PLOT_FILE,
    REPORT_FILE,
    RESULTS_FILE,
)
from eloquence_pipeline.storage.store import open_store

_PICTURES = (PLOT_FILE, COURSE_FILE, MATRIX_FILE)
_LINKED = (REPORT_FILE, RESULTS_FILE, *_PICTURES, "sent*.wav", "received*.wav", "phrases/*.wav")
_OPENED = (REPORT_FILE, RESULTS_FILE, "received*.wav")
"""What has an artifact of its own: the report, the figures, and what was heard."""
_WORST_OPENED = 5
"""Of how many of the worst phrases what was heard has one."""


@task(name="report", task_run_name="report: {result.run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def report(result: ScenarioResult, archive: Archive, settings: Settings) -> None:
    """Publish the verdict as a page, the phrases as a table, the picture, and what opens the evidence."""
    test, links, picture = result.run.scenario, links_of(archive, settings), _picture(archive)
    await acreate_markdown_artifact(
        verdict_markdown(result, archive, links, picture),
        key=f"{test}-verdict",
        description=f"Verdict : {test}",
    )
    await acreate_table_artifact(phrase_rows(result), key=f"{test}-phrases", description=f"Phrases : {test}")
    await publish_evidence(test, archive, links)


@task(name="report", task_run_name="report: {result.run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def report_reconnection(result: ReconnectionResult, archive: Archive, settings: Settings) -> None:
    """Publish the verdict over all disturbances as a page, and a row a disturbance as a table."""
    links = links_of(archive, settings)
    await acreate_markdown_artifact(
        reconnection_markdown(result, archive, links),
        key="reconnect-verdict",
        description="Verdict : reconnect",
    )
    await acreate_table_artifact(
        reconnection_rows(result), key="reconnect-disturbances", description="Perturbations"
    )
    await publish_evidence("reconnect", archive, links)


@task(name="report", task_run_name="report: network", persist_result=False, cache_policy=NO_CACHE)
async def report_matrix(result: MatrixResult, archive: Archive, settings: Settings) -> None:
    """Publish the verdict over all networks as a page, the picture, and what opens the evidence."""
    links = links_of(archive, settings)
    await acreate_markdown_artifact(
        matrix_markdown(result, archive, links, _picture(archive)),
        key="network-verdict",
        description="Verdict : network",
    )
    await publish_evidence("network", archive, links)


@task(name="report", task_run_name="report: suite", persist_result=False, cache_policy=NO_CACHE)
async def report_suite(parts: Parts, errors: Errors, archive: Archive, settings: Settings) -> None:
    """Publish the verdict over all tests as a page; each test has pages of its own."""
    links = links_of(archive, settings)
    opened = {
        name: links_of(part.archive, settings, (REPORT_FILE,)).addresses for name, part in parts.items()
    }
    reports = {name: found[REPORT_FILE] for name, found in opened.items() if found}
    await acreate_markdown_artifact(
        f"{suite_markdown(parts, errors, reports)}\n{evidence_markdown(archive, links)}\n",
        key="suite-verdict",
        description="Verdict : suite",
    )
    await publish_evidence("suite", archive, links)


async def publish_evidence(test: str, archive: Archive, links: Links) -> None:
    """Publish the picture, and an artifact for each file that is worth opening."""
    for name, address in links.addresses.items():
        if name in _PICTURES:
            await acreate_image_artifact(
                address, key=f"{test}-plot", description=f"Image : {test} ({links.term})"
            )
    for pattern in _OPENED:
        for path in sorted(archive.folder.glob(pattern)):
            if path.name in links.addresses:
                await acreate_link_artifact(
                    links.addresses[path.name],
                    link_text=path.name,
                    key=f"{test}-{path.name.replace('.', '-').replace('_', '-')}",
                    description=f"{path.name} : {test} ({links.term})",
                )

    kept = RunFolder.open(archive.folder).kept()
    worst = kept.phrases[:_WORST_OPENED] if kept and links.addresses else ()
    for rank, phrase in enumerate(worst, start=1):
        if phrase.received_audio in links.addresses:
            await acreate_link_artifact(
                links.addresses[phrase.received_audio],
                link_text=phrase.received_audio,
                key=f"{test}-worst-{rank}",
                description=f"Pire phrase n° {rank} : {test} ({links.term})",
            )


def _picture(archive: Archive) -> Picture | None:
    paths = [archive.folder / name for name in _PICTURES]
    return next((Picture(name=path.name, content=path.read_bytes()) for path in paths if path.exists()), None)


def links_of(archive: Archive, settings: Settings, patterns: Sequence[str] = _LINKED) -> Links:
    """Return addresses that open files of the evidence in a browser, as long as the store runs."""
    if archive.state is not ArchiveState.UPLOADED:
        return Links(addresses={})
    store = open_store(settings.storage)
    run = RunFolder.open(archive.folder)
    sent = {file.name for file in run.manifest().files}
    seconds = settings.storage.link_seconds
    until = datetime.now(UTC) + timedelta(seconds=seconds)
    found = (path for pattern in patterns for path in sorted(archive.folder.glob(pattern)))
    names = [path.relative_to(archive.folder).as_posix() for path in found]
    return Links(
        addresses={name: store.presign(run.prefix + name, seconds) for name in names if name in sent},
        until=until,
    )
