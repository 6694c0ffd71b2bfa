"""An embedded LiveKit whose media goes through a relay on this machine."""

from __future__ import annotations

import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from eloquence_pipeline.servers.binaries import find_binaries
from eloquence_pipeline.servers.endpoints import LiveKitEndpoint
from eloquence_pipeline.servers.fleet import LIVEKIT, endpoints_of, leave, state_root
from eloquence_pipeline.servers.instances import Waiting, acquire, clean_up_leftovers
from eloquence_pipeline.servers.livekit_server import livekit_launch
from eloquence_pipeline.servers.ports import LOOPBACK, free_udp_port
from eloquence_pipeline.servers.progress import ProgressSink, silent
from eloquence_pipeline.servers.state import Instance
from eloquence_pipeline.settings import Settings

RELAY_HOST = "127.0.0.2"
"""Linux answers on all of 127.0.0.0/8 without being asked to."""


@dataclass(frozen=True)
class RelayedLiveKit:
    """A server, and the two ends of the way that its media has to go.

    Attributes
    ----------
    endpoint
        Where to log in; signalling does not go through the relay.
    relay_address
        What the server tells its participants; nobody listens there until a relay does.
    media_address
        Where the server really is.
    """

    endpoint: LiveKitEndpoint
    relay_address: tuple[str, int]
    media_address: tuple[str, int]


@contextmanager
def relayed_livekit(settings: Settings, progress: ProgressSink = silent) -> Generator[RelayedLiveKit]:
    """Run a LiveKit that names another address than its own, for the time of a ``with`` block.

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
    port = free_udp_port()
    launch = partial(livekit_launch, settings, binary, udp_port=port, node_ip=RELAY_HOST)
    held = [acquire(Instance(root, f"{LIVEKIT}-{secrets.token_hex(4)}"), launch, Waiting(progress))]
    try:
        endpoint = endpoints_of(held).livekit
        assert endpoint is not None  # noqa: S101 - for the type checker
        yield RelayedLiveKit(endpoint, (RELAY_HOST, port), (LOOPBACK, port))
    finally:
        leave(held, progress)
