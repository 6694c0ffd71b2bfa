"""A LiveKit that can be killed and started again, with the same address and keys."""

from __future__ import annotations

import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress

import psutil

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers.binaries import find_binaries
from eloquence_pipeline.servers.endpoints import LiveKitEndpoint
from eloquence_pipeline.servers.fleet import LIVEKIT, endpoints_of, leave, state_root
from eloquence_pipeline.servers.instances import (
    Held,
    Waiting,
    acquire,
    await_keeper_end,
    clean_up_leftovers,
    discard_failed,
)
from eloquence_pipeline.servers.launch import Launch
from eloquence_pipeline.servers.livekit_server import livekit_launch
from eloquence_pipeline.servers.progress import ProgressSink, silent
from eloquence_pipeline.servers.state import Instance
from eloquence_pipeline.settings import Settings


class RestartableLiveKit:
    """A server of one test alone; get one from :func:`restartable_livekit`.

    Attributes
    ----------
    endpoint
        Where to log in, before and after.
    """

    def __init__(self, instance: Instance, launch: Launch, progress: ProgressSink) -> None:
        self._instance = instance
        self._launch = launch
        self._progress = progress
        self._held: list[Held] = []
        self._start()
        endpoint = endpoints_of(self._held).livekit
        assert endpoint is not None  # noqa: S101 - for the type checker
        self.endpoint: LiveKitEndpoint = endpoint

    def _start(self) -> None:
        self._held = [acquire(self._instance, lambda: self._launch, Waiting(self._progress))]

    def restart(self, down_seconds: float) -> None:
        """Kill the server, without a word to its clients, and start it again.

        Parameters
        ----------
        down_seconds
            From the kill to the new start, at least; it takes some tenths of a second until it is ready.

        Raises
        ------
        ServerError
            If it does not come back: another program may have taken its port.
        """
        state = self._held[0].state
        server = state.server.identity.find() if state.server else None
        if server is None:
            raise ServerError("the server that was to be killed does not run any more")
        killed_at = time.monotonic()
        with suppress(psutil.NoSuchProcess):
            server.kill()
        await_keeper_end(self._instance)
        self._held[0].lease.release()
        self._held = []
        discard_failed(self._instance, Waiting(self._progress))
        time.sleep(max(0.0, killed_at + down_seconds - time.monotonic()))
        self._start()

    def stop(self) -> None:
        """Stop the server for good."""
        leave(self._held, self._progress)


@contextmanager
def restartable_livekit(settings: Settings, progress: ProgressSink = silent) -> Generator[RestartableLiveKit]:
    """Run a LiveKit that can be killed and started again, for the time of a ``with`` block.

    Raises
    ------
    ConfigurationError
        If the settings name a binary that cannot be run.
    ServerError
        If the server cannot be found, built or started.
    """
    root = state_root(settings)
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    clean_up_leftovers(root, progress)
    binary = find_binaries(settings, ["livekit-server"], progress)["livekit-server"]
    # The port of the settings is that of the server that runs beside this one.
    servers = settings.servers.model_copy(update={"livekit_port": 0})
    launch = livekit_launch(settings.model_copy(update={"servers": servers}), binary)
    server = RestartableLiveKit(Instance(root, f"{LIVEKIT}-{secrets.token_hex(4)}"), launch, progress)
    try:
        yield server
    finally:
        server.stop()
