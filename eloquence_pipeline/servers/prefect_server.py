"""The embedded Prefect server with its UI, started as a child process: the library does not know Prefect."""

from __future__ import annotations

import sys
from importlib.metadata import version

from eloquence_pipeline.servers.launch import Launch, server_environment
from eloquence_pipeline.servers.ports import LOOPBACK, tcp_port
from eloquence_pipeline.settings import Settings

READY_SECONDS = 90.0
GRACE_SECONDS = 10.0


def prefect_launch(settings: Settings) -> Launch:
    """Choose a port for the Prefect server over the user's data folder.

    Raises
    ------
    ServerError
        If the port of the settings is taken.
    """
    port = tcp_port(settings.servers.prefect_port, setting="ELOQUENCE_SERVERS__PREFECT_PORT")
    home = settings.folders.data.absolute() / "prefect"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    url = f"http://{LOOPBACK}:{port}"
    own = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
        # By environment, not by argument: the UI takes the address of the API from these.
        "PREFECT_SERVER_API_HOST": LOOPBACK,
        "PREFECT_SERVER_API_PORT": str(port),
        # Automations put links to runs into what they tell.
        "PREFECT_UI_URL": f"{url}/v2",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        # Leases on slots outlive the server; in its memory they would be lost, and their slots with them.
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        # Whoever waits for a slot looks again this often at least.
        "PREFECT_SERVER_CONCURRENCY_MAXIMUM_CONCURRENCY_SLOT_WAIT_SECONDS": "5",
        "DO_NOT_TRACK": "1",
        "NO_COLOR": "1",
    }
    return Launch(
        service="prefect",
        argv=[sys.executable, "-m", "prefect", "server", "start"],
        env=server_environment(own),
        port=port,
        health_paths=["/api/health"],
        ready_seconds=READY_SECONDS,
        grace_seconds=GRACE_SECONDS,
        data_folder=home,
        url=url,
        version=version("prefect"),
        endpoint={"api_url": f"{url}/api", "ui_url": url},
    )
