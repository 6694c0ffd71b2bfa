"""Sending again what could not be sent when it was made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from eloquence_pipeline.errors import StorageError, StorageUnavailable
from eloquence_pipeline.models import Archive
from eloquence_pipeline.storage.archive import Store, left_here, read_marker, upload
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.keys import RUNS
from eloquence_pipeline.storage.run_files import MANIFEST_FILE


def pending_runs(results: Path) -> list[RunFolder]:
    """Return the runs that are whole but were never sent, oldest first.

    A run that was not sealed, because its process was killed, is not among them.
    """
    manifests = sorted((results / RUNS).glob(f"*/*/*/{MANIFEST_FILE}"), key=lambda path: path.parent.name)
    runs = [RunFolder.open(path.parent) for path in manifests]
    return [run for run in runs if read_marker(run) is None]


def sync(results: Path, store: Store, progress: Callable[[Archive], None] | None = None) -> list[Archive]:
    """Send every run that is whole and was never sent; safe to repeat and to run twice at once.

    Parameters
    ----------
    results
        Folder of all runs.
    store
        Where to.
    progress
        Called after each run.

    Returns
    -------
    list of Archive
        One for each run that was pending. When the store stops answering, the rest is not tried.
    """
    archives: list[Archive] = []
    away: StorageUnavailable | None = None
    for run in pending_runs(results):
        outcome, away = _send_one(run, store, away)
        archives.append(outcome)
        if progress:
            progress(outcome)
    return archives


def _send_one(
    run: RunFolder, store: Store, away: StorageUnavailable | None
) -> tuple[Archive, StorageUnavailable | None]:
    if away:
        return left_here(run, away), away
    try:
        return upload(run, store), None
    except StorageUnavailable as error:
        return left_here(run, error), error
    except StorageError as error:
        return left_here(run, error), None
