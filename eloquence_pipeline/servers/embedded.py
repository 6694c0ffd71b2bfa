"""The servers of one run: started together, stopped together."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from eloquence_pipeline.servers.endpoints import Endpoints
from eloquence_pipeline.servers.fleet import Wanted, endpoints_of, leave, start_wanted
from eloquence_pipeline.servers.instances import Held
from eloquence_pipeline.servers.progress import ProgressSink, silent
from eloquence_pipeline.settings import Settings


@contextmanager
def embedded_servers(
    settings: Settings, *, livekit: bool, s3: bool, prefect: bool, progress: ProgressSink = silent
) -> Generator[Endpoints]:
    """Run the wanted servers for the time of a ``with`` block.

    LiveKit is a fresh instance, unless one is kept in the background; MinIO and Prefect are shared
    by all runs of the user. Each stops when its last user leaves: at the end of the block, on any
    exception in it (KeyboardInterrupt too), and when this process is killed.

    Parameters
    ----------
    settings
        Folders, ports and binaries.
    livekit, s3, prefect
        Which servers are wanted.
    progress
        Receives short lines for people, from several threads.

    Yields
    ------
    Endpoints
        Addresses and credentials of servers that are ready.

    Raises
    ------
    ConfigurationError
        If the settings name a binary that cannot be run.
    ServerError
        If a server cannot be found, built or started; nothing is left running.
    """
    held: list[Held] = []
    wanted = Wanted(livekit=livekit, s3=s3, prefect=prefect)
    try:
        start_wanted(settings, wanted, held, progress)
        yield endpoints_of(held)
    finally:
        leave(held, progress)
