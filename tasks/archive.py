"""The tasks that keep the evidence."""

from __future__ import annotations

import asyncio
from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.errors import EloquenceError, StorageError
from eloquence_pipeline.measurement.worst import worst_phrases
from eloquence_pipeline.models import Archive, ArchiveState, ReconnectionResult, ScenarioResult
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.course_plot import course_svg
from eloquence_pipeline.reporting.plot import delay_and_loss_png
from eloquence_pipeline.settings import EvidenceSettings, Settings
from eloquence_pipeline.storage.archive import left_here
from eloquence_pipeline.storage.archive import upload as send
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.keeping import cut_phrases, leave_out, pack_sound
from eloquence_pipeline.storage.patience import Movement, in_background, patiently_awaited
from eloquence_pipeline.storage.run_files import COURSE_FILE, PLOT_FILE, REPORT_FILE, RESULTS_FILE
from eloquence_pipeline.storage.store import open_store
from eloquence_pipeline.storage.stored_run import read_transmission
from eloquence_pipeline.storage.sync import sync
from tasks.outcome import outcome_of
from tasks.retrying import error_is_transient
from tasks.run import Run

_LOOK_SECONDS = 10.0
"""How long a test waits to hear from the store before it begins."""
_LEFT_SECONDS = 120.0
"""How long a test goes on sending what earlier ones have left."""

_logger = PipelineLogger("ARCHIVE")


@task(
    name="upload",
    task_run_name="upload: {folder.name}",
    retries=2,
    retry_delay_seconds=[1.0, 3.0],
    retry_condition_fn=error_is_transient,
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def upload(folder: Path, settings: Settings) -> Archive:
    """Send the sealed run to the store, each object once, the manifest last."""

    def sent(moved: Movement) -> Archive:
        store = open_store(settings.storage)
        store.ensure(create=settings.storage.create_bucket)
        return send(RunFolder.open(folder), store, moved)

    return await patiently_awaited(sent, settings.storage.patience_seconds)


@task(name="archive", task_run_name="archive: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def archive(run: Run, result: ScenarioResult | None, settings: Settings) -> Archive:
    """Write the result beside the recordings, seal the folder, and send it.

    A recording that could not be analysed is kept as well, without a result. A store that is away is no
    reason to lose a run: the evidence stays in its folder, and what is returned says why and how
    to send it again.
    """
    folder = RunFolder.open(run.folder)
    if result is not None:
        folder.write_text(RESULTS_FILE, result.to_json())
        _draw(folder, result)
        await asyncio.wrap_future(in_background(lambda: _keep(folder, result, settings.evidence)))
        await report_beside(folder, settings)
    return await sealed_and_sent(folder, settings)


def _draw(folder: RunFolder, result: ScenarioResult) -> None:
    """Keep a picture of the run: of a long one its course, of any other its phrases."""
    try:
        if result.course is not None:
            folder.write_bytes(COURSE_FILE, course_svg(result))
        else:
            folder.write_bytes(PLOT_FILE, delay_and_loss_png(result))
    except Exception as error:  # a picture that cannot be drawn is no reason to lose a run
        _logger.warning(f"pas d'image de l'essai: {type(error).__name__}: {error}")


@task(name="archive", task_run_name="archive: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def archive_reconnection(run: Run, result: ReconnectionResult, settings: Settings) -> Archive:
    """Keep the result over all disturbed calls; each call has its own evidence, which this names."""
    folder = RunFolder.open(run.folder)
    folder.write_text(RESULTS_FILE, result.to_json())
    await report_beside(folder, settings)
    return await sealed_and_sent(folder, settings)


async def report_beside(folder: RunFolder, settings: Settings) -> None:
    """Write the HTML report of what lies in a folder; that there is none is no reason to lose the rest."""
    began = monotonic_ns()
    try:
        await asyncio.wrap_future(in_background(lambda: _write_report(folder, settings)))
    except Exception as error:
        _logger.warning(f"pas de rapport de l'essai: {type(error).__name__}: {error}")
        return
    seconds = (monotonic_ns() - began) / NANOSECONDS_PER_SECOND
    _logger.debug(f"rapport: {folder.path / REPORT_FILE} en {seconds:.1f} s")


def _write_report(folder: RunFolder, settings: Settings) -> None:
    # What draws takes half a second to import.
    from eloquence_pipeline.report import ReportOptions, report_of  # noqa: PLC0415

    options = ReportOptions(settings.report.language, settings.report.phrases)
    folder.write_text(REPORT_FILE, report_of(folder.path, options))


def _keep(folder: RunFolder, result: ScenarioResult, evidence: EvidenceSettings) -> None:
    """Settle what the store is given; the folder keeps everything."""
    transmission = read_transmission(folder.path)
    try:
        worst = worst_phrases(result, evidence.worst_phrases) if evidence.keep == "worst" else ()
        phrases = cut_phrases(folder, transmission, result.phrases, worst)
        pack_sound(folder, transmission, evidence.flac_from_seconds)
        if evidence.keep != "everything":
            leave_out(folder, transmission, evidence.keep, phrases)
    except (EloquenceError, OSError) as error:
        _logger.warning(f"preuves envoyées entières: {error}")


async def sealed_and_sent(folder: RunFolder, settings: Settings) -> Archive:
    """Seal a folder and send it to the store; what is returned says where it is, or why it is still here."""
    folder.seal()
    outcome = await outcome_of(upload(folder.path, settings, return_state=True))
    if isinstance(outcome, Archive):
        _logger.success(f"preuves enregistrées: {outcome.uri}")
        return outcome
    if not isinstance(outcome, EloquenceError):
        raise outcome
    kept = left_here(folder, outcome)
    _logger.error(kept.problem)
    return kept


@task(name="check store", task_run_name="check store", persist_result=False, cache_policy=NO_CACHE)
async def check_store(settings: Settings) -> None:
    """Look at the store before anything is said: settings that cannot work are refused here.

    A store that is away now may be back by then, and if not the evidence stays on this machine: that is a
    warning.

    Raises
    ------
    ConfigurationError
        If the settings of the store are malformed.
    """
    store = open_store(settings.storage)
    try:
        await patiently_awaited(
            lambda _: store.ensure(create=settings.storage.create_bucket),
            min(_LOOK_SECONDS, settings.storage.patience_seconds),
        )
    except StorageError as error:
        _logger.warning(f"{error}; the evidence will stay on this machine until `eloquence sync`")


@task(
    name="send what is left", task_run_name="send what is left", persist_result=False, cache_policy=NO_CACHE
)
async def send_what_is_left(settings: Settings) -> None:
    """Send earlier runs that could not be sent when they were made, for a while; never an error."""
    storage, results = settings.storage, settings.folders.results

    def sent(moved: Movement) -> list[Archive]:
        return sync(
            results,
            open_store(storage),
            lambda _: moved(),
            patience_seconds=storage.patience_seconds,
            at_most_seconds=_LEFT_SECONDS,
        )

    try:
        # Each run has its own patience.
        archives = await patiently_awaited(sent, float("inf"))
    except StorageError as error:
        _logger.warning(str(error))
        return
    for archive in archives:
        if archive.state is ArchiveState.UPLOADED:
            _logger.success(f"preuves d'un test précédent enregistrées: {archive.uri}")
        else:
            _logger.warning(archive.problem)
