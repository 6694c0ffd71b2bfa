"""The tasks that keep the evidence."""

from __future__ import annotations

from pathlib import Path

from prefect import task
from prefect.cache_policies import NO_CACHE

from eloquence_pipeline.errors import EloquenceError, StorageError
from eloquence_pipeline.models import Archive, ReconnectionResult, ScenarioResult
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.course_plot import course_svg
from eloquence_pipeline.reporting.plot import delay_and_loss_png
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.archive import left_here
from eloquence_pipeline.storage.archive import upload as send
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.object_store import ObjectStore
from eloquence_pipeline.storage.run_files import COURSE_FILE, PLOT_FILE, RESULTS_FILE
from tasks.retrying import error_is_transient
from tasks.run import Run

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
def upload(folder: Path, settings: Settings) -> Archive:
    """Send the sealed run to the store, each object once, the manifest last."""
    store = ObjectStore.from_settings(settings.storage)
    store.ensure_bucket(create=settings.storage.create_bucket)
    return send(RunFolder.open(folder), store)


@task(name="archive", task_run_name="archive: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
def archive(run: Run, result: ScenarioResult | None, settings: Settings) -> Archive:
    """Write the result beside the recordings, seal the folder, and send it.

    A recording that could not be analysed is kept as well, without a result. A store that is away is no
    reason to lose a run: the evidence stays in its folder, and what is returned says why and how
    to send it again.
    """
    folder = RunFolder.open(run.folder)
    if result is not None:
        folder.write_text(RESULTS_FILE, result.to_json())
        _draw(folder, result)
    return sealed_and_sent(folder, settings)


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
def archive_reconnection(run: Run, result: ReconnectionResult, settings: Settings) -> Archive:
    """Keep the result over all disturbed calls; each call has its own evidence, which this names."""
    folder = RunFolder.open(run.folder)
    folder.write_text(RESULTS_FILE, result.to_json())
    return sealed_and_sent(folder, settings)


def sealed_and_sent(folder: RunFolder, settings: Settings) -> Archive:
    """Seal a folder and send it to the store; what is returned says where it is, or why it is still here."""
    folder.seal()
    outcome = upload(folder.path, settings, return_state=True).result(raise_on_failure=False)
    if isinstance(outcome, Archive):
        _logger.success(f"preuves enregistrées: {outcome.uri}")
        return outcome
    if not isinstance(outcome, EloquenceError):
        raise outcome
    kept = left_here(folder, outcome)
    _logger.error(kept.problem)
    return kept


@task(name="check store", task_run_name="check store", persist_result=False, cache_policy=NO_CACHE)
def check_store(settings: Settings) -> None:
    """Look at the store before anything is said: settings that cannot work are refused here.

    A store that is away now may be back by then, and if not the evidence stays on this machine: that is a
    warning.

    Raises
    ------
    ConfigurationError
        If the settings of the store are malformed.
    """
    store = ObjectStore.from_settings(settings.storage)
    try:
        store.ensure_bucket(create=settings.storage.create_bucket)
    except StorageError as error:
        _logger.warning(f"{error}; the evidence will stay on this machine until `eloquence sync`")
