"""Building server programs with Go, once a machine, leaving nothing but the binary."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import IO

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers.locks import exclusive
from eloquence_pipeline.servers.processes import ProcessIdentity, stop_tree
from eloquence_pipeline.servers.programs import Program
from eloquence_pipeline.servers.progress import ProgressSink
from eloquence_pipeline.servers.toolchain import find_go, install_go, remedy

_WORKSHOP_PREFIX = "build-"
_RUNNING_FILE = "running.json"
_PROGRESS_EVERY_SECONDS = 3.0
_POLL_SECONDS = 0.1
_STOP_GRACE_SECONDS = 2.0
_TAIL_LINES = 40


def build(programs: list[Program], cache: Path, progress: ProgressSink) -> None:
    """Build programs into the cache folder.

    They are built one after the other in one folder: each build keeps all cores busy by itself,
    and the second one finds the standard library and common modules compiled.

    Raises
    ------
    ServerError
        If there is neither Go nor a way to get it, or a build fails.
    """
    cache.mkdir(parents=True, exist_ok=True)
    names = " and ".join(program.name for program in programs)
    waits = f"another process is building {names}: waiting for it"
    with exclusive(cache / "build.lock", on_wait=lambda: progress(waits)):
        missing = [program for program in programs if not program.cached_in(cache).exists()]
        if not missing:
            return
        _clear_abandoned(cache, progress)
        with _workshop(cache) as workshop:
            go = find_go() or install_go(workshop / "toolchain", _Runner(workshop).run, progress)
            for program in missing:
                _build_one(program, go, workshop, cache, progress)
            progress(f"cleaning up after building {names}")


def go_environment(workshop: Path) -> dict[str, str]:
    """Return the user's environment with every folder that Go writes to inside the workshop."""
    return {
        **os.environ,
        "CGO_ENABLED": "0",
        "GOPATH": str(workshop / "path"),
        "GOMODCACHE": str(workshop / "modules"),
        "GOCACHE": str(workshop / "compiled"),
        "GOBIN": str(workshop / "bin"),
        "GOTMPDIR": str(workshop / "tmp"),
        "GOTOOLCHAIN": "local",
        # Without it the module cache is read-only and cannot simply be removed.
        "GOFLAGS": f"{os.environ.get('GOFLAGS', '')} -modcacherw".strip(),
    }


def _build_one(program: Program, go: Path, workshop: Path, cache: Path, progress: ProgressSink) -> None:
    label = f"building {program.name} {program.version.removeprefix('v')}"
    if program.version.startswith("v0.0.0-"):
        label = f"building {program.name}"
    progress(f"{label} (about {program.usual_minutes} min, only the first time)")
    began = time.monotonic()
    command = [
        str(go),
        "install",
        "-trimpath",
        "-ldflags=-s -w",
        "-v",
        f"{program.package}@{program.version}",
    ]
    runner = _Runner(workshop, label=label, progress=progress)
    done = runner.run(command, go_environment(workshop))
    built = workshop / "bin" / program.built_as
    if done.returncode != 0 or not built.exists():
        said = [line for line in done.stdout.splitlines() if line.strip() and not _is_routine(line)]
        reason = " | ".join(said[-3:]) or f"go ended with exit code {done.returncode}"
        raise ServerError(
            f"{program.name} could not be built: {reason}",
            remedy="check the network (GOPROXY, GOSUMDB) and the disk space (4 GB), or " + remedy(),
        )
    built.chmod(0o755)
    built.replace(program.cached_in(cache))  # same file system, so it appears whole or not at all
    progress(f"{program.name} built in {time.monotonic() - began:.0f} s")


class _Runner:
    """Runs one command in a session of its own, stops it when the user does, and tells how far it is."""

    def __init__(self, workshop: Path, *, label: str = "", progress: ProgressSink | None = None) -> None:
        self._workshop = workshop
        self._label = label
        self._progress = progress
        self._downloaded = 0
        self._compiled = 0
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def run(self, command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the command to its end; its output is the last lines of both streams."""
        with subprocess.Popen(  # noqa: S603 - the toolchain or the installer
            command,
            cwd=self._workshop,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as process:
            identity = ProcessIdentity.of(process.pid)
            try:
                self._note(identity)
                self._follow(process)
            finally:
                stop_tree(identity, grace_seconds=_STOP_GRACE_SECONDS)
        return subprocess.CompletedProcess(command, process.returncode, "\n".join(self._tail), "")

    def _note(self, identity: ProcessIdentity) -> None:
        # For whoever finds this folder after we were killed.
        note = {"pid": identity.pid, "create_time": identity.create_time}
        (self._workshop / _RUNNING_FILE).write_text(json.dumps(note))

    def _follow(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None  # noqa: S101 - for the type checker
        reader = Thread(target=self._read, args=(process.stdout,), daemon=True)
        reader.start()
        began = told = time.monotonic()
        while process.poll() is None:
            time.sleep(_POLL_SECONDS)
            now = time.monotonic()
            if self._progress is not None and now - told >= _PROGRESS_EVERY_SECONDS:
                told = now
                self._progress(f"{self._label}: {now - began:.0f} s, {self._how_far()}")
        reader.join(timeout=_STOP_GRACE_SECONDS)

    def _how_far(self) -> str:
        return f"{self._downloaded} modules downloaded, {self._compiled} packages compiled"

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._tail.append(line.rstrip())
            if line.startswith("go: downloading"):
                self._downloaded += 1
            elif _is_routine(line):
                self._compiled += 1


def _is_routine(line: str) -> bool:
    """Whether a line is a download or, from ``-v``, the bare name of a compiled package."""
    return line.startswith("go: downloading") or " " not in line.strip()


@contextmanager
def _workshop(cache: Path) -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=_WORKSHOP_PREFIX, dir=cache))
    (folder / "tmp").mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_abandoned(cache: Path, progress: ProgressSink) -> None:
    """Remove what a build left that was killed; the lock says that none is running."""
    for folder in cache.glob(f"{_WORKSHOP_PREFIX}*/"):
        try:
            note = json.loads((folder / _RUNNING_FILE).read_text())
            stop_tree(ProcessIdentity(note["pid"], note["create_time"]), grace_seconds=_STOP_GRACE_SECONDS)
        except (OSError, ValueError, KeyError):
            pass
        progress("removing what an interrupted build has left")
        shutil.rmtree(folder, ignore_errors=True)
