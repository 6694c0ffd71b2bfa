"""What names a stored run: a folder, its manifest, an address in S3, a key, or the run's id."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from eloquence_pipeline.errors import ConfigurationError, StorageError
from eloquence_pipeline.settings import StorageSettings
from eloquence_pipeline.settings.values import FOLDER_SCHEME, folder_of
from eloquence_pipeline.storage.keys import RUNS, file_name
from eloquence_pipeline.storage.object_store import ObjectStore
from eloquence_pipeline.storage.run_files import MANIFEST_FILE
from eloquence_pipeline.storage.store import EvidenceStore, open_store

_SCHEME = "s3://"
_KEY = re.compile(rf"(?:.*/)?{RUNS}/\d{{4}}-\d{{2}}-\d{{2}}/[a-z0-9_-]+/\d{{8}}T\d{{6}}Z-[0-9a-f]{{6}}")
_RUN_ID = re.compile(r"(\d{4})(\d{2})(\d{2})T\d{6}Z-[0-9a-f]{6}")
_FORMS = "name a run's folder, its manifest.json, s3://bucket/…/, a key (runs/…/) or the run's id"


@dataclass(frozen=True)
class StoredAway:
    """A run that is not on this machine.

    Attributes
    ----------
    bucket
        Its bucket; that of the settings when empty.
    key
        What its keys begin with, below the bucket (or below the prefix of the settings where no bucket
        is named), without the slash; or the run's id.
    """

    bucket: str
    key: str


def find_run(run: str, results: Path) -> Path | StoredAway:
    """Return where a run is: on this machine if it is there, else in the store.

    Parameters
    ----------
    run
        A folder (also as ``file:///…``), its manifest, ``s3://bucket/prefix/…/``, a key such as
        ``runs/2026-11-22/basic/ID/``, or an id.
    results
        Folder of the runs of this machine.

    Raises
    ------
    ConfigurationError
        If it names neither a folder nor anything that a run can be called.
    """
    if run.startswith(FOLDER_SCHEME):
        run = _folder(run)
    if run.startswith(_SCHEME):
        bucket, _, key = run.removeprefix(_SCHEME).partition("/")
        return StoredAway(bucket, _plain(_of_the_run(key), run))
    if (here := _on_this_machine(run, results)) is not None:
        return here
    key = _of_the_run(run)
    if not (_KEY.fullmatch(key) or _RUN_ID.fullmatch(key)):
        raise ConfigurationError(f"there is no run {run!r}", remedy=_FORMS)
    return StoredAway("", _plain(key, run))


def _folder(run: str) -> str:
    try:
        return str(folder_of(run))
    except ValueError as error:
        raise ConfigurationError(f"{run!r} {error}", remedy=_FORMS) from None


def _on_this_machine(run: str, results: Path) -> Path | None:
    path = Path(run).expanduser()
    if path.is_dir():
        return path.absolute()
    if path.is_file():
        if path.name != MANIFEST_FILE:
            raise ConfigurationError(f"{run} is a file, but no {MANIFEST_FILE}", remedy=_FORMS)
        return path.absolute().parent
    key = _of_the_run(run)
    if _RUN_ID.fullmatch(key):
        return run_on_this_machine(key, results)
    if _KEY.fullmatch(key) and key.startswith(RUNS) and (results / key).is_dir():
        return (results / key).absolute()
    return None


def run_on_this_machine(run_id: str, results: Path) -> Path | None:
    """Return the folder of a run that this machine has measured; None where there is none."""
    if not _RUN_ID.fullmatch(run_id):
        return None
    return next(iter(sorted((results.absolute() / RUNS).glob(f"*/*/{run_id}"))), None)


def _of_the_run(key: str) -> str:
    return key.removesuffix(MANIFEST_FILE).strip("/")


def _plain(key: str, run: str) -> str:
    try:
        return file_name(key)
    except ConfigurationError:
        raise ConfigurationError(f"{run!r} names no run", remedy=_FORMS) from None


def store_of(away: StoredAway, storage: StorageSettings) -> tuple[EvidenceStore, str]:
    """Return the store in which a run is, and the prefix of its keys there, with a slash at its end.

    Raises
    ------
    ConfigurationError
        If a setting is malformed.
    StorageError
        If the store has no run of this id.
    StorageUnavailable
        If the store does not answer.
    """
    if away.bucket:
        endpoint_url = "" if storage.is_folder else storage.endpoint_url
        bare = storage.model_copy(update={"endpoint_url": endpoint_url, "bucket": away.bucket, "prefix": ""})
        return ObjectStore.from_settings(bare), f"{away.key}/"
    store = open_store(storage)
    if _RUN_ID.fullmatch(away.key):
        return store, _prefix_of(away.key, store)
    return store, f"{away.key.removeprefix(store.prefix)}/"


def _prefix_of(run_id: str, store: EvidenceStore) -> str:
    matched = _RUN_ID.fullmatch(run_id)
    day = "-".join(matched.groups()) if matched else ""
    ending = f"/{run_id}/{MANIFEST_FILE}"
    for key in store.list_keys(f"{RUNS}/{day}/"):
        if key.endswith(ending):
            return key.removesuffix(MANIFEST_FILE)
    raise StorageError(
        f"there is no run {run_id}: neither on this machine nor below {store.uri(RUNS)}/{day}/",
        remedy="check ELOQUENCE_FOLDERS__RESULTS and ELOQUENCE_STORAGE__…; `eloquence config` shows them",
    )
