"""Bring a stored run back to this machine, and make sure that it is the one that was stored.

What a manifest from elsewhere says is not trusted: its names stay within the run, and no more is read than it
announces.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, Protocol, cast

from pydantic import ValidationError

from eloquence_pipeline.errors import ConfigurationError, StorageError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.models import MANIFEST_FORMAT, MANIFEST_FORMAT_VERSION, FileReference, Manifest
from eloquence_pipeline.storage.keys import file_name
from eloquence_pipeline.storage.run_files import MANIFEST_FILE

_MANIFEST_MAX_BYTES = 16 << 20
AGAIN = "fetch the evidence again, or take another copy of the run"


class Source(Protocol):
    """What fetching needs of a store: an :class:`~eloquence_pipeline.storage.store.EvidenceStore`."""

    def uri(self, key: str) -> str:
        """Return the address of a key."""
        ...

    def blocks(self, key: str) -> Generator[bytes]:
        """Yield the content of an object."""
        ...


def fetch_run(store: Source, prefix: str, folder: Path) -> Manifest:
    """Copy a run from a store into an empty folder, each file verified against the manifest.

    Parameters
    ----------
    store, prefix
        Where the run is; the prefix ends with a slash.
    folder
        Where to; it exists.

    Raises
    ------
    StorageError
        If there is no such run, its manifest is none, or a file is not what the manifest says.
    StorageUnavailable
        If the store does not answer.
    """
    content = b"".join(limited(store, prefix + MANIFEST_FILE, _MANIFEST_MAX_BYTES))
    manifest = parse_manifest(content, store.uri(prefix + MANIFEST_FILE))
    _require_room(manifest, folder)
    try:
        (folder / MANIFEST_FILE).write_bytes(content)
        for file in manifest.files:
            path = folder / file.name
            path.parent.mkdir(parents=True, exist_ok=True)
            _fetch(store, prefix, file, path)
    except OSError as error:
        raise StorageError(
            f"the run cannot be copied to {folder}: {error.strerror}", remedy="make room there"
        ) from None
    return manifest


def _require_room(manifest: Manifest, folder: Path) -> None:
    needed = sum(file.byte_count for file in manifest.files)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(
            f"the run {manifest.run_id} says that it takes {needed / 1e6:.0f} MB, and "
            f"{free / 1e6:.0f} MB are free",
            remedy="make room, or set TMPDIR to another disk; if no run is that long, it is a hostile one",
        )


def _fetch(store: Source, prefix: str, file: FileReference, path: Path) -> None:
    digest = hashlib.sha256()
    with path.open("xb") as target:
        for block in limited(store, prefix + file.name, file.byte_count):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != file.sha256:
        raise _differs(store.uri(prefix + file.name))


def limited(store: Source, key: str, max_bytes: int) -> Generator[bytes]:
    """Yield the content of an object that must not be longer than so many bytes.

    Raises
    ------
    StorageError
        If it is, or there is no such object.
    StorageUnavailable
        If the store does not answer.
    """
    taken = 0
    for block in store.blocks(key):
        taken += len(block)
        if taken > max_bytes:
            raise StorageError(f"{store.uri(key)} is longer than {max_bytes} bytes", remedy=AGAIN)
        yield block


def verify_run(folder: Path) -> Manifest | None:
    """Compare the files of a run's folder with its manifest.

    What stays on the machine that measured is compared where it is there.

    Returns
    -------
    Manifest or None
        None where there is none: the process of the run was killed before it could write it.

    Raises
    ------
    StorageError
        If the manifest is damaged or newer, a file is missing or differs, or leads out of the folder.
    """
    if not (folder / MANIFEST_FILE).exists():
        return None
    path = file_of_run(folder, MANIFEST_FILE)
    manifest = parse_manifest(path.read_bytes(), str(path))
    for file in (*manifest.files, *present(folder, manifest.local_files)):
        require_same(folder, file)
    return manifest


def present(folder: Path, files: Iterable[FileReference]) -> list[FileReference]:
    """Return those of some files that are in a folder, whatever they hold."""
    return [file for file in files if (folder / file.name).exists()]


def require_same(folder: Path, file: FileReference) -> Path:
    """Return the path of a file of a run that is what its manifest says.

    Raises
    ------
    StorageError
        If it is missing, differs, or leads elsewhere.
    """
    path = file_of_run(folder, file.name)
    if path.stat().st_size != file.byte_count or sha256_of_file(path) != file.sha256:
        raise _differs(str(path))
    return path


def file_of_run(folder: Path, name: str) -> Path:
    """Return the path of an ordinary file that lies within the folder of a run.

    Raises
    ------
    StorageError
        If there is none, or the name or a link leads elsewhere.
    """
    try:
        path = folder / file_name(name)
        inside = path.resolve(strict=True).is_relative_to(folder.resolve())
    except ConfigurationError as error:
        raise StorageError(error.message, remedy=AGAIN) from None
    except OSError as error:
        raise StorageError(
            f"{name} of the run in {folder} is missing ({error.strerror})", remedy=AGAIN
        ) from None
    if not (inside and path.is_file()):
        raise StorageError(f"{path} is no file of this run: it leads elsewhere", remedy=AGAIN)
    return path


def parse_manifest(content: bytes, where: str) -> Manifest:
    """Read a manifest from anywhere.

    Raises
    ------
    StorageError
        If it is none, of a newer version, or names files outside the run, itself, or a file twice.
    """
    try:
        document: Any = json.loads(content)
        _refuse_newer(document, where)
        manifest = Manifest.model_validate(document)
        names = [file_name(file.name) for file in (*manifest.files, *manifest.local_files)]
    except (ValidationError, ConfigurationError, ValueError, RecursionError):
        raise StorageError(f"{where} is no manifest of a run, or is damaged", remedy=AGAIN) from None
    if len({*names, MANIFEST_FILE}) != len(names) + 1:
        raise StorageError(f"{where} names a file twice, or itself", remedy=AGAIN)
    return manifest


def _refuse_newer(document: Any, where: str) -> None:
    if not isinstance(document, dict):
        return
    read = cast(dict[str, Any], document)
    version = read.get("version")
    newer = isinstance(version, int) and version > MANIFEST_FORMAT_VERSION
    if read.get("format") == MANIFEST_FORMAT and newer:
        raise StorageError(
            f"{where} is of format version {version}, newer than {MANIFEST_FORMAT_VERSION}, the last that "
            "this version of the pipeline knows",
            remedy="update the pipeline to read it",
        )


def _differs(where: str) -> StorageError:
    return StorageError(f"{where} is not the file that the manifest names (it differs)", remedy=AGAIN)
