"""The Prefect worker that carries out deployed runs, as a child process."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import psutil

from eloquence_pipeline.servers.launch import Launch
from eloquence_pipeline.servers.ports import LOOPBACK, tcp_port
from eloquence_pipeline.servers.processes import ProcessIdentity, stop_tree
from eloquence_pipeline.servers.state import TEMPORARY

READY_SECONDS = 60.0
GRACE_SECONDS = 25.0
"""For a run to keep what it has recorded and to say how it ended."""
POLL_SECONDS = 5


MARK = "ELOQUENCE_WORKER_FOLDER"
"""Variable of the worker and its runs: a run whose worker was killed goes on, and is found by it."""

_RUN = "PREFECT__FLOW_RUN_ID"
"""Prefect sets it for a run, and not for the worker."""


def worker_launch(api_url: str, pool: str, folder: Path) -> Launch:
    """Return how the worker is started, with everything that this process has in its environment.

    Its folder for temporary files is there then, and empty unless a run of an earlier worker still lives.

    Parameters
    ----------
    api_url
        Of the Prefect server that it works for.
    pool
        Name of the work pool there.
    folder
        Of the instance.
    """
    port = tcp_port(0, setting="")
    own = {
        MARK: str(folder),
        # What Prefect, or a run that is killed, leaves of temporary files lies here, not among others'.
        "TMPDIR": str(_emptied_temporary_folder(folder)),
        "PREFECT_API_URL": api_url,
        "PREFECT_WORKER_WEBSERVER_HOST": LOOPBACK,
        "PREFECT_WORKER_WEBSERVER_PORT": str(port),
        "PREFECT_WORKER_QUERY_SECONDS": str(POLL_SECONDS),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "INFO",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
    }
    return Launch(
        service="worker",
        argv=[
            *(sys.executable, "-m", "prefect", "--no-prompt", "worker", "start", "--with-healthcheck"),
            *("--pool", pool, "--type", "process", "--name", f"eloquence on {platform.node()}"),
            # Measurements take turns anyway; runs that wait for theirs are shown as waiting.
            *("--install-policy", "never"),
        ],
        env={**os.environ, **own},
        port=port,
        health_paths=["/health"],
        ready_seconds=READY_SECONDS,
        grace_seconds=GRACE_SECONDS,
        url=api_url,
        version=version("prefect"),
        endpoint={},
    )


def remove_temporary_files(folder: Path) -> None:
    """Remove what a worker and its runs have left of their temporary files, unless a run still lives."""
    if not living_runs(folder):
        shutil.rmtree(_temporary_folder(folder), ignore_errors=True)


def _emptied_temporary_folder(folder: Path) -> Path:
    remove_temporary_files(folder)
    temporary = _temporary_folder(folder)
    temporary.mkdir(mode=0o700, exist_ok=True)
    return temporary


def _temporary_folder(folder: Path) -> Path:
    """Beside the folder of the instance, which goes with the worker: a run that outlives it needs its own."""
    return folder.parent / TEMPORARY


def end_runs(folder: Path) -> int:
    """End the runs of a worker, also those that have outlived it, and return how many there were.

    Each is told once, and has time to keep what it has recorded and to say how it ended.
    """
    runs = _runs_of(folder)
    for run in runs:
        with suppress(psutil.Error):
            run.terminate()
    _, alive = psutil.wait_procs(runs, timeout=GRACE_SECONDS)
    for run in alive:
        with suppress(psutil.NoSuchProcess):
            stop_tree(ProcessIdentity.of(run.pid), grace_seconds=0.0)
    return len(runs)


def living_runs(folder: Path) -> set[str]:
    """Return the ids of the runs of a worker whose processes live, also when the worker does not."""
    ids: set[str] = set()
    for run in _runs_of(folder):
        with suppress(psutil.Error):
            ids.add(run.environ()[_RUN])
    return ids


def _runs_of(folder: Path) -> list[psutil.Process]:
    """Return the processes of runs, without those that they have started themselves."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            variables = process.environ()
            if variables.get(MARK) == str(folder) and _RUN in variables:
                found[process.pid] = process
        except psutil.Error:
            continue  # of somebody else, or gone
    return [process for process in found.values() if _parent(process) not in found]


def _parent(process: psutil.Process) -> int:
    try:
        return process.ppid()
    except psutil.Error:
        return 0
