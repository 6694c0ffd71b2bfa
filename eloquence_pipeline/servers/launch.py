"""What the keeper is told to start."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

# Settings of the user's own servers and clients must not reach the embedded ones, and neither must
# a proxy: nothing they do leaves the machine.
_FOREIGN_PREFIXES = ("MINIO_", "LIVEKIT_", "PREFECT_", "ELOQUENCE_", "AWS_")
_FOREIGN_SUFFIXES = ("_proxy",)


class Launch(BaseModel):
    """How one server is started, checked and stopped, and how it is reached.

    Holds secrets: it goes to the keeper over standard input.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    service: str
    argv: list[str]
    env: dict[str, str]
    port: int
    health_paths: list[str]
    health_status: int = 200
    ready_seconds: float
    grace_seconds: float
    data_folder: Path | None = None
    secrets: list[str] = []
    url: str
    version: str
    endpoint: dict[str, str]

    def message(self, *, lock_file: Path, lock_file_is_ours: bool) -> str:
        """Return the JSON that the keeper reads."""
        told: dict[str, Any] = {
            **self.model_dump(
                mode="json",
                include={
                    "argv",
                    "env",
                    "port",
                    "health_paths",
                    "health_status",
                    "ready_seconds",
                    "grace_seconds",
                    "data_folder",
                    "secrets",
                },
            ),
            "lock_file": str(lock_file),
            "lock_file_is_ours": lock_file_is_ours,
            "state": self.model_dump(mode="json", include={"service", "url", "version", "endpoint"}),
        }
        return json.dumps(told)


def server_environment(own: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of this process without what is not meant for an embedded server."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(_FOREIGN_PREFIXES) and not name.lower().endswith(_FOREIGN_SUFFIXES)
    }
    return {**inherited, **own}
