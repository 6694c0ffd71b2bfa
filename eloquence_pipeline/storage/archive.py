"""Sending the evidence of a run to the store, once."""

from __future__ import annotations

import mimetypes
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Protocol

from filelock import FileLock
from pydantic import ValidationError

from eloquence_pipeline.errors import EloquenceError, StorageError
from eloquence_pipeline.files import file_reference, write_atomically
from eloquence_pipeline.models import Archive, ArchiveState, FileReference, Record
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.patience import side_by_side
from eloquence_pipeline.storage.run_files import MANIFEST_FILE

MARKER_NAME = ".uploaded.json"
SYNC_REMEDY = "nothing is lost; run `eloquence sync` to send it again"

_LOCK_NAME = ".upload.lock"
_CONTENT_TYPES = {
    ".json": "application/json",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".npz": "application/zip",
    ".html": "text/html; charset=utf-8",
    ".md": "text/markdown",
    ".svg": "image/svg+xml",
}


def _nothing() -> None: ...


class Store(Protocol):
    """What archiving needs of a store: an :class:`~eloquence_pipeline.storage.store.EvidenceStore`."""

    def uri(self, key: str) -> str:
        """Return the address of a key."""
        ...

    def put_file(
        self, key: str, path: Path, sha256: str, content_type: str, moved: Callable[[], None] = ...
    ) -> None:
        """Store a file once and verify it; `moved` is called whenever a part of it has arrived."""
        ...


class UploadMarker(Record):
    """The hidden file in a run's folder that says where the run was sent; it stays on this machine."""

    uri: str
    uploaded_at: datetime


def archive(run: RunFolder, store: Store) -> Archive:
    """Send a sealed run, its manifest last, unless that was done before.

    A store that is away or refuses is no error here: the evidence stays in its folder and the returned
    record says why and what to do.

    Parameters
    ----------
    run
        A sealed run.
    store
        Where to.

    Raises
    ------
    StorageError
        If the run is not sealed or its manifest is damaged: there is nothing that can be sent.
    """
    run.manifest()
    try:
        return upload(run, store)
    except StorageError as error:
        return left_here(run, error)


def upload(run: RunFolder, store: Store, moved: Callable[[], None] = _nothing) -> Archive:
    """Send a sealed run as :func:`archive` does, but let errors through.

    Parameters
    ----------
    run, store
        What, and where to.
    moved
        Called whenever something has arrived; what it raises ends the upload.

    Raises
    ------
    StorageError
        If the store refuses, or a file is not what the manifest says.
    StorageUnavailable
        If the store does not answer.
    """
    try:
        # Two processes that send the same run one after the other: the second finds the marker.
        with FileLock(run.path / _LOCK_NAME):
            marker = read_marker(run)
            if marker is None:
                _send(run, store, moved)
                marker = UploadMarker(uri=store.uri(run.prefix), uploaded_at=datetime.now(UTC))
                write_atomically(run.path / MARKER_NAME, marker.model_dump_json(indent=2).encode())
    except OSError as error:
        raise StorageError(f"{run.path}: {error.strerror}", remedy="make the folder writable") from None
    return Archive(state=ArchiveState.UPLOADED, folder=run.path, uri=marker.uri)


def left_here(run: RunFolder, error: EloquenceError) -> Archive:
    """Return the record of a run that could not be sent."""
    return Archive(state=ArchiveState.LOCAL_ONLY, folder=run.path, problem=f"{error}; {SYNC_REMEDY}")


def _send(run: RunFolder, store: Store, moved: Callable[[], None]) -> None:
    side_by_side(partial(_put, run, file, store, moved) for file in run.manifest().files)
    _put(run, file_reference(run.path / MANIFEST_FILE), store, moved)


def _put(run: RunFolder, file: FileReference, store: Store, moved: Callable[[], None]) -> None:
    moved()
    path = run.path / file.name
    content_type = _CONTENT_TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    kind = content_type or "application/octet-stream"
    store.put_file(run.prefix + file.name, path, file.sha256, kind, moved)
    moved()


def read_marker(run: RunFolder) -> UploadMarker | None:
    """Return what is known of an earlier upload; nothing where there was none."""
    try:
        return UploadMarker.model_validate_json((run.path / MARKER_NAME).read_bytes())
    except (OSError, ValidationError):
        return None
