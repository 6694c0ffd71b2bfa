"""A stored run as Python objects: what was recorded, and the analysis of it, without any server.

>>> from eloquence_pipeline import load_run
>>> with load_run("results/runs/2026-11-22/basic/20261122T151000Z-3f9a1c") as run:  # doctest: +SKIP
...     sent = run.recorded().sent.samples
...     result = run.analyse()
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.errors import ConfigurationError, MeasurementError
from eloquence_pipeline.measurement.evidence import Recorded, load_recorded
from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.models import Channel, KeptPhrase, RunInfo, ScenarioResult, Transmission
from eloquence_pipeline.settings import Settings, ThresholdSettings, load_settings
from eloquence_pipeline.signal.flac import SUFFIX as FLAC
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.storage.fetching import fetch_run, file_of_run, present, require_same
from eloquence_pipeline.storage.keeping import unpack_recordings
from eloquence_pipeline.storage.stored_run import RunContent, read_run
from eloquence_pipeline.storage.whereabouts import StoredAway, find_run, run_on_this_machine, store_of


@dataclass(frozen=True)
class HeardPhrase:
    """The sound of one phrase, with half a second before and after it.

    Attributes
    ----------
    kept
        Which phrase it is.
    sent, received
        int16 of shape (samples,), 48 kHz; empty where nothing was recorded.
    """

    kept: KeptPhrase
    sent: npt.NDArray[np.int16]
    received: npt.NDArray[np.int16]


_BAD_VALUES = (ArithmeticError, LookupError, TypeError, ValueError)


class StoredRun:
    """A run that is over: its records as models, its sound and times as arrays. It is never changed.

    Get one from :func:`load_run`. What was fetched from a store lies in a temporary folder until the
    ``with`` block ends, :meth:`close` is called or nobody refers to the run any more.

    Attributes
    ----------
    folder
        Where its files are on this machine.
    content
        What its JSON files say, in the form of today, whatever version wrote them.
    """

    def __init__(
        self, folder: Path, remove: Callable[[], object] = lambda: None, results: Path | None = None
    ) -> None:
        self._close = weakref.finalize(self, remove)
        self._unpacked: tempfile.TemporaryDirectory[str] | None = None
        self.folder = folder
        self._results = results
        try:
            self.content: RunContent = read_run(folder)
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> RunInfo:
        """What identifies the run."""
        return self.content.info

    @property
    def transmission(self) -> Transmission:
        """What was collected."""
        return self.content.transmission

    @property
    def result(self) -> dict[str, Any] | None:
        """Content of ``results.json`` in the form of today; None for a run that was interrupted.

        A figure that the version which wrote it did not have is not there; :meth:`analyse` gives all.
        """
        return self.content.result

    def recorded(self, speaker: str = "") -> Recorded:
        """Return sound, times and statistics of one speaker as arrays.

        Parameters
        ----------
        speaker
            Name of the speaker; the first one when empty.

        Returns
        -------
        Recorded
            ``sent.samples`` and ``received.samples`` are int16 of shape (samples,), their
            ``timeline.stamps_ns`` int64 of shape (frames,), in nanoseconds of the measuring clock.

        Raises
        ------
        MeasurementError
            If there is no such speaker, or a file cannot be read.
        """
        return load_recorded(self._channel(speaker), self._recordings())

    def analyse(self, thresholds: ThresholdSettings | None = None) -> ScenarioResult:
        """Measure and judge the run again with the method of today.

        Parameters
        ----------
        thresholds
            Bounds of the verdict; those by which the run was judged when left out, or the defaults
            where they were not written down.

        Raises
        ------
        MeasurementError
            If what was stored cannot be measured.
        """
        content = self.content
        bounds = thresholds or content.thresholds or ThresholdSettings()
        folder = self._recordings()
        try:
            return analyse(content.transmission, folder, content.info, content.attempts, bounds)
        except _BAD_VALUES as error:
            # What comes from elsewhere may hold any value, and not each is looked at by itself.
            raise MeasurementError(
                f"the run {self.info.run_id} holds values that cannot be measured "
                f"({type(error).__name__}: {error})",
                remedy="it is damaged; take another copy of it",
            ) from error

    def phrases(self) -> tuple[HeardPhrase, ...]:
        """Return the sound of the worst phrases, the worst one first.

        Returns
        -------
        tuple of HeardPhrase
            None where the store is given everything (:meth:`recorded` has it), or the figures alone.

        Raises
        ------
        MeasurementError
            If a file cannot be read.
        StorageError
            If a file is missing or leads elsewhere.
        """
        kept = self.content.kept.phrases if self.content.kept else ()
        return tuple(
            HeardPhrase(phrase, self._sound(phrase.sent_audio), self._sound(phrase.received_audio))
            for phrase in kept
        )

    def _sound(self, name: str) -> npt.NDArray[np.int16]:
        return read_wav(file_of_run(self.folder, name))[0] if name else np.zeros(0, dtype=np.int16)

    def _recordings(self) -> Path:
        """Return a folder in which the whole recordings are, unpacked where they were packed."""
        if self._unpacked is None:
            sources = [self.folder, *self._measured_here()]
            if len(sources) == 1 and not any(self.folder.glob(f"*{FLAC}")):
                return self.folder
            self._unpacked = tempfile.TemporaryDirectory(prefix="eloquence-replay-")
            unpack_recordings(sources, self.transmission, Path(self._unpacked.name))
        return Path(self._unpacked.name)

    def _measured_here(self) -> list[Path]:
        """Return the folder in which this machine has measured the run, if recordings are only there."""
        away = self.content.elsewhere
        if not away:
            return []
        here = run_on_this_machine(self.folder.name, self._results) if self._results else None
        if here is None or len(present(here, away)) < len(away):
            raise MeasurementError(
                f"the whole recordings of the run {self.info.run_id} are not in the store: it cannot be "
                "analysed again from there",
                remedy="analyse it on the machine that measured it, whose results folder keeps them; to send "
                "them, set ELOQUENCE_EVIDENCE__KEEP=everything before a run",
            )
        for file in away:
            require_same(here, file)
        return [here]

    def _channel(self, speaker: str) -> Channel:
        channels = {channel.speaker: channel for channel in self.transmission.channels}
        name = speaker or next(iter(channels))
        if name not in channels:
            raise MeasurementError(
                f"nobody is called {speaker!r} in this run", remedy=f"name one of {', '.join(channels)}"
            )
        return channels[name]

    def close(self) -> None:
        """Remove what was fetched and unpacked; calling it again changes nothing."""
        self._close()
        if self._unpacked is not None:
            self._unpacked.cleanup()
            self._unpacked = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def load_run(run: str | Path, settings: Settings | None = None) -> StoredRun:
    """Load a stored run from a folder of this machine or from the store.

    Parameters
    ----------
    run
        The run's folder, its ``manifest.json``, ``s3://bucket/prefix/…/``, its key (``runs/…/ID/``), or its
        id; keys and ids are looked for in the results folder first, then in the store.
    settings
        Results folder and store; the effective settings when left out.

    Returns
    -------
    StoredRun
        Every file has been compared with the manifest.

    Raises
    ------
    ConfigurationError
        If `run` names nothing that a run can be called, or no store is set.
    StorageError
        If there is no such run, or it is damaged or of a newer version.
    StorageUnavailable
        If the store does not answer.

    Examples
    --------
    >>> run = load_run("s3://eloquence/runs/2026-11-22/basic/20261122T151000Z-3f9a1c/")  # doctest: +SKIP
    >>> run.analyse().delay.one_way_delay_ms.median  # doctest: +SKIP
    45.6
    """
    effective = settings or load_settings()
    place = find_run(str(run), effective.folders.results)
    if isinstance(place, Path):
        return StoredRun(place, results=effective.folders.results)
    folder, remove = fetch_folder(place, effective)
    return StoredRun(folder, remove, effective.folders.results)


def fetch_folder(away: StoredAway, settings: Settings) -> tuple[Path, Callable[[], None]]:
    """Copy whatever is stored under the name of a run to a temporary folder.

    Returns
    -------
    folder
        Every file has been compared with the manifest.
    remove
        Removes it.

    Raises
    ------
    ConfigurationError
        If no store is set.
    StorageError
        If there is no such run, or it is damaged or of a newer version.
    StorageUnavailable
        If the store does not answer.
    """
    if not settings.storage.is_users_own:
        raise ConfigurationError(
            f"the run {away.key} is not on this machine, and the settings name no store",
            remedy="set ELOQUENCE_STORAGE__ENDPOINT_URL, or use `eloquence replay` for the embedded store",
        )
    store, prefix = store_of(away, settings.storage)
    folder = Path(tempfile.mkdtemp(prefix="eloquence-replay-"))

    def remove() -> None:
        shutil.rmtree(folder, ignore_errors=True)

    try:
        # It keeps the names of its last folders, which say what it is where nothing else does.
        place = folder.joinpath(*prefix.strip("/").split("/")[-2:])
        place.mkdir(parents=True)
        fetch_run(store, prefix, place)
    except BaseException:
        remove()
        raise
    return place, remove
