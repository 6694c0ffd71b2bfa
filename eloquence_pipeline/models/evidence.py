"""Where the files of a run are."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal

from eloquence_pipeline.models.base import FileReference, Record

MANIFEST_FORMAT = "eloquence-manifest"
MANIFEST_FORMAT_VERSION = 1


class Manifest(Record):
    """The list of a run's files; it is written last, so a run with a manifest is whole."""

    format: Literal["eloquence-manifest"] = MANIFEST_FORMAT
    version: Literal[1] = MANIFEST_FORMAT_VERSION
    run_id: str
    key_prefix: str
    created_at: datetime
    files: tuple[FileReference, ...]
    """What the store holds; a folder on the machine that measured holds all of it too."""
    local_files: tuple[FileReference, ...] = ()
    """What stays on the machine that measured; whoever finds it there knows that it is of this run."""


class ArchiveState(StrEnum):
    """Where the evidence of a run lies."""

    UPLOADED = "uploaded"
    LOCAL_ONLY = "local_only"


class Archive(Record):
    """Where the evidence of a run is, after archiving."""

    state: ArchiveState
    folder: Path
    uri: str = ""
    """``s3://bucket/prefix`` when uploaded."""
    problem: str = ""
    """Why it was not uploaded, and what to do."""

    @property
    def place(self) -> str:
        """Where it is for others: in the store if it was uploaded, else on this machine."""
        return self.uri if self.state is ArchiveState.UPLOADED else str(self.folder)
