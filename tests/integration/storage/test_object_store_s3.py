"""The object store against a real S3 server."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from pydantic import SecretStr

from eloquence_pipeline.errors import StorageError, StorageUnavailable
from eloquence_pipeline.servers import S3Endpoint
from eloquence_pipeline.storage import ObjectStore, s3_reading
from eloquence_pipeline.storage.store_check import StoreCheck
from tests.integration.storage.conftest import storage_in, store_in
from tests.integration.transport.servers import behind_tls, certificate_for

pytestmark = pytest.mark.integration


def put(store: ObjectStore, folder: Path, key: str, content: bytes) -> str:
    path = folder / hashlib.sha256(content).hexdigest()
    path.write_bytes(content)
    store.put_file(key, path, path.name, "application/octet-stream")
    return path.name


def test_object_is_stored_verified_and_read_back(store: ObjectStore, tmp_path: Path) -> None:
    content = os.urandom(100_000)
    sha256 = put(store, tmp_path, "runs/a.wav", content)
    assert store.get_bytes("runs/a.wav") == content
    assert store.stored_sha256("runs/a.wav") == sha256


def test_missing_file_is_a_storage_error(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        store.put_file("a", tmp_path / "none", "0" * 64, "text/plain")


def test_listing_goes_on_beyond_one_page(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [f"many/{number:02}" for number in range(25)]
    for key in [*keys, "other"]:
        put(store, tmp_path, key, b"x")
    asked: list[str] = []
    events: Any = store._client.meta.events  # pyright: ignore[reportPrivateUsage]

    def note(request: Any, **_: Any) -> None:
        asked.append(request.url)

    events.register("before-send.s3", note)
    monkeypatch.setattr(s3_reading, "_PAGE_KEYS", 10)
    assert store.list_keys("many/") == keys
    assert len(asked) == 3


def test_an_upload_that_fails_halfway_leaves_no_part_of_it(store: ObjectStore, tmp_path: Path) -> None:
    content = os.urandom(20 << 20)
    (tmp_path / "file").write_bytes(content)
    parts: list[object] = []
    client = store._client  # pyright: ignore[reportPrivateUsage]

    def note(model: object, **_: object) -> None:
        parts.append(model)

    client.meta.events.register("before-call.s3.UploadPart", note)

    def break_off() -> None:
        if parts:
            raise StorageUnavailable("nobody waits any more")

    with pytest.raises(StorageUnavailable, match="nobody waits"):
        store.put_file("a", tmp_path / "file", hashlib.sha256(content).hexdigest(), "text/plain", break_off)
    assert len(parts) == 1
    assert store.list_keys() == []
    begun = client.list_multipart_uploads(Bucket=store.bucket, Prefix="a")
    assert not begun.get("Uploads")


def test_a_server_that_knows_no_conditions_gets_none_and_nothing_is_replaced(
    store: ObjectStore, tmp_path: Path
) -> None:
    asked: list[bool] = []

    def refuse(model: Any, params: dict[str, Any], **_: Any) -> tuple[Any, dict[str, Any]] | None:
        asked.append("If-None-Match" in params["headers"])
        if not asked[-1]:
            return None
        refusal = {"Error": {"Code": "NotImplemented"}, "ResponseMetadata": {"HTTPStatusCode": 501}}
        return AWSResponse("", 501, HTTPHeaders(), None), refusal

    events: Any = store._client.meta.events  # pyright: ignore[reportPrivateUsage]
    for call in ("PutObject", "CompleteMultipartUpload"):
        events.register(f"before-call.s3.{call}", refuse)
    for content in (b"one", os.urandom(9 << 20)):
        put(store, tmp_path, str(len(content)), content)
        assert store.get_bytes(str(len(content))) == content
        with pytest.raises(StorageError, match="already holds something else"):
            put(store, tmp_path, str(len(content)), b"other")
    assert asked == [True, False, True, False]


def test_a_store_behind_tls_is_trusted_by_its_own_certificate(
    server: S3Endpoint, store: ObjectStore, tmp_path: Path
) -> None:
    certificate, key = certificate_for("127.0.0.1", tmp_path)
    with behind_tls(urlsplit(server.endpoint_url).port or 0, certificate, key) as port:
        settings = storage_in(server, store.bucket, endpoint_url=f"https://127.0.0.1:{port}")
        with pytest.raises(StorageError, match="certificate is not accepted") as refused:
            ObjectStore.from_settings(settings).check()
        assert "ELOQUENCE_STORAGE__CA_FILE" in refused.value.remedy
        trusting = settings.model_copy(update={"ca_file": certificate})
        assert ObjectStore.from_settings(trusting).check() == StoreCheck()


def test_prefix_of_the_store_stands_before_every_key(
    server: S3Endpoint, store: ObjectStore, tmp_path: Path
) -> None:
    inner = store_in(server, store.bucket, prefix="team/voice")
    put(inner, tmp_path, "runs/a", b"x")
    assert inner.list_keys("runs/") == ["runs/a"]
    assert inner.get_bytes("runs/a") == b"x"
    assert store.list_keys() == ["team/voice/runs/a"]


def test_link_opens_without_credentials_and_nothing_else_does(store: ObjectStore, tmp_path: Path) -> None:
    put(store, tmp_path, "a.txt", b"hello")
    link = store.presign("a.txt", 60)
    with urllib.request.urlopen(link, timeout=10) as answer:
        assert answer.read() == b"hello"
        assert answer.headers["Content-Type"] == "application/octet-stream"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(link.split("?")[0], timeout=10)
    refused.value.close()
    assert refused.value.code == 403


def test_check_passes_on_a_good_bucket_and_can_be_repeated(store: ObjectStore) -> None:
    assert store.check() == store.check() == StoreCheck()
    assert store.list_keys() == []


def test_check_of_a_bucket_that_a_run_would_create_leaves_no_bucket(
    server: S3Endpoint, store_at: Callable[[S3Endpoint], ObjectStore]
) -> None:
    store = store_at(server)
    assert store.check(create=True) == StoreCheck()
    with pytest.raises(StorageError, match="no bucket"):
        store.ensure(create=False)
    assert store.ensure(create=True)
    assert not store.ensure(create=True)


def test_ensuring_a_bucket_twice_is_fine(store: ObjectStore) -> None:
    store.ensure(create=True)
    store.ensure(create=False)


def test_missing_bucket_is_named_whatever_is_asked_of_it(
    server: S3Endpoint, store_at: Callable[[S3Endpoint], ObjectStore]
) -> None:
    store = store_at(server)
    actions: list[Callable[[], object]] = [
        lambda: store.ensure(create=False),
        store.check,
        store.list_keys,
        lambda: store.get_bytes("a"),
    ]
    for action in actions:
        with pytest.raises(StorageError, match=f"no bucket '{store.bucket}'") as caught:
            action()
        assert "ELOQUENCE_STORAGE__BUCKET" in caught.value.remedy


def test_missing_object_is_an_error(store: ObjectStore) -> None:
    with pytest.raises(StorageError, match="not there"):
        store.get_bytes("none")


@pytest.mark.parametrize("wrong", ["access_key", "secret_key"])
def test_wrong_credentials_are_said_to_be_wrong_and_not_shown(
    server: S3Endpoint, store: ObjectStore, wrong: str
) -> None:
    bad = SecretStr("wrong-wrong-wrong")
    stranger = store_in(server, store.bucket, **{wrong: bad})
    with pytest.raises(StorageError, match="does not accept the credentials") as caught:
        stranger.check()
    assert not caught.value.transient
    for secret in (server.access_key, server.secret_key, bad):
        assert secret.get_secret_value() not in f"{caught.value} {caught.value!r}"


def test_no_server_is_transient(store_at: Callable[[S3Endpoint], ObjectStore], server: S3Endpoint) -> None:
    nowhere = store_at(server.model_copy(update={"endpoint_url": "http://127.0.0.1:9"}))
    with pytest.raises(StorageUnavailable, match="does not answer"):
        nowhere.check()


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    server: S3Endpoint, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    store_in(server, store.bucket).check()
