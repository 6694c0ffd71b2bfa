"""Finding the server binaries: settings, PATH, the user's cache, and else a build."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.servers.build import build
from eloquence_pipeline.servers.programs import PROGRAMS, Program, ProgramName
from eloquence_pipeline.servers.progress import ProgressSink
from eloquence_pipeline.settings import Settings

_VERSION = re.compile(r"\bversion v?(\S+)")
_VERSION_SECONDS = 20.0


class Binary(BaseModel):
    """A server program on this machine."""

    model_config = ConfigDict(frozen=True)

    program: ProgramName
    path: Path
    version: str
    source: Literal["settings", "path", "cache", "build"]


def find_binaries(
    settings: Settings, wanted: list[ProgramName], progress: ProgressSink
) -> dict[ProgramName, Binary]:
    """Find the wanted programs, and build those that are nowhere.

    Order: the path in the settings, PATH, the user's cache, a build into that cache.

    Raises
    ------
    ConfigurationError
        If the settings name a file that cannot be run.
    ServerError
        If a program has to be built and cannot be.
    """
    found: dict[ProgramName, Binary | None] = {name: find_binary(settings, name) for name in wanted}
    missing = [PROGRAMS[name] for name, binary in found.items() if binary is None]
    if missing:
        build(missing, cache_folder(settings), progress)
    return {name: binary or _from_cache(settings, PROGRAMS[name], "build") for name, binary in found.items()}


def find_binary(settings: Settings, name: ProgramName) -> Binary | None:
    """Find one program without building it."""
    program = PROGRAMS[name]
    explicit = settings.servers.livekit_binary if name == "livekit-server" else settings.servers.minio_binary
    if explicit is not None:
        path = explicit.expanduser().absolute()
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise ConfigurationError(
                f"{program.setting} names {path}, which is not a program that can be run",
                remedy=f"correct it, or leave it out to have {name} found or built",
            )
        return Binary(program=name, path=path, version=reported_version(path), source="settings")
    on_path = shutil.which(name)
    if on_path is not None:
        return Binary(
            program=name, path=Path(on_path), version=reported_version(Path(on_path)), source="path"
        )
    if program.cached_in(cache_folder(settings)).exists():
        return _from_cache(settings, program, "cache")
    return None


def cache_folder(settings: Settings) -> Path:
    """Return where built binaries are kept."""
    return settings.folders.cache.absolute() / "bin"


def reported_version(path: Path) -> str:
    """Return the version that a program says it has, ``unknown`` if it says none."""
    try:
        done = subprocess.run(  # noqa: S603 - the user's own server
            [str(path), "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    found = _VERSION.search(done.stdout)
    return found[1] if found else "unknown"


def _from_cache(settings: Settings, program: Program, source: Literal["cache", "build"]) -> Binary:
    # Not asked for its version: it was built from exactly this one.
    return Binary(
        program=program.name,
        path=program.cached_in(cache_folder(settings)),
        version=program.version.removeprefix("v"),
        source=source,
    )
