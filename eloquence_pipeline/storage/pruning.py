"""Removing old runs, on this machine and in the store."""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, Protocol

from eloquence_pipeline.errors import ConfigurationError, StorageError
from eloquence_pipeline.storage.archive import read_marker
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.keys import RUNS
from eloquence_pipeline.storage.run_files import MANIFEST_FILE

_REMOVED = ".removed-"
"""Begins the name of a folder that is being removed: it is no run any more."""
_MANIFEST = re.compile(
    rf"(?P<prefix>{RUNS}/\d{{4}}-\d{{2}}-\d{{2}}/(?P<scenario>[a-z0-9][a-z0-9_-]{{0,63}})/"
    rf"(?P<run_id>\d{{8}}T\d{{6}}Z-[0-9a-f]{{6}})/){re.escape(MANIFEST_FILE)}"
)

Where = Literal["store", "folder"]


class Removable(Protocol):
    """What pruning needs of a store: an :class:`~eloquence_pipeline.storage.store.EvidenceStore`."""

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with a prefix."""
        ...

    def delete(self, keys: list[str]) -> None:
        """Remove objects, in this order."""
        ...


@dataclass(frozen=True)
class OldRun:
    """A run in one of the two places.

    Attributes
    ----------
    where
        In which.
    prefix
        Of its keys, and of its folder below the results folder; ends with a slash.
    """

    where: Where
    run_id: str
    scenario: str
    prefix: str

    @property
    def started_at(self) -> datetime | None:
        """When it began; None where its name holds no date, so that it is no run of ours."""
        try:
            return datetime.strptime(self.run_id[:16], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        except ValueError:
            return None


@dataclass(frozen=True)
class Bounds:
    """What may stay; 0 sets no bound.

    Attributes
    ----------
    most_days
        Older runs go.
    most_runs
        Of each scenario no more than so many stay, in each place.

    Raises
    ------
    ConfigurationError
        If there is no bound at all, or one is negative.
    """

    most_days: int = 0
    most_runs: int = 0

    def __post_init__(self) -> None:
        if min(self.most_days, self.most_runs) < 0 or not (self.most_days or self.most_runs):
            raise ConfigurationError(
                "nothing says which runs are too old",
                remedy="say --days N or --runs N, or set ELOQUENCE_EVIDENCE__MOST_DAYS or …__MOST_RUNS",
            )


def prunable(results: Path, store: Removable | None, bounds: Bounds, now: datetime) -> list[OldRun]:
    """Return the runs that are too old or too many, oldest first.

    Never among them are the newest run of each scenario, and runs of this machine that are not in the store.

    Parameters
    ----------
    results
        Folder of the runs of this machine.
    store
        None where only this machine is looked at.
    bounds
        What may stay.
    now
        With time zone.

    Raises
    ------
    StorageError
        If the store refuses.
    StorageUnavailable
        If it does not answer.
    """
    found = _in_folder(results) + (_in_store(store) if store is not None else [])
    by_place: dict[tuple[Where, str], list[OldRun]] = defaultdict(list)
    for run in found:
        by_place[run.where, run.scenario].append(run)
    chosen = [run for runs in by_place.values() for run in _too_old(runs, bounds, now)]
    gone = [run for run in chosen if run.where == "store" or _is_sent(results, run)]
    return sorted(gone, key=lambda run: (run.run_id, run.where))


def _too_old(runs: Iterable[OldRun], bounds: Bounds, now: datetime) -> list[OldRun]:
    _, *others = sorted(runs, key=lambda run: run.run_id, reverse=True)  # the newest one always stays
    earliest = now - timedelta(days=bounds.most_days)

    def is_old(run: OldRun) -> bool:
        return bool(bounds.most_days) and run.started_at is not None and run.started_at < earliest

    surplus = others[max(0, bounds.most_runs - 1) :] if bounds.most_runs else []
    return [run for run in others if is_old(run) or run in surplus]


def _in_folder(results: Path) -> list[OldRun]:
    paths = (results / RUNS).glob(f"*/*/*/{MANIFEST_FILE}")
    return _runs((path.relative_to(results).as_posix() for path in paths), "folder")


def _in_store(store: Removable) -> list[OldRun]:
    return _runs(store.list_keys(f"{RUNS}/"), "store")


def _runs(keys: Iterable[str], where: Where) -> list[OldRun]:
    found = (_MANIFEST.fullmatch(key) for key in keys)
    named = [OldRun(where, run["run_id"], run["scenario"], run["prefix"]) for run in found if run]
    return [run for run in named if run.started_at is not None]


def _is_sent(results: Path, run: OldRun) -> bool:
    return read_marker(RunFolder(results, run.prefix)) is not None


def prune(
    runs: Iterable[OldRun],
    results: Path,
    store: Removable | None,
    progress: Callable[[OldRun], None] = lambda _: None,
) -> None:
    """Remove runs; what is removed in part is no run any more, whatever ends the process.

    Parameters
    ----------
    runs
        Of :func:`prunable`.
    results, store
        As there.
    progress
        Called after each run.

    Raises
    ------
    StorageError
        If a run cannot be removed.
    StorageUnavailable
        If the store does not answer.
    """
    for run in runs:
        if run.where == "folder":
            _remove_folder(results, run)
        elif store is not None:
            # The manifest first: without it there is no run.
            keys = sorted(store.list_keys(run.prefix), key=lambda key: key != run.prefix + MANIFEST_FILE)
            store.delete(keys)
        progress(run)


def _remove_folder(results: Path, run: OldRun) -> None:
    folder = results / run.prefix
    removed = folder.with_name(f"{_REMOVED}{run.run_id}")
    try:
        if folder.is_symlink():
            raise StorageError(f"{folder} is a link: it is left alone", remedy="remove it by hand")
        folder.replace(removed)
        shutil.rmtree(removed)
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be removed: {error.strerror}", remedy="look at who may write there"
        ) from None
    for parent in (folder.parent, folder.parent.parent):
        if not any(parent.iterdir()):
            parent.rmdir()
