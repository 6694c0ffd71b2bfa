"""The server programs and the versions that are built."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

ProgramName = Literal["livekit-server", "minio"]


class Program(BaseModel):
    """A Go program, pinned."""

    model_config = ConfigDict(frozen=True)

    name: ProgramName
    package: str
    version: str
    built_as: str
    setting: str
    usual_minutes: int

    def cached_in(self, folder: Path) -> Path:
        """Return its place in the folder of built binaries."""
        return folder / f"{self.name}-{self.version.removeprefix('v')}"


PROGRAMS: dict[ProgramName, Program] = {
    "livekit-server": Program(
        name="livekit-server",
        package="github.com/livekit/livekit-server/cmd/server",
        version="v1.13.5",
        built_as="server",
        setting="ELOQUENCE_SERVERS__LIVEKIT_BINARY",
        usual_minutes=2,
    ),
    "minio": Program(
        name="minio",
        package="github.com/minio/minio",
        version="v0.0.0-20260212201848-7aac2a2c5b7c",  # the last one: no longer developed
        built_as="minio",
        setting="ELOQUENCE_SERVERS__MINIO_BINARY",
        usual_minutes=2,
    ),
}
