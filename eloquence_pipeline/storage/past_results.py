"""The results of earlier runs, from the store and from this machine, without their recordings.

Whatever is wrong with one of them is told and leaves it out: it comes from anywhere, and others can be read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Generic, Protocol, TypeVar, cast

from eloquence_pipeline.errors import EloquenceError, StorageError, StorageUnavailable
from eloquence_pipeline.settings.json_text import finite_number, refuse_constant
from eloquence_pipeline.storage.fetching import Source, file_of_run, limited
from eloquence_pipeline.storage.keys import RUNS
from eloquence_pipeline.storage.patience import Movement, patiently, side_by_side
from eloquence_pipeline.storage.run_files import MANIFEST_FILE, RESULTS_FILE
from eloquence_pipeline.storage.upgrade import Document, is_reconnection, upgraded_result

T = TypeVar("T")

MOST_RUNS = 300
"""The newest; nights are fewer, but a developer's machine may have more runs than that."""

_MOST_BYTES = 64 << 20
_THREADS = 8
_PATIENCE_SECONDS = 20.0
_NO_TRANSMISSION = {"channels": [{"script": {"phrases": (), "sample_count": 0, "sample_rate_hz": 1}}]}
"""Version 1 takes its plan from it, which nobody compares; the rest is in the result."""
_COMBINED = {"suite", "network-matrix"}
"""Results over several runs, each of which is a night of its own."""
_PLACE = re.compile(
    rf"{RUNS}/(?P<day>\d{{4}}-\d{{2}}-\d{{2}})/(?P<scenario>[a-z0-9][a-z0-9_-]{{0,63}})/"
    rf"(?P<run_id>\d{{8}}T\d{{6}}Z-[0-9a-f]{{6}})/(?P<file>[a-z]+\.json)"
)


class Listed(Source, Protocol):
    """What is needed of a store: an :class:`~eloquence_pipeline.storage.store.EvidenceStore`."""

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with a prefix."""
        ...

    def list_folders(self, prefix: str = "") -> list[str]:
        """Return the folders right below a prefix."""
        ...


@dataclass(frozen=True)
class PastRun:
    """A run that is whole: its files were all there when its manifest was written.

    Attributes
    ----------
    prefix
        Of its keys, with a slash at its end; the same below the results folder.
    """

    run_id: str
    scenario: str
    prefix: str


@dataclass(frozen=True)
class PastResults(Generic[T]):
    """What could be read.

    Attributes
    ----------
    taken
        What was taken from each ``results.json``, by the id of the run.
    unreadable
        Why a run could not be read, by its id.
    notes
        What else kept runs from being read.
    """

    taken: dict[str, T]
    unreadable: dict[str, str]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Period:
    """The days in which runs are looked for, both included."""

    first: date
    last: date

    def __contains__(self, day: str) -> bool:
        return self.first.isoformat() <= day <= self.last.isoformat()


def past_results(
    store: Listed | None, results: Path, scenario: str, period: Period, take: Callable[[Document], T]
) -> PastResults[T]:
    """Read the results of the runs of one scenario, of the store and of this machine.

    Parameters
    ----------
    store
        None where there is none.
    results
        Folder of the runs of this machine: those that were not sent yet count, and all if the store is away.
    scenario
        Its name; of every scenario when empty.
    period
        Days by which the runs are named, in UTC.
    take
        Takes what is wanted from a result in the form of today. Results of long calls are large: one at a
        time is in memory.

    Returns
    -------
    PastResults
        Never an error: what could not be read is named there.
    """
    notes: list[str] = []
    away: list[PastRun] = []
    if store is not None:
        try:
            away = runs_in_store(store, scenario, period)
        except StorageError as error:
            notes.append(f"the store could not be read, only this machine was: {error.message}")
    here = {run.run_id: run for run in runs_in_folder(results, scenario, period)}
    chosen = {run.run_id: run for run in away} | here
    newest = sorted(chosen.values(), key=lambda run: run.run_id)[-MOST_RUNS:]
    if len(newest) < len(chosen):
        notes.append(f"only the newest {MOST_RUNS} of {len(chosen)} runs were read")
    reading = {run.run_id: _reader(run, here, store, results) for run in newest}
    taken, unreadable, more = _take_all(reading, take)
    return PastResults(taken, unreadable, (*notes, *more))


def _reader(
    run: PastRun, here: dict[str, PastRun], store: Listed | None, results: Path
) -> Callable[[], bytes]:
    # The same run, and nearer: what was sent is what lies here.
    if run.run_id in here or store is None:
        return lambda: _read_here(results / run.prefix)
    return lambda: b"".join(limited(store, run.prefix + RESULTS_FILE, _MOST_BYTES))


def _read_here(folder: Path) -> bytes:
    path = file_of_run(folder, RESULTS_FILE)
    if path.stat().st_size > _MOST_BYTES:
        raise StorageError(f"{path} is longer than {_MOST_BYTES} bytes")
    return path.read_bytes()


def runs_in_store(store: Listed, scenario: str, period: Period) -> list[PastRun]:
    """Return the whole runs in a store.

    Raises
    ------
    StorageError
        If the store refuses.
    StorageUnavailable
        If it does not answer.
    """
    folders = patiently(lambda _: store.list_folders(f"{RUNS}/"), _PATIENCE_SECONDS)
    days = [day for day in folders if day in period]
    prefixes = [f"{RUNS}/{day}/{scenario}/" if scenario else f"{RUNS}/{day}/" for day in days]
    found: list[str] = []  # appending is safe from several threads

    def listed(moved: Movement) -> None:
        def list_one(prefix: str) -> None:
            found.extend(store.list_keys(prefix))
            moved()

        side_by_side((partial(list_one, prefix) for prefix in prefixes), _THREADS)

    patiently(listed, _PATIENCE_SECONDS)
    return _whole_runs(sorted(found))


def runs_in_folder(results: Path, scenario: str, period: Period) -> list[PastRun]:
    """Return the whole runs of this machine."""
    manifests = (results / RUNS).glob(f"*/{scenario or '*'}/*/{MANIFEST_FILE}")
    keys = [path.relative_to(results).as_posix() for path in manifests]
    keys += [f"{key.removesuffix(MANIFEST_FILE)}{RESULTS_FILE}" for key in keys]
    return _whole_runs(key for key in keys if key.split("/")[1] in period)


def _whole_runs(keys: Iterable[str]) -> list[PastRun]:
    places = [place for key in keys if (place := _PLACE.fullmatch(key))]
    whole = {place["run_id"] for place in places if place["file"] == MANIFEST_FILE}
    # One that was interrupted has a manifest, and no result.
    return [
        PastRun(place["run_id"], place["scenario"], place.string.removesuffix(RESULTS_FILE))
        for place in places
        if place["file"] == RESULTS_FILE and place["run_id"] in whole and place["scenario"] not in _COMBINED
    ]


def _take_all(
    reading: dict[str, Callable[[], bytes]], take: Callable[[Document], T]
) -> tuple[dict[str, T], dict[str, str], list[str]]:
    one_at_a_time = Lock()
    taken: dict[str, T] = {}
    unreadable: dict[str, str] = {}

    def take_one(run_id: str, moved: Movement) -> None:
        try:
            content = reading[run_id]()
            with one_at_a_time:
                taken[run_id] = take(_document(content, run_id))
        except Exception as error:
            unreadable[run_id] = _reason(error)
        moved()

    notes: list[str] = []
    try:
        patiently(
            lambda moved: side_by_side((partial(take_one, run_id, moved) for run_id in reading), _THREADS),
            _PATIENCE_SECONDS,
        )
    except StorageUnavailable as error:
        with one_at_a_time:
            late = len(reading) - len(taken) - len(unreadable)
            notes.append(f"{late} runs were not read: {error.message}")
            return dict(taken), dict(unreadable), notes
    return taken, unreadable, notes


def _reason(error: BaseException) -> str:
    if isinstance(error, EloquenceError):
        return error.message
    # What comes from elsewhere may hold anything, and no earlier run is a reason to lose this one.
    return f"it is damaged ({type(error).__name__})"


def _document(content: bytes, run_id: str) -> Document:
    try:
        found: Any = json.loads(content, parse_constant=refuse_constant, parse_float=finite_number)
    except (ValueError, RecursionError):
        raise StorageError("its results.json is no JSON") from None
    if not isinstance(found, dict):
        raise StorageError("its results.json is no object")
    document = cast(Document, found)
    if not is_reconnection(document):
        document = upgraded_result(document, _NO_TRANSMISSION)
    if document.get("run", {}).get("run_id") != run_id:
        raise StorageError("its results.json is that of another run")
    return document
