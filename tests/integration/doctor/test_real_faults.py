"""The doctor in front of real faults: closed ports, strangers, wrong keys, wrong buckets."""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Generator
from pathlib import Path

import pytest
from pydantic import SecretStr

from eloquence_pipeline.reporting.checks import Check, CheckStatus
from eloquence_pipeline.servers import Endpoints, LiveKitEndpoint, S3Endpoint, embedded_servers, interfaces
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage import ObjectStore
from flows.doctor import web
from flows.doctor.guard import guarded
from flows.doctor.prefect_api import prefect_api
from flows.doctor.store import store
from flows.doctor.voice_path import INTERFACE, KEYS, MEDIA, REACHABLE, voice_path
from tests.integration.doctor.conftest import HttpServer
from tests.integration.servers.owner import settings_in

pytestmark = pytest.mark.integration

OK, FAILED, NOT_CHECKED = CheckStatus.OK, CheckStatus.FAILED, CheckStatus.NOT_CHECKED


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Generator[Endpoints]:
    folder = tmp_path_factory.mktemp("servers")
    with embedded_servers(settings_in(folder), livekit=True, s3=True, prefect=False) as endpoints:
        yield endpoints


@pytest.fixture(scope="module")
def livekit(servers: Endpoints) -> LiveKitEndpoint:
    assert servers.livekit is not None
    return servers.livekit


@pytest.fixture(scope="module")
def s3(servers: Endpoints) -> S3Endpoint:
    assert servers.s3 is not None
    return servers.s3


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings_for(folder: Path, url: str, key: str = "devkey", secret: SecretStr | str = "s" * 32) -> Settings:
    value = secret if isinstance(secret, str) else secret.get_secret_value()
    target = {"livekit_url": url, "api_key": key, "api_secret": value}
    return Settings.model_validate(settings_in(folder).model_dump() | target)


def look(settings: Settings, folder: Path) -> dict[str, Check]:
    return {check.name: check for check in voice_path(settings, folder)}


def reachable(url: str, folder: Path) -> Check:
    """Look at a server that is none, and see that nothing further is looked at."""
    found = look(settings_for(folder, url), folder)
    assert [found[name].status for name in (KEYS, MEDIA)] == [NOT_CHECKED] * 2
    assert found[REACHABLE].status is FAILED
    assert found[REACHABLE].remedy
    return found[REACHABLE]


def test_voice_gets_through_a_good_server(livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    settings = settings_for(tmp_path, livekit.url, livekit.api_key, livekit.api_secret)
    found = look(settings, tmp_path)
    assert {check.status for check in found.values()} == {OK}, found
    assert found[MEDIA].detail.endswith(" ms aller simple")
    assert 20 < float(found[MEDIA].detail.split()[0]) < 500


def test_a_wrong_secret_is_said_before_any_media_and_never_shown(
    livekit: LiveKitEndpoint, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    found = look(settings_for(tmp_path, livekit.url, livekit.api_key, "wrong-secret" * 3), tmp_path)
    assert [found[name].status for name in (REACHABLE, KEYS, MEDIA)] == [OK, FAILED, NOT_CHECKED]
    assert "LIVEKIT_API_SECRET" in found[KEYS].remedy
    shown = f"{found} {capfd.readouterr()}"
    assert "wrong-secret" not in shown
    assert "eyJ" not in shown


def test_without_an_interface_the_keys_are_looked_at_and_the_media_are_not(
    livekit: LiveKitEndpoint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interfaces.psutil, "net_if_addrs", dict)
    settings = settings_for(tmp_path, livekit.url, livekit.api_key, livekit.api_secret)
    statuses = {name: check.status for name, check in look(settings, tmp_path).items()}
    assert statuses == {INTERFACE: FAILED, REACHABLE: OK, KEYS: OK, MEDIA: NOT_CHECKED}


def test_an_embedded_server_is_started_and_stopped(tmp_path: Path) -> None:
    found = look(settings_in(tmp_path), tmp_path / "doctor")
    assert found[KEYS].status is OK, found
    assert "(embarqué)" in found[REACHABLE].detail
    assert not (tmp_path / "state").exists()
    assert not (tmp_path / "data").exists()


def test_a_closed_port_is_named(closed_port: int, tmp_path: Path) -> None:
    check = reachable(f"ws://127.0.0.1:{closed_port}", tmp_path)
    assert f"nothing listens at 127.0.0.1:{closed_port}" in check.detail


def test_a_name_that_nobody_has_is_named(tmp_path: Path) -> None:
    assert "livekit.invalid cannot be resolved" in reachable("ws://livekit.invalid:7880", tmp_path).detail


def test_a_server_that_is_no_livekit_is_said_to_be_none(http_server: HttpServer, tmp_path: Path) -> None:
    assert "is not a LiveKit server (HTTP 404)" in reachable(f"ws://{http_server({})}", tmp_path).detail


def test_a_proxy_with_nothing_behind_it_is_said(http_server: HttpServer, tmp_path: Path) -> None:
    place = http_server({"/rtc/validate": (502, "bad gateway")})
    assert "answers HTTP 502" in reachable(f"ws://{place}", tmp_path).detail


def test_no_tls_where_tls_is_expected_is_said(livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    assert "does not speak TLS" in reachable(livekit.url.replace("ws://", "wss://"), tmp_path).detail


def test_a_certificate_that_nobody_vouches_for_is_said(self_signed: int, tmp_path: Path) -> None:
    assert "TLS certificate" in reachable(f"wss://localhost:{self_signed}", tmp_path).detail


def test_what_speaks_no_http_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_greet, args=(listener,), daemon=True).start()
        place = f"127.0.0.1:{listener.getsockname()[1]}"
        assert f"what listens at {place} does not speak HTTP" in reachable(f"ws://{place}", tmp_path).detail


def _greet(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(4096)
        connection.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")


def test_what_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(web, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ws://127.0.0.1:{silent.getsockname()[1]}"
        assert "does not answer within" in reachable(url, tmp_path).detail


def store_settings(folder: Path, s3: S3Endpoint, **changes: object) -> Settings:
    storage = {
        "endpoint_url": s3.endpoint_url,
        "access_key": s3.access_key.get_secret_value(),
        "secret_key": s3.secret_key.get_secret_value(),
        "region": s3.region,
        "bucket": f"test-{secrets.token_hex(6)}",
        "prefix": "team",
    }
    return Settings.model_validate(settings_in(folder).model_dump() | {"storage": storage | changes})


def look_at_store(settings: Settings, folder: Path) -> Check:
    return guarded(("S3", lambda: store("S3", settings, folder)))


def test_a_good_bucket_is_written_read_and_left_as_it_was(s3: S3Endpoint, tmp_path: Path) -> None:
    settings = store_settings(tmp_path, s3)
    bucket = ObjectStore.from_settings(settings.storage)
    bucket.ensure(create=True)
    assert look_at_store(settings, tmp_path).status is OK
    assert bucket.list_keys() == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "there is no bucket"),
        ({"secret_key": "wrong-secret-of-the-store"}, "does not accept the credentials"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "does not answer"),
        ({"bucket": "My_Bucket"}, "cannot be a bucket"),
    ],
)
def test_each_fault_of_a_store_has_its_own_words(
    s3: S3Endpoint, tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    check = look_at_store(store_settings(tmp_path, s3, **changes), tmp_path)
    assert (check.status, words in check.detail) == (FAILED, True), check
    assert check.remedy
    assert "wrong-secret" not in str(check)


def test_a_bucket_that_a_run_would_create_is_tried_and_not_kept(s3: S3Endpoint, tmp_path: Path) -> None:
    settings = store_settings(tmp_path, s3, create_bucket=True)
    assert look_at_store(settings, tmp_path).status is OK
    assert "no bucket" in look_at_store(store_settings(tmp_path, s3), tmp_path).detail


def test_an_embedded_store_is_started_and_leaves_nothing(tmp_path: Path) -> None:
    check = look_at_store(settings_in(tmp_path), tmp_path / "doctor")
    assert (check.status, "(embarqué)" in check.detail) == (OK, True), check
    assert not (tmp_path / "data").exists()


def prefect_at(monkeypatch: pytest.MonkeyPatch, url: str, login: str = "") -> Check:
    monkeypatch.setenv("PREFECT_API_URL", url)
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", login)
    monkeypatch.delenv("PREFECT_API_KEY", raising=False)
    return guarded(("API Prefect", lambda: prefect_api("API Prefect")))


HEALTHY: dict[str, tuple[int, str]] = {"/api/health": (200, "true"), "/api/admin/version": (200, '"3.8.8"')}


def test_a_prefect_api_is_asked_for_health_and_version(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = prefect_at(monkeypatch, f"http://{http_server(HEALTHY)}/api")
    assert (check.status, "version 3.8.8" in check.detail) == (OK, True), check


def test_a_prefect_api_that_wants_a_login_gets_it(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = http_server(HEALTHY | {"Authorization": (401, "Basic YWRtaW46cGFzcw==")})
    assert prefect_at(monkeypatch, f"http://{place}/api", "admin:pass").status is OK
    refused = prefect_at(monkeypatch, f"http://{place}/api", "admin:wrong")
    assert (refused.status, "PREFECT_API_AUTH_STRING" in refused.remedy) == (FAILED, True)


@pytest.mark.parametrize("path", ["", "/apple"])
def test_an_address_that_is_not_the_api_is_said(
    http_server: HttpServer, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    check = prefect_at(monkeypatch, f"http://{http_server(HEALTHY)}{path}")
    assert "is not the API of Prefect" in check.detail


def test_a_prefect_api_that_is_away_is_red(closed_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    check = prefect_at(monkeypatch, f"http://127.0.0.1:{closed_port}/api")
    assert (check.status, "PREFECT_API_URL" in check.remedy) == (FAILED, True)
    assert prefect_at(monkeypatch, "no url").status is FAILED


def test_without_an_api_of_the_users_own_one_is_started_for_each_test(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    assert prefect_at(monkeypatch, "").status is OK
