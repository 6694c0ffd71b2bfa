"""A real S3 server for the tests of storage."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from eloquence_pipeline.servers import S3Endpoint, embedded_servers
from eloquence_pipeline.settings import FolderSettings, Settings, load_settings
from eloquence_pipeline.storage import ObjectStore
from tests.integration.storage.seaweedfs import seaweedfs

StoreMaker = Callable[[S3Endpoint], ObjectStore]
RestartableServer = Callable[[], AbstractContextManager[S3Endpoint]]


def settings_in(folder: Path) -> Settings:
    """All folders in a temporary one, but for the cache: the server is built once a machine."""
    folders = FolderSettings(
        results=folder / "results",
        cache=load_settings().folders.cache,
        data=folder / "data",
        state=folder / "state",
    )
    return load_settings().model_copy(update={"folders": folders})


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

    def make(endpoint: S3Endpoint) -> ObjectStore:
        return ObjectStore(
            endpoint_url=endpoint.endpoint_url,
            region=endpoint.region,
            access_key=endpoint.access_key,
            secret_key=endpoint.secret_key,
            bucket=bucket,
        )

    return make


@pytest.fixture
def store(server: S3Endpoint, store_at: StoreMaker) -> ObjectStore:
    """An empty bucket of this test's own."""
    made = store_at(server)
    made.ensure(create=True)
    return made
