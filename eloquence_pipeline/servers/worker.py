"""The Prefect worker that carries out deployed runs, as a child process."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import version

from eloquence_pipeline.servers.launch import Launch
from eloquence_pipeline.servers.ports import LOOPBACK, tcp_port

READY_SECONDS = 60.0
GRACE_SECONDS = 40.0
"""Prefect gives a run 30 s to end; then it is killed."""
POLL_SECONDS = 5


def worker_launch(api_url: str, pool: str) -> Launch:
    """Return how the worker is started, with everything that this process has in its environment.

    Parameters
    ----------
    api_url
        Of the Prefect server that it works for.
    pool
        Name of the work pool there.
    """
    port = tcp_port(0, setting="")
    own = {
        "PREFECT_API_URL": api_url,
        "PREFECT_WORKER_WEBSERVER_HOST": LOOPBACK,
        "PREFECT_WORKER_WEBSERVER_PORT": str(port),
        "PREFECT_WORKER_QUERY_SECONDS": str(POLL_SECONDS),
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
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
