"""The folder in which a run keeps its evidence on this machine.

It has the same path below the results folder as its objects have below the store's prefix. Its
``manifest.json`` is written last: a folder with a manifest is whole.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from pydantic import BaseModel, JsonValue, ValidationError

from eloquence_pipeline.errors import ConfigurationError, StorageError
from eloquence_pipeline.files import file_reference, write_atomically
from eloquence_pipeline.models import FileReference, KeptEvidence, Manifest
from eloquence_pipeline.storage import in_use
from eloquence_pipeline.storage.keys import RUNS, file_name, new_run_id, run_prefix
from eloquence_pipeline.storage.run_files import KEPT_FILE, MANIFEST_FILE

_PREFIX_PARTS = 4
"""runs, date, scenario, run."""


def require_writable(results: Path) -> Path:
    """Make the results folder and prove that it can be written, before anything is started.

    Returns
    -------
    Path
        The folder as an absolute path.

    Raises
    ------
    ConfigurationError
        If it cannot be made or written.
    """
    probe = results / f".writable-{secrets.token_hex(4)}"
    try:
        results.mkdir(parents=True, exist_ok=True)
        probe.touch(exist_ok=False)
        probe.unlink()
    except OSError as error:
        raise _not_writable(results, error) from None
    return results.absolute()


class RunFolder:
    """The evidence of one run on this machine.

    Get one from :meth:`create` or :meth:`open`.

    Attributes
    ----------
    path
        The folder.
    prefix
        Where it lies below the results folder and below the prefix of a store; ends with a slash.
    """

    def __init__(self, results: Path, prefix: str) -> None:
        self.prefix = prefix
        self.path = results.absolute() / prefix

    @property
    def run_id(self) -> str:
        """Name of the run."""
        return self.path.name

    @property
    def is_sealed(self) -> bool:
        """Whether the run is whole."""
        return (self.path / MANIFEST_FILE).is_file()

    @classmethod
    def create(cls, results: Path, started_at: datetime, scenario: str, run_id: str = "") -> Self:
        """Make the folder of a new run.

        Parameters
        ----------
        results
            Folder of all runs.
        started_at
            When the run began, with time zone.
        scenario
            Name of the scenario.
        run_id
            Name of the run; a new one when empty.

        Raises
        ------
        ConfigurationError
            If the folder cannot be written, a name is not acceptable, or there is such a run already.
        """
        run = cls(results, run_prefix(started_at, scenario, run_id or new_run_id(started_at)))
        try:
            run.path.mkdir(parents=True)
            in_use.hold(run.path)
        except FileExistsError:
            raise ConfigurationError(
                f"there is already a run in {run.path}", remedy="let a new name be made"
            ) from None
        except OSError as error:
            raise _not_writable(results, error) from None
        return run

    @classmethod
    def open(cls, path: Path) -> Self:
        """Return the run that lies in a folder.

        Raises
        ------
        StorageError
            If the folder is not one of a run.
        """
        path = path.absolute()
        parts = path.parts[-_PREFIX_PARTS:]
        if len(path.parts) <= _PREFIX_PARTS or parts[0] != RUNS or not path.is_dir():
            raise StorageError(
                f"{path} is not the folder of a run", remedy=f"look below {RUNS}/ in the results folder"
            )
        return cls(path.parents[_PREFIX_PARTS - 1], "/".join(parts) + "/")

    def file(self, name: str) -> Path:
        """Return where a file of this name is to be written; makes the folder it stands in.

        Raises
        ------
        ConfigurationError
            If the name would leave the run's folder, or the folder cannot be written.
        StorageError
            If the run is sealed.
        """
        if self.is_sealed:
            raise StorageError(
                f"the run {self.run_id} is sealed", remedy="write the analysis to a run of its own"
            )
        path = self.path / file_name(name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _not_writable(path.parent, error) from None
        return path

    def write_bytes(self, name: str, content: bytes) -> FileReference:
        """Write a file in one step.

        Raises
        ------
        ConfigurationError
            If the name is not acceptable or the folder cannot be written.
        StorageError
            If the run is sealed.
        """
        path = self.file(name)
        try:
            write_atomically(path, content)
            return file_reference(path, name)
        except OSError as error:
            raise _not_writable(self.path, error) from None

    def write_text(self, name: str, text: str) -> FileReference:
        """Write a text in UTF-8; see :meth:`write_bytes`."""
        return self.write_bytes(name, text.encode())

    def write_json(self, name: str, content: Mapping[str, JsonValue]) -> FileReference:
        """Write an object as JSON; see :meth:`write_bytes`."""
        return self.write_text(name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")

    def write_model(self, name: str, model: BaseModel) -> FileReference:
        """Write a model as JSON; see :meth:`write_bytes`."""
        return self.write_text(name, model.model_dump_json(indent=2, by_alias=True) + "\n")

    def reference(self, name: str) -> FileReference:
        """Describe a file of the run that another part has written.

        Raises
        ------
        ConfigurationError
            If the name is not acceptable.
        StorageError
            If there is no such file.
        """
        path = self.path / file_name(name)
        try:
            return file_reference(path, name)
        except OSError as error:
            raise StorageError(
                f"{path} cannot be read: {error.strerror}", remedy="write it before sealing"
            ) from None

    def seal(self) -> Manifest:
        """Write the manifest of all files; nothing can be added afterwards.

        Hidden files (temporary ones of a writer that was killed) are left out. What ``kept.json`` says that
        the store is not given is described apart.

        Returns
        -------
        Manifest
            The one that is already there, when the run is sealed.

        Raises
        ------
        ConfigurationError
            If the folder cannot be written.
        StorageError
            If a file cannot be read.
        """
        if self.is_sealed:
            return self.manifest()
        kept = self.kept()
        staying = frozenset(kept.left_out if kept else ())
        references = [self.reference(name) for name in self._names()]
        manifest = Manifest(
            run_id=self.run_id,
            key_prefix=self.prefix,
            created_at=datetime.now(UTC),
            files=tuple(file for file in references if file.name not in staying),
            local_files=tuple(file for file in references if file.name in staying),
        )
        self.write_model(MANIFEST_FILE, manifest)
        in_use.release(self.path)
        return manifest

    def manifest(self) -> Manifest:
        """Read the manifest.

        Raises
        ------
        StorageError
            If the run is not sealed or its manifest is damaged.
        """
        path = self.path / MANIFEST_FILE
        try:
            manifest = Manifest.model_validate_json(path.read_bytes())
            for file in (*manifest.files, *manifest.local_files):
                file_name(file.name)
        except OSError as error:
            raise StorageError(
                f"{path} cannot be read: {error.strerror}", remedy="seal the run first"
            ) from None
        except (ValidationError, ConfigurationError):
            raise StorageError(f"{path} is damaged", remedy="remove it and seal the run again") from None
        return manifest

    def kept(self) -> KeptEvidence | None:
        """Return what the store is given of the recordings; None where that is everything.

        Raises
        ------
        StorageError
            If the file that says it cannot be read.
        """
        path = self.path / KEPT_FILE
        try:
            return KeptEvidence.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            remedy = "remove it: everything is sent then"
            raise StorageError(f"{path} cannot be read", remedy=remedy) from None

    def _names(self) -> list[str]:
        paths = (path.relative_to(self.path) for path in self.path.rglob("*") if path.is_file())
        return sorted(
            path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts)
        )


def _not_writable(folder: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"the output folder {folder} cannot be written: {error.strerror or type(error).__name__}",
        remedy="make it writable, or set ELOQUENCE_FOLDERS__RESULTS to another folder",
    )
