"""A store that is full, dies in the middle, or is spoken to otherwise: nothing is lost, nothing twice."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import psutil
import pytest
from botocore.args import ClientArgsCreator
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.models import ArchiveState
from eloquence_pipeline.servers import S3Endpoint
from eloquence_pipeline.storage import ObjectStore, RunFolder, archive, pending_runs, sync
from eloquence_pipeline.storage.archive import upload
from tests.integration.storage.conftest import RestartableServer, StoreMaker, storage_in, store_in
from tests.integration.storage.seaweedfs import DOMAIN

pytestmark = pytest.mark.integration

MEBIBYTE = 1 << 20
BLOCK_BYTES = 1 << 14


def sealed_run(results: Path, megabytes: int) -> RunFolder:
    run = RunFolder.create(results, datetime.now(UTC), "basic")
    run.write_bytes("received.wav", os.urandom(megabytes * MEBIBYTE))
    run.write_json("attempts.json", {"attempts": 1})
    run.write_json("results.json", {"test_name": "basic_test"})
    run.seal()
    return run


def give_quota(server: S3Endpoint, bucket: str, byte_count: int) -> None:
    """Let MinIO refuse every object of that size or more; 0 lifts it."""
    address = f"{server.endpoint_url}/minio/admin/v3/set-bucket-quota?bucket={bucket}"
    body = json.dumps({"quota": byte_count, "size": byte_count, "quotatype": "hard"}).encode()
    request = AWSRequest("PUT", address, data=body)
    keys = Credentials(server.access_key.get_secret_value(), server.secret_key.get_secret_value())
    S3SigV4Auth(keys, "s3", server.region).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(server.endpoint_url).netloc, timeout=10)
    try:
        path = f"/minio/admin/v3/set-bucket-quota?bucket={bucket}"
        connection.request("PUT", path, body, dict(request.headers.items()))
        answer = connection.getresponse()
        assert answer.status == http.HTTPStatus.OK, answer.read()
    finally:
        connection.close()


def test_a_full_store_keeps_the_run_here_and_takes_it_once_there_is_room(
    server: S3Endpoint, store: ObjectStore, tmp_path: Path
) -> None:
    run = sealed_run(tmp_path, megabytes=1)
    give_quota(server, store.bucket, MEBIBYTE // 2)
    outcome = archive(run, store)
    assert outcome.state is ArchiveState.LOCAL_ONLY
    assert "it is full → make room there, or choose another one" in outcome.problem
    assert "eloquence sync" in outcome.problem
    assert run.prefix + "manifest.json" not in store.list_keys()
    give_quota(server, store.bucket, 0)
    assert [again.state for again in sync(tmp_path, store)] == [ArchiveState.UPLOADED]
    assert store.list_keys() == sorted(run.prefix + name for name in (*names(run), "manifest.json"))
    assert pending_runs(tmp_path) == []


def names(run: RunFolder) -> list[str]:
    return [file.name for file in run.manifest().files]


def test_a_server_that_is_killed_in_the_middle_of_a_file_has_it_whole_and_once_in_the_end(
    restartable: RestartableServer, store_at: StoreMaker, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    run = sealed_run(results, megabytes=20)
    with restartable() as endpoint:
        store = store_at(endpoint)
        store.ensure(create=True)
        port = urlsplit(endpoint.endpoint_url).port
        (process,) = {
            connection.pid or 0
            for connection in psutil.net_connections("tcp")
            if connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
        }
        steps: list[int] = []

        def moved() -> None:
            steps.append(1)
            if len(steps) == len(run.manifest().files) + 1:  # all have begun, and a part has arrived
                os.kill(process, signal.SIGKILL)

        with pytest.raises(StorageError) as lost:
            upload(run, store, moved)
        assert lost.value.transient
    assert [left.path for left in pending_runs(results)] == [run.path]

    with restartable() as endpoint:
        store = store_at(endpoint)
        assert run.prefix + "manifest.json" not in store.list_keys()
        assert [again.state for again in sync(results, store)] == [ArchiveState.UPLOADED]
        assert store.list_keys() == sorted(run.prefix + name for name in (*names(run), "manifest.json"))
        for name in names(run):
            assert store.get_bytes(run.prefix + name) == (run.path / name).read_bytes()
        assert sync(results, store) == []


@contextmanager
def resolving(domain: str) -> Generator[list[str]]:
    """Let names below a domain, not the domain itself, lead to this machine; yields those asked for."""
    real, asked = socket.getaddrinfo, list[str]()

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        if not str(host).endswith(f".{domain}"):
            return real(host, *arguments, **options)
        asked.append(str(host))
        return real("127.0.0.1", *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve)
        yield asked


def test_a_bucket_can_stand_in_the_name_of_the_host(second_server: S3Endpoint, tmp_path: Path) -> None:
    port = urlsplit(second_server.endpoint_url).port
    settings = storage_in(
        second_server,
        "in-the-host-name",
        endpoint_url=f"http://{DOMAIN}:{port}",
        prefix="team/voice",
        region="eu-west-3",
        addressing="virtual",
    )
    run = sealed_run(tmp_path, megabytes=9)
    with resolving(DOMAIN) as asked:
        store = ObjectStore.from_settings(settings)
        store.ensure(create=True)
        assert archive(run, store).uri == f"s3://in-the-host-name/team/voice/{run.prefix}"
        assert len(store.list_keys(run.prefix)) == 4
        link = urlsplit(store.presign(run.prefix + "results.json", 60))
    assert set(asked) == {f"in-the-host-name.{DOMAIN}"}
    assert link.hostname == f"in-the-host-name.{DOMAIN}"
    plain = settings.model_copy(
        update={"endpoint_url": second_server.endpoint_url, "addressing": "path", "prefix": ""}
    )
    assert len(ObjectStore.from_settings(plain).list_keys(f"team/voice/{run.prefix}")) == 4
    connection = http.client.HTTPConnection("127.0.0.1", port or 0, timeout=10)
    connection.request("GET", f"{link.path}?{link.query}", headers={"Host": link.netloc})
    assert json.loads(connection.getresponse().read()) == {"test_name": "basic_test"}
    connection.close()


def test_a_region_that_is_not_the_servers_is_put_right(
    server: S3Endpoint, store: ObjectStore, tmp_path: Path
) -> None:
    elsewhere = store_in(server, store.bucket, region="eu-west-3")
    assert archive(sealed_run(tmp_path, megabytes=1), elsewhere).state is ArchiveState.UPLOADED


@contextmanager
def slowly(server: S3Endpoint, bytes_a_second: int) -> Generator[int]:
    """Take what goes to a server no faster than that; yields the port."""

    def pass_on(source: socket.socket, sink: socket.socket, pause: float) -> None:
        with source, suppress(OSError):
            while block := source.recv(BLOCK_BYTES):
                sink.sendall(block)
                time.sleep(pause * len(block))
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                inner, outer = listening.accept()[0], socket.create_connection(away)
                for pair in ((inner, outer, 1 / bytes_a_second), (outer, inner, 0.0)):
                    threading.Thread(target=pass_on, args=pair, daemon=True).start()

    place = urlsplit(server.endpoint_url)
    away = (place.hostname or "", place.port or 0)
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BLOCK_BYTES)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def test_a_store_that_takes_a_file_slowly_is_waited_for(
    server: S3Endpoint, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On loopback the kernel takes some MB at once, of which nobody sees how they go.
    usual = cast(Any, ClientArgsCreator)._compute_socket_options
    small = (socket.SOL_SOCKET, socket.SO_SNDBUF, BLOCK_BYTES)

    def with_small_buffers(*given: Any) -> list[Any]:
        return [*usual(*given), small]

    monkeypatch.setattr(ClientArgsCreator, "_compute_socket_options", with_small_buffers)
    run = sealed_run(tmp_path, megabytes=3)
    with slowly(server, bytes_a_second=MEBIBYTE) as port:
        slow = store_in(server, store.bucket, endpoint_url=f"http://127.0.0.1:{port}")
        began = time.monotonic()
        (sent,) = sync(tmp_path, slow, patience_seconds=2)
        assert time.monotonic() - began > 2
    assert sent.state is ArchiveState.UPLOADED, sent.problem
    assert store.get_bytes(run.prefix + "received.wav") == (run.path / "received.wav").read_bytes()
