"""SeaweedFS from its wheel: a second S3 server, of another make than the embedded one."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from pydantic import SecretStr

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.servers import S3Endpoint
from eloquence_pipeline.storage import ObjectStore
from tests.polling import await_true

REGION = "us-east-1"
DOMAIN = "s3.test"
"""Below which a bucket may stand in the name of the host."""
_LOOPBACK = "127.0.0.1"
_PORTS = [f"{part}.port{kind}" for part in ("master", "volume", "filer", "s3") for kind in ("", ".grpc")]
_START_SECONDS = 30


@contextmanager
def seaweedfs(folder: Path) -> Generator[S3Endpoint]:
    """Run a server over an empty folder; it sends nothing to its makers."""
    key, secret = secrets.token_hex(10), secrets.token_hex(20)
    users = [
        {
            "name": "test",
            "credentials": [{"accessKey": key, "secretKey": secret}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": users}))
    ports = dict(zip(_PORTS, _free_ports(len(_PORTS)), strict=True))
    named = [f"-{name}={port}" for name, port in ports.items()]
    place = [f"-dir={folder}", f"-ip={_LOOPBACK}", f"-ip.bind={_LOOPBACK}"]
    options = [
        "-s3",
        f"-s3.config={folder / 's3.json'}",
        f"-s3.domainName={DOMAIN}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-master.telemetry=false",
        "-master.volumeSizeLimitMB=64",
        "-volume.max=0",  # each bucket takes several, of which there are eight otherwise
    ]
    weed = Path(sys.executable).with_name("weed")
    endpoint = S3Endpoint(
        endpoint_url=f"http://{_LOOPBACK}:{ports['s3.port']}",
        access_key=SecretStr(key),
        secret_key=SecretStr(secret),
        region=REGION,
        embedded=False,
    )
    with (folder / "log.txt").open("w") as log:
        server = subprocess.Popen(
            [str(weed), "server", *place, *named, *options],
            cwd=folder,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder)},
        )
    try:
        await_true(lambda: _answers(endpoint), "SeaweedFS answers", within_seconds=_START_SECONDS)
        yield endpoint
    finally:
        server.kill()  # asked kindly it takes more than twenty seconds
        server.wait()
        for port in ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):  # wherever TMPDIR points
                left.unlink()


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((_LOOPBACK, 0))
        return [one.getsockname()[1] for one in sockets]


def _answers(endpoint: S3Endpoint) -> bool:
    store = ObjectStore(
        endpoint_url=endpoint.endpoint_url,
        bucket="ready",
        access_key=endpoint.access_key,
        secret_key=endpoint.secret_key,
    )
    try:
        with urllib.request.urlopen(f"{endpoint.endpoint_url}/healthz", timeout=1):
            store.check(create=True)
    except (OSError, StorageError):
        return False
    return True
