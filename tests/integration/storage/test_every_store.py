"""What holds for every store: MinIO, SeaweedFS, and a folder."""

from __future__ import annotations

import hashlib
import os
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.replay import load_run
from eloquence_pipeline.servers import S3Endpoint
from eloquence_pipeline.settings import StorageSettings, load_settings
from eloquence_pipeline.storage import EvidenceStore, RunFolder, archive, open_store
from eloquence_pipeline.storage.folder_store import FolderStore
from eloquence_pipeline.storage.store_check import StoreCheck
from tests.golden.runs import CLEAN
from tests.integration.storage.conftest import storage_in

pytestmark = pytest.mark.integration

MEBIBYTE = 1 << 20
IN_PARTS = os.urandom(20 * MEBIBYTE + 7)


@pytest.fixture(params=["minio", "seaweedfs", "folder"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> StorageSettings:
    if request.param == "folder":
        url = (tmp_path / "a store").as_uri()
        return StorageSettings(endpoint_url=url, prefix="team", create_bucket=True)
    name = "server" if request.param == "minio" else "second_server"
    endpoint = cast(S3Endpoint, request.getfixturevalue(name))
    return storage_in(endpoint, f"test-{secrets.token_hex(6)}", prefix="team")


@pytest.fixture
def store(settings: StorageSettings) -> EvidenceStore:
    opened = open_store(settings)
    opened.ensure(create=True)
    return opened


def put(store: EvidenceStore, folder: Path, key: str, content: bytes) -> None:
    path = folder / "file"
    path.write_bytes(content)
    store.put_file(key, path, hashlib.sha256(content).hexdigest(), "application/octet-stream")


@pytest.mark.parametrize("content", [b"", b"one", IN_PARTS], ids=["empty", "small", "in parts"])
def test_what_was_stored_is_read_back_and_never_replaced(
    store: EvidenceStore, tmp_path: Path, content: bytes
) -> None:
    put(store, tmp_path, "runs/a.wav", content)
    put(store, tmp_path, "runs/a.wav", content)
    assert b"".join(store.blocks("runs/a.wav")) == content
    for other in (b"two", IN_PARTS[::-1]):
        with pytest.raises(StorageError, match="already holds something else"):
            put(store, tmp_path, "runs/a.wav", other)
    assert store.get_bytes("runs/a.wav") == content
    assert store.list_keys() == ["runs/a.wav"]


def test_a_run_is_sent_found_by_its_address_and_read(
    settings: StorageSettings, store: EvidenceStore, tmp_path: Path
) -> None:
    sent = RunFolder.open(CLEAN.write(tmp_path / "sender"))
    outcome = archive(sent, store)
    assert outcome.uri == store.uri(sent.prefix)
    folders = load_settings().folders.model_copy(update={"results": tmp_path / "empty"})
    elsewhere = load_settings().model_copy(update={"storage": settings, "folders": folders})
    for name in (outcome.uri, sent.run_id):
        with load_run(name, elsewhere) as run:
            assert run.info.run_id == sent.run_id
            assert len(run.recorded().received.samples)


def test_of_two_writers_at_once_one_wins(store: EvidenceStore, tmp_path: Path) -> None:
    def attempt(number: int) -> bool:
        folder = tmp_path / str(number)
        folder.mkdir()
        try:
            put(store, folder, "contended", b"%d" % number * 50_000)
        except StorageError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(attempt, range(6)))
    assert won.count(True) == 1
    assert store.get_bytes("contended") == b"%d" % won.index(True) * 50_000


@pytest.mark.parametrize("content", [b"one", IN_PARTS], ids=["small", "in parts"])
def test_a_file_that_is_not_what_its_checksum_says_is_refused(
    store: EvidenceStore, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(StorageError, match="SHA-256"):
        store.put_file("a", tmp_path / "file", hashlib.sha256(b"other").hexdigest(), "text/plain")
    assert store.list_keys() == []


def test_keys_and_folders_are_listed_and_removed(store: EvidenceStore, tmp_path: Path) -> None:
    keys = ["runs/2026-11-21/basic/x", "runs/2026-11-22/basic/x", "runs/2026-11-22/basic/y"]
    for key in keys:
        put(store, tmp_path, key, b"x")
    assert store.list_keys("runs/2026-11-22/") == keys[1:]
    assert store.list_folders("runs/") == ["2026-11-21", "2026-11-22"]
    assert store.list_folders("none/") == []
    store.delete([keys[2], keys[0]])
    assert store.list_keys() == [keys[1]]


def test_a_check_leaves_nothing(store: EvidenceStore) -> None:
    assert store.check() == StoreCheck(kept_key="", writes_once=True)
    assert store.list_keys() == []


def test_what_is_not_there_is_an_error(store: EvidenceStore) -> None:
    with pytest.raises(StorageError, match="not there"):
        store.get_bytes("none")


@pytest.mark.parametrize("key", ["../outside", "/etc/passwd", "a/../../b", "a\0b", ".hidden"])
def test_no_key_leads_out_of_a_folder(tmp_path: Path, key: str) -> None:
    store = FolderStore(tmp_path, "team")
    with pytest.raises(StorageError, match="cannot be"):
        store.get_bytes(key)
    with pytest.raises(StorageError, match="cannot be"):
        store.delete([key])
    with pytest.raises(StorageError, match="cannot be"):
        put(store, tmp_path, key, b"x")


def test_no_link_leads_out_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "runs").symlink_to(tmp_path)
    store = FolderStore(tmp_path / "store")
    (tmp_path / "secret").write_bytes(b"secret")
    with pytest.raises(StorageError, match="leads out of"):
        store.get_bytes("runs/secret")
    with pytest.raises(StorageError, match="leads out of"):
        put(store, tmp_path, "runs/new", b"x")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_is_missing_is_made_only_if_that_is_asked_for(tmp_path: Path) -> None:
    store = FolderStore(tmp_path / "disk")
    with pytest.raises(StorageError, match="there is no folder") as refused:
        store.ensure(create=False)
    assert "mount" in refused.value.remedy
    assert store.ensure(create=True)
    assert not store.ensure(create=False)
