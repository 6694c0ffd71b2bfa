"""The tasks of many calls at once: let them speak, put together what was measured, show it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from prefect import task
from prefect.artifacts import acreate_markdown_artifact, acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.load.cells import SETTLING_SECONDS, run_cells
from eloquence_pipeline.load.host_watch import HostWatch
from eloquence_pipeline.load.planning import plan_cells, tokens_of
from eloquence_pipeline.load.server_watch import ServerWatch
from eloquence_pipeline.measurement.load import analyse_load
from eloquence_pipeline.models import Archive, SpeechScript
from eloquence_pipeline.models.load import CapacityResult, LoadResult, LoadWish
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.capacity import capacity_markdown
from eloquence_pipeline.reporting.load import (
    load_markdown,
    load_sentence,
    resource_lines,
    session_rows,
    worst_first,
)
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.settings.evidence import Keep
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import RESULTS_FILE
from tasks.archive import sealed_and_sent
from tasks.progress import Progress, shown_progress
from tasks.report import links_of, publish_evidence
from tasks.run import Run

_TICK_SECONDS = 1.0
WORST_SESSIONS = 3
"""Of so many the sound is kept where the settings say: the worst."""

_logger = PipelineLogger("LOAD")


async def shown_until_spoken(who: str, start_ns: int, whole_seconds: float, progress: Progress) -> None:
    """Show how far a load is, until all have spoken.

    Parameters
    ----------
    who
        Speaks, for the terminal.
    start_ns
        The common start, on the measuring clock.
    whole_seconds
        How long each of them speaks.
    progress
        Is told as well.
    """
    while (seconds := (monotonic_ns() - start_ns) / NANOSECONDS_PER_SECOND) < whole_seconds:
        if seconds > 0:
            progress.tell(seconds / whole_seconds)
            _logger.progress(f"Transmission : {who}", seconds, whole_seconds)
        await asyncio.sleep(_TICK_SECONDS)


class _Narration:
    """Shows how far the load is."""

    def __init__(self, wish: LoadWish, progress: Progress) -> None:
        self._wish = wish
        self._progress = progress
        self._task: asyncio.Task[None] | None = None

    async def begin(self, start_ns: int) -> None:
        _logger.info(f"toutes les sessions sont là ; départ commun dans {SETTLING_SECONDS:.0f} s ou plus")
        self._task = asyncio.create_task(self._tell(start_ns), name="narration")

    async def _tell(self, start_ns: int) -> None:
        who = f"{self._wish.sessions} sessions"
        await shown_until_spoken(who, start_ns, self._wish.duration_seconds, self._progress)

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
        _logger.info("transmission terminée ; analyse de chaque session")


@task(name="carry load", task_run_name="load: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def carry_load(
    run: Run, wish: LoadWish, scripts: Mapping[str, SpeechScript], settings: Settings
) -> LoadResult:
    """Let all sessions speak at once, in processes of their own, and measure every one of them.

    Not repeated: what went wrong with a session stands in the result.

    Raises
    ------
    TransportError
        If no session at all could join.
    """
    plans = plan_cells(wish, list(scripts.values()), settings, folder=run.folder, room=run.room(1))
    tokens = tokens_of(plans, settings)
    host, server = HostWatch(), ServerWatch(settings.tests.load.metrics_url)
    _logger.info(
        f"{wish.sessions} sessions mesurées, {wish.background} en fond, dans {len(plans)} processus ; "
        f"elles arrivent en {wish.joining_seconds:.0f} s"
    )
    key, description = f"{run.scenario}-progress", f"Charge, essai {run.run_id}"
    with shown_progress(key, description, wish.duration_seconds) as progress:
        cells = await run_cells(plans, tokens, [_Narration(wish, progress), host, server])
    if server.problem:
        _logger.warning(f"le serveur ne dit pas tout de lui-même : {server.problem}")
    info = run.info(room=run.room(1))
    result = analyse_load(
        info,
        wish,
        cells,
        host=host.figures,
        server=server.figures,
        thresholds=settings.thresholds,
    )
    for line in resource_lines(result):
        _logger.info(line)
    return result


@task(name="archive", task_run_name="archive: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def archive_load(run: Run, result: LoadResult | CapacityResult | None, settings: Settings) -> Archive:
    """Keep the result beside what is to be kept of the recordings."""
    folder = RunFolder.open(run.folder)
    if result is not None:
        folder.write_text(RESULTS_FILE, result.to_json())
    if isinstance(result, LoadResult):
        leave_out(run.folder, result, settings.evidence.keep)
    return await sealed_and_sent(folder, settings)


async def kept_or_raised(
    run: Run, outcome: LoadResult | CapacityResult | BaseException, settings: Settings
) -> Archive:
    """Archive a result, or what there is without one.

    Raises
    ------
    BaseException
        What came in the place of a result, once the evidence is kept.
    """
    if isinstance(outcome, BaseException):
        await archive_load(run, None, settings)
        raise outcome
    return await archive_load(run, outcome, settings)


def leave_out(folder: Path, result: LoadResult, keep: Keep) -> None:
    """Remove what is not to be kept of the recordings: many sessions make many of them.

    Parameters
    ----------
    folder, result
        Of the load.
    keep
        As the settings say it: everything; the sound of the worst sessions; or the figures alone.
    """
    if keep == "everything":
        return
    worst = {f"session-{one.session:03d}" for one in worst_first(result)[:WORST_SESSIONS]}
    for place in sorted(folder.glob("session-*")):
        if keep == "worst" and place.name in worst:
            continue
        for path in place.iterdir():
            if keep == "figures" or path.suffix == ".wav":
                path.unlink()
        if not any(place.iterdir()):
            place.rmdir()


@task(name="report", task_run_name="report: {result.run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def report_load(result: LoadResult, archive: Archive, settings: Settings) -> None:
    """Publish the verdict as a page, and a row a session as a table."""
    links = links_of(archive, settings)
    await acreate_markdown_artifact(
        load_markdown(result, archive, links), key="load-verdict", description="Verdict : load"
    )
    await acreate_table_artifact(session_rows(result), key="load-sessions", description="Sessions")
    await publish_evidence("load", archive, links)
    _logger.info(load_sentence(result))


@task(name="report", task_run_name="report: {result.run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def report_capacity(result: CapacityResult, archive: Archive, settings: Settings) -> None:
    """Publish the bracket as a page."""
    links = links_of(archive, settings)
    await acreate_markdown_artifact(
        capacity_markdown(result, archive, links), key="capacity-verdict", description="Verdict : capacity"
    )
    await publish_evidence("capacity", archive, links)
