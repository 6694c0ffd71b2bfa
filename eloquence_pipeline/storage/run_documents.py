"""The JSON files of a run's folder, which may come from anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.models import FileReference
from eloquence_pipeline.signal.flac import flac_of
from eloquence_pipeline.storage.fetching import AGAIN, file_of_run, present, verify_run

# A terminal obeys them; no text that is spoken holds any.
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_MOST_BYTES = 256 << 20
"""Twelve hours of speech have a result of some 60 MB."""
_DAMAGED_REMEDY = "take another copy of the run; if a newer version of the pipeline wrote it, update this one"


class RunDocuments:
    """The JSON files of one run, verified against its manifest.

    Parameters
    ----------
    folder
        The run.

    Attributes
    ----------
    elsewhere
        What stays on the machine that measured, and is not here.

    Raises
    ------
    StorageError
        If the folder is none of a run, or its files are not what the manifest says.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifest = verify_run(folder)
        listed = self._manifest.files if self._manifest else ()
        local = self._manifest.local_files if self._manifest else ()
        here = present(folder, local)
        self.elsewhere = tuple(file for file in local if file not in here)
        self._sha256 = {file.name: file.sha256 for file in (*listed, *here)}

    @property
    def is_verified(self) -> bool:
        """Whether there is a manifest, which all files have been compared with."""
        return self._manifest is not None

    def names(self) -> list[str]:
        """Return the names of the JSON files."""
        return sorted(self._sha256 or (path.name for path in self.folder.glob("*.json")))

    def read(self, name: str) -> Any:
        """Return the content of a JSON file; None where there is none.

        Raises
        ------
        StorageError
            If it is damaged.
        """
        if name not in self.names():
            return None
        with self.reading(name):
            path = file_of_run(self.folder, name)
            if path.stat().st_size > _MOST_BYTES:
                raise ValueError(f"it is longer than {_MOST_BYTES} bytes")
            return _printable(json.loads(path.read_bytes()))

    def require(self, references: Iterable[FileReference]) -> None:
        """Make sure that what a record refers to is a file of this run, and the one of the manifest.

        Raises
        ------
        StorageError
            If it is not.
        """
        away = {file.name: file.sha256 for file in self.elsewhere}
        for reference in references:
            if away.get(reference.name) == reference.sha256 or flac_of(reference.name) in away:
                continue  # whoever finds it compares it
            if reference.name not in self._sha256 and flac_of(reference.name) in self._sha256:
                continue  # what it is made of was compared; whoever makes it compares it again
            packed = flac_of(reference.name)
            # A recording may be packed before the manifest is written.
            unsealed = not self.is_verified and (self.folder / packed).is_file()
            file_of_run(self.folder, packed if unsealed else reference.name)
            if self.is_verified and self._sha256.get(reference.name) != reference.sha256:
                raise StorageError(
                    f"{reference.name} in {self.folder} is not the file that was recorded", remedy=AGAIN
                )

    @contextmanager
    def reading(self, name: str) -> Generator[None]:
        """Raise whatever is wrong with the content of a file as an error that names the file.

        Raises
        ------
        StorageError
            As said.
        """
        path = self.folder / name
        try:
            yield
        except StorageError as error:
            raise StorageError(f"{path}: {error.message}", remedy=error.remedy) from None
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            raise StorageError(
                f"{path} is damaged, or of a form that is not known here ({_first_line(error)})",
                remedy=_DAMAGED_REMEDY,
            ) from error


def _first_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _printable(value: Any) -> Any:
    """Return a JSON value without control characters in its texts."""
    match value:
        case str():
            return _CONTROL_CHARACTERS.sub("�", value)
        case list():
            return [_printable(each) for each in cast(list[Any], value)]
        case dict():
            pairs = cast(dict[str, Any], value).items()
            return {_printable(name): _printable(each) for name, each in pairs}
        case _:
            return value
