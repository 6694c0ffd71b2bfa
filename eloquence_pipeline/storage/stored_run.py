"""Read what a run left behind, of any version, from a folder that may come from anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from eloquence_pipeline.models import (
    Attempt,
    FileReference,
    KeptEvidence,
    ResultFormat,
    RunInfo,
    Transmission,
)
from eloquence_pipeline.settings import ThresholdSettings
from eloquence_pipeline.storage.leftovers import assembled_transmission, inferred_info
from eloquence_pipeline.storage.run_documents import RunDocuments
from eloquence_pipeline.storage.run_files import (
    ATTEMPTS_FILE,
    BEGUN,
    KEPT_FILE,
    RESULTS_FILE,
    RUN_FILE,
    TRANSMISSION_FILE,
)
from eloquence_pipeline.storage.upgrade import (
    Document,
    require_known_version,
    upgraded_result,
    upgraded_transmission,
)

_ATTEMPTS = TypeAdapter(tuple[Attempt, ...])


@dataclass(frozen=True)
class RunContent:
    """What the JSON files of a run say, in the form of today.

    Attributes
    ----------
    info
        What identifies it.
    attempts, transmission
        What was tried and what was collected.
    thresholds
        By which it was to be judged; None where that was not written down.
    result
        Content of ``results.json`` in the form of today, without the figures that it does not have; None
        where there is none.
    method_version
        Of that result; None where there is none.
    is_verified
        Whether there was a manifest that all files have been compared with.
    is_unfinished
        Whether the process of the run was killed while it recorded.
    kept
        What the store was given of the recordings; None where that was everything.
    elsewhere
        What stays on the machine that measured, and is not in this folder.
    """

    info: RunInfo
    attempts: tuple[Attempt, ...]
    transmission: Transmission
    thresholds: ThresholdSettings | None
    result: Document | None
    method_version: int | None
    is_verified: bool
    is_unfinished: bool
    kept: KeptEvidence | None
    elsewhere: tuple[FileReference, ...]


def read_transmission(folder: Path) -> Transmission:
    """Return what a run of this version has collected, before it is sealed.

    Raises
    ------
    StorageError
        If it is missing or damaged.
    """
    documents = RunDocuments(folder)
    with documents.reading(TRANSMISSION_FILE):
        return Transmission.model_validate(documents.read(TRANSMISSION_FILE))


def read_run(folder: Path) -> RunContent:
    """Verify the files of a run and read what they say.

    Raises
    ------
    StorageError
        If a file is missing, damaged, of a newer version, not what the manifest says or not of this run;
        or if nothing was transmitted.
    """
    documents = RunDocuments(folder)
    written = next((name for name in (RESULTS_FILE, RUN_FILE) if documents.read(name) is not None), "")
    header = documents.read(written) if written else None
    with documents.reading(written):
        # Asked first: what a newer version wrote beside it need not look like anything that is known.
        if header is not None:
            require_known_version(header)
    with documents.reading(ATTEMPTS_FILE):
        attempts = _ATTEMPTS.validate_python(documents.read(ATTEMPTS_FILE) or ())
    with documents.reading(TRANSMISSION_FILE):
        collected = _transmission(documents, attempts)
        transmission = Transmission.model_validate(collected)
    with documents.reading(KEPT_FILE):
        left = documents.read(KEPT_FILE)
        kept = KeptEvidence.model_validate(left) if left is not None else None
    _require_files(documents, transmission)
    with documents.reading(written):
        header = upgraded_result(header, collected) if header is not None else {}
        info = RunInfo.model_validate(header["run"]) if header else inferred_info(folder, transmission)
        thresholds = ThresholdSettings.model_validate(header["thresholds"]) if header else None
        method = ResultFormat.model_validate(header["format"]).method_version if header else None
    has_result = written == RESULTS_FILE
    return RunContent(
        info=info if has_result else info.model_copy(update={"room": transmission.room}),
        attempts=attempts,
        transmission=transmission,
        thresholds=thresholds,
        result=header if has_result else None,
        method_version=method if has_result else None,
        is_verified=documents.is_verified,
        is_unfinished=any(BEGUN in name for name in documents.names()),
        kept=kept,
        elsewhere=documents.elsewhere,
    )


def _transmission(documents: RunDocuments, attempts: Sequence[Attempt]) -> dict[str, Any]:
    collected = documents.read(TRANSMISSION_FILE)
    if collected is None:
        return assembled_transmission(documents, attempts)
    return upgraded_transmission(collected)


def _require_files(documents: RunDocuments, transmission: Transmission) -> None:
    for channel in transmission.channels:
        for end in (channel.sent, channel.received):
            if end is not None:
                documents.require((end.audio, end.timings, end.statistics))
