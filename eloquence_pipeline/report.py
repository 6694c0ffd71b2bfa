"""The HTML report of evidence: of a run that has just ended, or of one that was stored long ago."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

import numpy as np
from pydantic import ValidationError

from eloquence_pipeline.errors import ConfigurationError, EloquenceError, StorageError
from eloquence_pipeline.measurement.matrix import along
from eloquence_pipeline.measurement.worst import worst_phrases
from eloquence_pipeline.models import (
    MATRIX_FORMAT,
    RECONNECTION_FORMAT,
    RESULT_FORMAT,
    SUITE_FORMAT,
    Axis,
    MatrixResult,
    PhraseObservation,
    ReconnectionResult,
    Recording,
    ScenarioResult,
    SendRecord,
    SuiteRecord,
)
from eloquence_pipeline.models.load import CAPACITY_FORMAT, LOAD_FORMAT, CapacityResult, LoadResult
from eloquence_pipeline.models.load_cells import ManyMachinesResult
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.reporting.html import (
    Evidence,
    EvidenceFile,
    Language,
    PhraseSound,
    capacity_page,
    load_page,
    matrix_page,
    page_html,
    reconnection_page,
    run_page,
    suite_page,
)
from eloquence_pipeline.reporting.html.blocks import Page
from eloquence_pipeline.reporting.html.sound import MOST_SECONDS
from eloquence_pipeline.signal.flac import flac_of
from eloquence_pipeline.signal.wav import Int16Samples, read_stretch
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.fetching import file_of_run
from eloquence_pipeline.storage.keeping import MARGIN_SECONDS
from eloquence_pipeline.storage.keys import file_name
from eloquence_pipeline.storage.run_documents import RunDocuments
from eloquence_pipeline.storage.run_files import (
    MANIFEST_FILE,
    REPORT_FILE,
    RESULTS_FILE,
    TRANSMISSION_FILE,
)

_LEAD_SECONDS = 0.3
_NO_SOUND = np.zeros(0, dtype=np.int16)


@dataclass(frozen=True)
class ReportOptions:
    """How a report is made.

    Attributes
    ----------
    language
        What is shown first; empty for that of the browser.
    most_sounds
        Of how many phrases there is sound in it; 0 for none.
    beside
        Whether it lies beside the evidence, so that its links open the files.
    """

    language: Language = ""
    most_sounds: int = 5
    beside: bool = True


def report_of(folder: Path, options: ReportOptions) -> str:
    """Make the report of whatever lies in the folder of a run; nothing is written.

    Parameters
    ----------
    folder
        A run, a load, disturbed calls, a matrix of networks or a suite. Where there is a manifest, all files
        are compared with it.
    options
        How.

    Returns
    -------
    str
        One HTML file that asks for nothing from anywhere.

    Raises
    ------
    StorageError
        If the evidence is missing, damaged or of a newer version.
    MeasurementError
        If there is no result that can be shown, and what was recorded cannot be measured.
    """
    documents = RunDocuments(folder)
    written: Any = documents.read(RESULTS_FILE)
    evidence = _evidence(folder, options)
    kind = _kind(written)
    with documents.reading(RESULTS_FILE):  # whatever values stand there
        page = _combined_page(kind, written, folder, evidence) or _run_page(folder, evidence, options)
        return page_html(page, options.language)


def _kind(written: Any) -> str:
    """Return the name of a result's format; empty where there is none."""
    found: Any = cast(dict[str, Any], written).get("format") if isinstance(written, dict) else None
    return str(cast(dict[str, Any], found).get("name") if isinstance(found, dict) else found or "")


def _combined_page(kind: str, written: Any, folder: Path, evidence: Evidence) -> Page | None:
    """Return the page of a result over several runs; None for that of one."""
    if kind == MATRIX_FORMAT:
        matrix = MatrixResult.model_validate(written)
        series = {
            axis: [(point.at, point.cell.result) for point in along(axis, matrix.cells)] for axis in Axis
        }
        return matrix_page(matrix, series, folder.name, evidence)
    if kind == RECONNECTION_FORMAT:
        return reconnection_page(ReconnectionResult.model_validate(written), evidence)
    if kind == SUITE_FORMAT:
        return suite_page(SuiteRecord.model_validate(written), evidence)
    if kind == LOAD_FORMAT:
        model = ManyMachinesResult if "machines" in written else LoadResult
        return load_page(model.model_validate(written), evidence)
    if kind == CAPACITY_FORMAT:
        return capacity_page(CapacityResult.model_validate(written), evidence)
    if kind not in {"", RESULT_FORMAT}:
        raise StorageError(
            f"results of the format {kind!r} have no HTML report",
            remedy="runs, loads, disturbed calls, matrices of networks and suites have; read its figures",
        )
    return None


def _run_page(folder: Path, evidence: Evidence, options: ReportOptions) -> Page:
    with StoredRun(folder) as run:
        result = _result(run)
        return run_page(result, phrase_sounds(run, result, options.most_sounds), evidence)


def _result(run: StoredRun) -> ScenarioResult:
    """Return the stored result; one that is missing, or lacks figures of today, is measured again."""
    if run.result is not None:
        try:
            return ScenarioResult.model_validate(run.result)
        except ValidationError:
            pass  # of an older version
    return run.analyse()


def _evidence(folder: Path, options: ReportOptions) -> Evidence:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [path.relative_to(folder).as_posix() for path in paths]
    files = tuple(
        EvidenceFile(name, path.stat().st_size)
        for name, path in zip(names, paths, strict=True)
        if _is_plain(name) and name not in {REPORT_FILE, MANIFEST_FILE}
    )
    try:
        prefix = RunFolder.open(folder).prefix
    except StorageError:
        prefix = ""  # a copy somewhere else
    replayable = (folder / TRANSMISSION_FILE).exists()
    return Evidence(prefix, replayable, files, beside=options.beside)


def _is_plain(name: str) -> bool:
    """Return whether a name is one that this pipeline gives: any other becomes no link."""
    try:
        return bool(file_name(name))
    except ConfigurationError:
        return False


def phrase_sounds(run: StoredRun, result: ScenarioResult, most: int) -> list[PhraseSound]:
    """Return the sound of the worst phrases, as far as it was kept."""
    if not most:
        return []
    try:
        if run.content.kept is not None:
            return _kept_sounds(run, result)[:most]
        return [_sound(run, result, phrase) for phrase in worst_phrases(result, most)]
    except (EloquenceError, OSError, ArithmeticError, ValueError):
        return []


def _kept_sounds(run: StoredRun, result: ScenarioResult) -> list[PhraseSound]:
    places = {phrase.index: phrase.position_in_sent_seconds for phrase in result.phrases}
    channels = {channel.speaker: channel for channel in run.transmission.channels}
    return [
        PhraseSound(
            index=heard.kept.index,
            sent=heard.sent,
            received=heard.received,
            sample_rate_hz=channels[heard.kept.speaker].sent.sample_rate_hz,
            lead_seconds=min(MARGIN_SECONDS, places[heard.kept.index]),
        )
        for heard in run.phrases()
        if heard.kept.index in places and heard.kept.speaker in channels
    ]


def _sound(run: StoredRun, result: ScenarioResult, phrase: PhraseObservation) -> PhraseSound:
    channel = next(one for one in run.transmission.channels if one.speaker == phrase.speaker)
    there = phrase.position_in_received_seconds
    if there is None:
        there = phrase.position_in_sent_seconds + _usually_later_seconds(result, phrase.speaker)
    return PhraseSound(
        index=phrase.index,
        sent=_cut(run.folder, channel.sent, phrase.position_in_sent_seconds, phrase.duration_seconds),
        received=_cut(run.folder, channel.received, there, phrase.duration_seconds),
        sample_rate_hz=channel.sent.sample_rate_hz,
        lead_seconds=_LEAD_SECONDS,
    )


def _usually_later_seconds(result: ScenarioResult, speaker: str) -> float:
    later = [
        phrase.position_in_received_seconds - phrase.position_in_sent_seconds
        for phrase in result.phrases
        if phrase.speaker == speaker and phrase.position_in_received_seconds is not None
    ]
    return median(later) if later else 0.0


def _cut(
    folder: Path, end: SendRecord | Recording | None, begin_seconds: float, seconds: float
) -> Int16Samples:
    """Return a phrase with a little before and after it; silence where the recording does not reach."""
    if end is None:
        return _NO_SOUND
    name = end.audio.name
    sound = file_of_run(folder, name if (folder / name).exists() else flac_of(name))
    seconds = min(seconds, MOST_SECONDS)  # a hostile result may say any
    first = round((begin_seconds - _LEAD_SECONDS) * end.sample_rate_hz)
    count = round((seconds + 2 * _LEAD_SECONDS) * end.sample_rate_hz)
    return read_stretch(sound, first, count, pad=True)
