"""Starting several servers at the same time, and leaving them together."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from eloquence_pipeline.servers.binaries import find_binaries
from eloquence_pipeline.servers.endpoints import Endpoints, LiveKitEndpoint, PrefectEndpoint, S3Endpoint
from eloquence_pipeline.servers.instances import (
    Cancelled,
    Held,
    Waiting,
    acquire,
    await_gone,
    clean_up_leftovers,
    join,
)
from eloquence_pipeline.servers.launch import Launch
from eloquence_pipeline.servers.livekit_server import livekit_launch
from eloquence_pipeline.servers.minio_server import minio_launch
from eloquence_pipeline.servers.prefect_server import prefect_launch
from eloquence_pipeline.servers.programs import ProgramName
from eloquence_pipeline.servers.progress import ProgressSink
from eloquence_pipeline.servers.state import Instance
from eloquence_pipeline.settings import Settings

LIVEKIT, MINIO, PREFECT, WORKER = "livekit", "minio", "prefect", "worker"

Start = Callable[[Waiting], Held]


class Wanted(BaseModel):
    """Which servers somebody wants, and whether to stay."""

    model_config = ConfigDict(frozen=True)

    livekit: bool
    s3: bool
    prefect: bool
    background: bool = False


def state_root(settings: Settings) -> Path:
    """Return the folder of the running servers."""
    return settings.folders.state.absolute()


def start_wanted(settings: Settings, wanted: Wanted, held: list[Held], progress: ProgressSink) -> None:
    """Start or join the wanted servers and add each to ``held`` as it gets ready, also when another fails."""
    root = state_root(settings)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    clean_up_leftovers(root, progress)
    starts = _starts(settings, wanted, root, progress)
    waiting = Waiting(progress)
    with ThreadPoolExecutor(max_workers=max(1, len(starts)), thread_name_prefix="servers") as pool:
        pending = [pool.submit(_start_one, start, held, waiting) for start in starts]
        try:
            wait(pending, return_when=FIRST_EXCEPTION)
        finally:
            # Whatever is still starting is of no use any more when one failed or the user stopped.
            if not all(future.done() and future.exception() is None for future in pending):
                waiting.cancelled.set()
    _raise_first(pending)


def leave(held: list[Held], progress: ProgressSink) -> None:
    """Give all leases back, then wait for those servers that nobody else wants."""
    for one in held:
        one.release()
    for one in held:
        await_gone(one.instance, progress)


def endpoints_of(held: list[Held]) -> Endpoints:
    """Return the addresses of servers that are ready."""
    by_service = {one.instance.service: {**one.state.endpoint, "embedded": True} for one in held}
    return Endpoints(
        livekit=LiveKitEndpoint.model_validate(by_service[LIVEKIT]) if LIVEKIT in by_service else None,
        s3=S3Endpoint.model_validate(by_service[MINIO]) if MINIO in by_service else None,
        prefect=PrefectEndpoint.model_validate(by_service[PREFECT]) if PREFECT in by_service else None,
    )


def _starts(settings: Settings, wanted: Wanted, root: Path, progress: ProgressSink) -> list[Start]:
    programs: list[ProgramName] = []
    if wanted.livekit:
        programs.append("livekit-server")
    if wanted.s3:
        programs.append("minio")
    binaries = find_binaries(settings, programs, progress)
    starts: list[Start] = []
    if wanted.prefect:  # the slowest first
        starts.append(partial(acquire, Instance(root, PREFECT), partial(prefect_launch, settings)))
    if wanted.s3:
        starts.append(
            partial(acquire, Instance(root, MINIO), partial(minio_launch, settings, binaries["minio"]))
        )
    if wanted.livekit:
        build = partial(livekit_launch, settings, binaries["livekit-server"])
        background = Instance(root, LIVEKIT)
        starts.append(partial(acquire if wanted.background else _join_or_own, background, build))
    return starts


def _join_or_own(background: Instance, build: Callable[[], Launch], waiting: Waiting) -> Held:
    """Use the LiveKit that runs in the background, or start one for this run alone."""
    held = join(background, waiting)
    if held is not None:
        return held
    own = Instance(background.root, f"{background.name}-{secrets.token_hex(4)}")
    return acquire(own, build, waiting)


def _start_one(start: Start, held: list[Held], waiting: Waiting) -> None:
    held.append(start(waiting))


def _raise_first(futures: list[Future[None]]) -> None:
    errors = [error for future in futures if (error := future.exception()) is not None]
    told = [error for error in errors if not isinstance(error, Cancelled)]
    for error in told or errors:
        raise error
