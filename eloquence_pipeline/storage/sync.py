"""Sending again what could not be sent when it was made."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from eloquence_pipeline.errors import EloquenceError, StorageError, StorageUnavailable
from eloquence_pipeline.models import Archive
from eloquence_pipeline.storage.archive import Store, left_here, read_marker, upload
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.in_use import claimed
from eloquence_pipeline.storage.keys import RUNS, is_run_id
from eloquence_pipeline.storage.patience import patiently
from eloquence_pipeline.storage.run_files import MANIFEST_FILE, UNFINISHED_FILE

PATIENCE_SECONDS = 60.0


def pending_runs(results: Path) -> list[RunFolder]:
    """Return the runs that are whole but were never sent, oldest first.

    A run that was not sealed is not among them; :func:`seal_abandoned` seals those whose process is dead.
    """
    manifests = sorted((results / RUNS).glob(f"*/*/*/{MANIFEST_FILE}"), key=lambda path: path.parent.name)
    runs = [RunFolder.open(path.parent) for path in manifests]
    return [run for run in runs if read_marker(run) is None]


def seal_abandoned(results: Path) -> list[RunFolder]:
    """Seal the runs whose process was killed, as far as they came, and mark them as unfinished.

    Nothing of what was recorded is changed: whoever reads the run puts it together (``leftovers``).

    Returns
    -------
    list of RunFolder
        Those that this call has sealed. One that cannot be written or read is left as it is.
    """
    sealed: list[RunFolder] = []
    for folder in sorted((results / RUNS).glob("*/*/*"), key=lambda path: path.name):
        if not folder.is_dir() or not is_run_id(folder.name) or (folder / MANIFEST_FILE).exists():
            continue
        with suppress(OSError, EloquenceError), claimed(folder) as is_ours:
            run = RunFolder.open(folder)
            if is_ours and not run.is_sealed:  # another process may have been quicker
                run.write_json(UNFINISHED_FILE, {"sealed_at": datetime.now(UTC).isoformat()})
                run.seal()
                sealed.append(run)
    return sealed


def sync(
    results: Path,
    store: Store,
    progress: Callable[[Archive], None] | None = None,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
    at_most_seconds: float = float("inf"),
) -> list[Archive]:
    """Send every run that is over and was never sent; safe to repeat and to run twice at once.

    Parameters
    ----------
    results
        Folder of all runs.
    store
        Where to.
    progress
        Called after each run.
    patience_seconds
        A run of which nothing more has arrived for so long is left for the next time.
    at_most_seconds
        After so long no further run is begun; the rest is left for the next time, and not returned.

    Returns
    -------
    list of Archive
        One for each run that was pending. When the store stops answering, the rest is not tried.
    """
    begun = time.monotonic()
    seal_abandoned(results)
    archives: list[Archive] = []
    away: StorageUnavailable | None = None
    for run in pending_runs(results):
        if time.monotonic() - begun > at_most_seconds:
            break
        outcome, away = _send_one(run, store, away, patience_seconds)
        archives.append(outcome)
        if progress:
            progress(outcome)
    return archives


def _send_one(
    run: RunFolder, store: Store, away: StorageUnavailable | None, patience_seconds: float
) -> tuple[Archive, StorageUnavailable | None]:
    if away:
        return left_here(run, away), away
    try:
        return patiently(partial(upload, run, store), patience_seconds), None
    except StorageUnavailable as error:
        return left_here(run, error), error
    except StorageError as error:
        return left_here(run, error), None
