"""The embedded MinIO: one for all runs of a user, since two must not open the same data."""

from __future__ import annotations

import secrets
from pathlib import Path

from eloquence_pipeline.servers.binaries import Binary
from eloquence_pipeline.servers.launch import Launch, server_environment
from eloquence_pipeline.servers.ports import LOOPBACK, tcp_port
from eloquence_pipeline.settings import Settings

READY_SECONDS = 30.0
GRACE_SECONDS = 10.0


def _data_folder(settings: Settings) -> Path:
    return settings.folders.data.absolute() / "minio"


def has_minio_data(settings: Settings) -> bool:
    """Whether the embedded store has ever run for this user."""
    return _data_folder(settings).is_dir()


def minio_launch(settings: Settings, binary: Binary) -> Launch:
    """Choose a port and credentials for the MinIO server over the user's data folder.

    The credentials are new at each start; the data are readable with any of them, since MinIO
    encrypts nothing with them that is kept.

    Raises
    ------
    ServerError
        If the port of the settings is taken.
    """
    port = tcp_port(settings.servers.minio_port, setting="ELOQUENCE_SERVERS__MINIO_PORT")
    data = _data_folder(settings)
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    user, password = secrets.token_hex(10), secrets.token_urlsafe(30)
    url = f"http://{LOOPBACK}:{port}"
    own = {
        "MINIO_ROOT_USER": user,
        "MINIO_ROOT_PASSWORD": password,
        "MINIO_REGION": settings.storage.region,
        "MINIO_BROWSER": "off",  # no console, which would listen on a port of its own
        "MINIO_UPDATE": "off",
        "MINIO_CALLHOME_ENABLE": "off",
    }
    return Launch(
        service="minio",
        # Relative to the server's own folder: with certificates in ~/.minio it would speak TLS.
        argv=[
            str(binary.path),
            "server",
            "--address",
            f"{LOOPBACK}:{port}",
            "--certs-dir",
            "certs",
            str(data),
        ],
        env=server_environment(own),
        port=port,
        # "live" and "ready" are answered before the drives are open, "cluster" only afterwards.
        health_paths=["/minio/health/live", "/minio/health/ready", "/minio/health/cluster"],
        ready_seconds=READY_SECONDS,
        grace_seconds=GRACE_SECONDS,
        data_folder=data,
        secrets=[user, password],
        url=url,
        version=binary.version,
        endpoint={
            "endpoint_url": url,
            "access_key": user,
            "secret_key": password,
            "region": settings.storage.region,
        },
    )
