"""The embedded servers: find or build, start, check, stop.

A server is the child of a small keeper process, and whoever uses it holds a lease on it
(:mod:`~eloquence_pipeline.servers.leases`). The keeper stops the server and removes its folder when
the last lease is gone, so nothing has to survive for the clean-up to happen.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eloquence_pipeline.servers.background import (
        ServiceStatus,
        down,
        runs_without_worker,
        status,
        up,
        up_worker,
    )
    from eloquence_pipeline.servers.binaries import find_binaries
    from eloquence_pipeline.servers.embedded import embedded_servers
    from eloquence_pipeline.servers.endpoints import Endpoints, LiveKitEndpoint, PrefectEndpoint, S3Endpoint
    from eloquence_pipeline.servers.interfaces import require_media_interface
    from eloquence_pipeline.servers.minio_server import has_minio_data
    from eloquence_pipeline.servers.progress import ProgressSink
    from eloquence_pipeline.servers.restartable import RestartableLiveKit, restartable_livekit

__all__ = [
    "Endpoints",
    "LiveKitEndpoint",
    "PrefectEndpoint",
    "ProgressSink",
    "RestartableLiveKit",
    "S3Endpoint",
    "ServiceStatus",
    "down",
    "embedded_servers",
    "find_binaries",
    "has_minio_data",
    "require_media_interface",
    "restartable_livekit",
    "runs_without_worker",
    "status",
    "up",
    "up_worker",
]

_HOMES = {
    "Endpoints": "endpoints",
    "LiveKitEndpoint": "endpoints",
    "PrefectEndpoint": "endpoints",
    "ProgressSink": "progress",
    "RestartableLiveKit": "restartable",
    "S3Endpoint": "endpoints",
    "ServiceStatus": "background",
    "down": "background",
    "embedded_servers": "embedded",
    "find_binaries": "binaries",
    "has_minio_data": "minio_server",
    "require_media_interface": "interfaces",
    "restartable_livekit": "restartable",
    "runs_without_worker": "background",
    "status": "background",
    "up": "background",
    "up_worker": "background",
}


def __getattr__(name: str) -> object:
    # Imported on first use: the keeper imports this package too and has to start quickly.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
