"""A real S3 server for the tests of storage."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.servers import S3Endpoint, embedded_servers
from eloquence_pipeline.settings import FolderSettings, Settings, StorageSettings
from eloquence_pipeline.storage import ObjectStore
from tests.integration.servers.owner import settings_in
from tests.integration.storage.seaweedfs import seaweedfs

StoreMaker = Callable[[S3Endpoint], ObjectStore]
RestartableServer = Callable[[], AbstractContextManager[S3Endpoint]]


def storage_in(endpoint: S3Endpoint, bucket: str, **more: Any) -> StorageSettings:
    """Return settings that name a bucket of a server."""
    named: dict[str, Any] = {
        "endpoint_url": endpoint.endpoint_url,
        "region": endpoint.region,
        "access_key": endpoint.access_key,
        "secret_key": endpoint.secret_key,
        "bucket": bucket,
    }
    return StorageSettings(**named | more)


def store_in(endpoint: S3Endpoint, bucket: str, **more: Any) -> ObjectStore:
    """Return a bucket of a server."""
    return ObjectStore.from_settings(storage_in(endpoint, bucket, **more))


@contextmanager
def running(settings: Settings) -> Generator[S3Endpoint]:
    with embedded_servers(settings, livekit=False, s3=True, prefect=False) as endpoints:
        assert endpoints.s3
        yield endpoints.s3


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[S3Endpoint]:
    """One server for all tests that do not stop it."""
    with running(settings_in(tmp_path_factory.mktemp("s3"))) as endpoint:
        yield endpoint


@pytest.fixture(scope="session")
def second_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[S3Endpoint]:
    """One of another make."""
    with seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as endpoint:
        yield endpoint


@pytest.fixture
def restartable(tmp_path: Path) -> RestartableServer:
    """A server of this test's own: runs inside the ``with`` block, keeps its data after it."""
    return lambda: running(settings_in(tmp_path / "own"))


@pytest.fixture
def store_at() -> StoreMaker:
    """Make stores with one bucket name, unique to this test."""
    bucket = f"test-{secrets.token_hex(6)}"
    return lambda endpoint: store_in(endpoint, bucket)


@pytest.fixture
def store(server: S3Endpoint, store_at: StoreMaker) -> ObjectStore:
    """An empty bucket of this test's own."""
    made = store_at(server)
    made.ensure(create=True)
    return made


@pytest.fixture
def settings(server: S3Endpoint, store: ObjectStore, tmp_path: Path) -> Settings:
    """Settings that name that bucket, and folders of this test's own."""
    storage = storage_in(server, store.bucket)
    return Settings(storage=storage, folders=FolderSettings(results=tmp_path / "results"))
