"""Servers that stay: ``eloquence up``, ``status`` and ``down``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers.endpoints import Endpoints
from eloquence_pipeline.servers.fleet import (
    LIVEKIT,
    MINIO,
    PREFECT,
    WORKER,
    Wanted,
    endpoints_of,
    leave,
    start_wanted,
    state_root,
)
from eloquence_pipeline.servers.instances import (
    Held,
    Waiting,
    acquire,
    await_gone,
    clean_up_leftovers,
    nudge,
)
from eloquence_pipeline.servers.locks import exclusive
from eloquence_pipeline.servers.progress import ProgressSink, silent
from eloquence_pipeline.servers.state import Instance, instances
from eloquence_pipeline.servers.worker import (
    end_runs,
    living_runs,
    remove_temporary_files,
    worker_launch,
)
from eloquence_pipeline.settings import Settings

_BACKGROUND = (LIVEKIT, MINIO, PREFECT, WORKER)
_ENDS_FIRST = (WORKER,)
"""Before what it works with: runs that are ended still have to be archived, and to say so."""


class ServiceStatus(BaseModel):
    """One server as ``eloquence status`` shows it; holds no secret."""

    model_config = ConfigDict(frozen=True)

    name: str
    running: bool
    in_background: bool = False
    url: str = ""
    pid: int | None = None
    version: str = ""
    uptime_seconds: float = 0.0
    users: int = 0
    log: Path | None = None


def up(
    settings: Settings,
    *,
    livekit: bool = True,
    s3: bool = True,
    prefect: bool = True,
    progress: ProgressSink = silent,
) -> Endpoints:
    """Start the wanted servers, or join those that run, and keep them when this process ends.

    Called again it changes nothing and returns the same addresses.

    Raises
    ------
    ConfigurationError, ServerError
        As :func:`~eloquence_pipeline.servers.embedded_servers`; then none of those that this call
        would have started is kept.
    """
    held: list[Held] = []
    wanted = Wanted(livekit=livekit, s3=s3, prefect=prefect, background=True)
    try:
        start_wanted(settings, wanted, held, progress)
        for one in held:
            one.instance.pin.touch(mode=0o600)
        return endpoints_of(held)
    finally:
        leave(held, progress)


def up_worker(settings: Settings, api_url: str, *, pool: str, progress: ProgressSink = silent) -> None:
    """Start the worker that carries out deployed runs, or join it, and keep it when this process ends.

    It gets the environment of this process: its runs find the same settings, and no secret is written down.

    Parameters
    ----------
    settings
        Folders.
    api_url
        Of the Prefect server.
    pool
        Name of its work pool.
    progress
        Receives short lines for people.

    Raises
    ------
    ServerError
        If it does not start, or works for another server already.
    """
    root = state_root(settings)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    instance = Instance(root, WORKER)
    held = acquire(instance, lambda: worker_launch(api_url, pool, instance.folder), Waiting(progress))
    try:
        if (its := held.state.url) != api_url:
            raise ServerError(
                f"the worker in the background works for {its}, not for {api_url}",
                remedy="stop it first: eloquence down",
            )
        instance.pin.touch(mode=0o600)
    finally:
        leave([held], progress)


def runs_without_worker(settings: Settings) -> set[str] | None:
    """Return the ids of the runs that have outlived their worker; None while a worker is there."""
    instance = Instance(state_root(settings), WORKER)
    return None if instance.is_kept else living_runs(instance.folder)


def status(settings: Settings) -> list[ServiceStatus]:
    """Return the servers that can be kept in the background, then those of single runs."""
    root = state_root(settings)
    kept = [Instance(root, name) for name in _BACKGROUND]
    others = [one for one in instances(root) if one.name not in _BACKGROUND]
    return [_status_of(one) for one in [*kept, *others]]


def down(settings: Settings, *, keep: Collection[str] = (), progress: ProgressSink = silent) -> list[str]:
    """Stop the servers that are kept in the background; the worker first, and its runs with it.

    One that a run of somebody else still uses stops when that run ends; ``progress`` is told so.

    Parameters
    ----------
    settings
        Folders.
    keep
        Names of servers that go on.
    progress
        Receives short lines for people.

    Returns
    -------
    list of str
        The names of those that have stopped.
    """
    root = state_root(settings)
    chosen = [one for one in instances(root) if one.is_kept and one.name not in keep]
    if WORKER not in keep and (ended := end_runs(Instance(root, WORKER).folder)):
        progress(f"ended {_runs(ended)}")
    stopped = _stop_pinned([one for one in chosen if one.name in _ENDS_FIRST], progress)
    stopped += _stop_pinned([one for one in chosen if one.name not in _ENDS_FIRST], progress)
    clean_up_leftovers(root, progress)
    worker = Instance(root, WORKER)
    if not worker.is_kept:
        remove_temporary_files(worker.folder)
    return stopped


def _stop_pinned(chosen: Sequence[Instance], progress: ProgressSink) -> list[str]:
    pinned = [one for one in chosen if _unpin(one)]
    stopped: list[str] = []
    for one in pinned:
        if await_gone(one, progress):
            stopped.append(one.service)
        else:
            progress(f"{one.service} is still used by {_runs(one.users)} and stops when that ends")
    return stopped


def _unpin(instance: Instance) -> bool:
    with exclusive(instance.lock_file):
        if not instance.is_pinned:
            return False
        instance.pin.unlink()
    nudge(instance)
    return True


def _status_of(instance: Instance) -> ServiceStatus:
    state = instance.read()
    if state is None:
        return ServiceStatus(name=instance.name, running=False)
    running = instance.is_kept and state.phase == "ready"
    return ServiceStatus(
        name=instance.name,
        running=running,
        in_background=instance.is_pinned,
        url=state.url,
        pid=state.server.pid if state.server is not None and running else None,
        version=state.version,
        uptime_seconds=state.uptime_seconds if running else 0.0,
        users=instance.users,
        log=instance.log,
    )


def _runs(count: int) -> str:
    return "a run" if count == 1 else f"{count} runs"
