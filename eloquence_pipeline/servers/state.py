"""What is known about one running server: a folder that its keeper writes and others read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from eloquence_pipeline.servers.keeper import KEEPER_LOCK, LEASES, PINNED, SERVER_LOG, STATE_FILE
from eloquence_pipeline.servers.leases import live_leases
from eloquence_pipeline.servers.locks import is_locked
from eloquence_pipeline.servers.processes import ProcessIdentity

_LOCKS = "locks"
_LOGS = "logs"
TEMPORARY = "temporary"
"""Folder of the temporary files of the worker and its runs."""
_NOT_INSTANCES = (_LOCKS, _LOGS, TEMPORARY)


class ProcessRecord(BaseModel):
    """A process as the keeper wrote it down."""

    model_config = ConfigDict(frozen=True)

    pid: int
    create_time: float

    @property
    def identity(self) -> ProcessIdentity:
        """The process, to look for it."""
        return ProcessIdentity(self.pid, self.create_time)


class InstanceState(BaseModel):
    """Content of ``state.json``; holds credentials."""

    model_config = ConfigDict(frozen=True)

    service: str
    phase: Literal["starting", "ready", "failed"]
    url: str
    version: str
    endpoint: dict[str, Any]
    started_at: float
    keeper: ProcessRecord
    server: ProcessRecord | None = None
    error: str = ""
    log_tail: list[str] = []

    @property
    def uptime_seconds(self) -> float:
        """How long ago the keeper started the server."""
        return max(0.0, time.time() - self.started_at)


@dataclass(frozen=True)
class Instance:
    """The places of one server, running or not."""

    root: Path
    name: str

    @property
    def folder(self) -> Path:
        """Everything that is there only while the server is."""
        return self.root / self.name

    @property
    def lock_file(self) -> Path:
        """Held while the instance is created or removed; outside the folder, which comes and goes."""
        return self.root / _LOCKS / f"{self.name}.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper as long as it lives."""
        return self.folder / KEEPER_LOCK

    @property
    def leases(self) -> Path:
        """The folder of the leases."""
        return self.folder / LEASES

    @property
    def pin(self) -> Path:
        """Marks an instance that runs without leases."""
        return self.folder / PINNED

    @property
    def log(self) -> Path:
        """The server's own output."""
        return self.folder / SERVER_LOG

    @property
    def saved_log(self) -> Path:
        """Where the log of the latest failure of this service is kept."""
        return self.root / _LOGS / f"{self.service}-failed.log"

    @property
    def service(self) -> str:
        """Which server it is: ``livekit``, ``minio`` or ``prefect``."""
        return self.name.partition("-")[0]

    @property
    def is_kept(self) -> bool:
        """Whether a keeper looks after it now."""
        return is_locked(self.keeper_lock)

    @property
    def is_pinned(self) -> bool:
        """Whether it runs in the background."""
        return self.pin.exists()

    @property
    def users(self) -> int:
        """How many leases are held on it."""
        return len(live_leases(self.leases))

    def read(self) -> InstanceState | None:
        """Return what the keeper wrote, if it wrote already."""
        try:
            return InstanceState.model_validate_json((self.folder / STATE_FILE).read_bytes())
        except (FileNotFoundError, NotADirectoryError, ValidationError):
            return None


def instances(root: Path) -> list[Instance]:
    """Return every instance that has a folder, in order of their names."""
    if not root.is_dir():
        return []
    names = sorted(path.name for path in root.iterdir() if path.is_dir() and path.name not in _NOT_INSTANCES)
    return [Instance(root, name) for name in names]
