from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import psutil
import pytest
from types_boto3_s3 import S3Client

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers import S3Endpoint, embedded_servers, status
from eloquence_pipeline.servers import livekit_server as livekit_module
from eloquence_pipeline.settings import ServerSettings, Settings
from tests.integration.servers.conftest import processes_in
from tests.polling import await_true

pytestmark = pytest.mark.integration

LeftOver = Callable[[], list[str]]


def test_livekit_answers_when_ready_and_leaves_nothing(settings: Settings, left_over: LeftOver) -> None:
    with embedded_servers(settings, livekit=True, s3=False, prefect=False) as endpoints:
        assert endpoints.livekit is not None
        assert endpoints.s3 is None
        assert endpoints.livekit.embedded
        assert endpoints.livekit.version
        port = urlsplit(endpoints.livekit.url).port
        assert port
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/") as answer:
            assert answer.read() == b"OK"
    assert left_over() == []
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_an_exception_stops_the_servers(settings: Settings, left_over: LeftOver) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        embedded_servers(settings, livekit=True, s3=True, prefect=False),
    ):
        _ = 1 / 0
    assert left_over() == []


def test_minio_keeps_its_data_under_new_credentials(settings: Settings) -> None:
    with embedded_servers(settings, livekit=False, s3=True, prefect=False) as endpoints:
        assert endpoints.s3 is not None
        first = endpoints.s3
        client = _client(first)
        client.create_bucket(Bucket="evidence")
        client.put_object(Bucket="evidence", Key="a/b", Body=b"kept", Metadata={"sha256": "x"})
    with embedded_servers(settings, livekit=False, s3=True, prefect=False) as endpoints:
        assert endpoints.s3 is not None
        assert endpoints.s3.secret_key != first.secret_key
        read = _client(endpoints.s3).get_object(Bucket="evidence", Key="a/b")
        assert read["Body"].read() == b"kept"
        assert read["Metadata"] == {"sha256": "x"}


def test_prefect_serves_api_and_ui_and_keeps_its_database(settings: Settings, left_over: LeftOver) -> None:
    for _start in range(2):
        with embedded_servers(settings, livekit=False, s3=False, prefect=True) as endpoints:
            assert endpoints.prefect is not None
            assert _get(f"{endpoints.prefect.api_url}/health") == b"true"
            assert b"<html" in _get(endpoints.prefect.ui_url)
            told = _get(f"{endpoints.prefect.ui_url}/ui-settings").decode()
            assert endpoints.prefect.api_url in told
            assert (settings.folders.data / "prefect" / "prefect.db").exists()
            assert _public_listeners(settings) == []
        assert left_over() == []


def test_concurrent_runs_share_minio_but_not_livekit(settings: Settings, left_over: LeftOver) -> None:
    with embedded_servers(settings, livekit=True, s3=True, prefect=False) as first:
        with embedded_servers(settings, livekit=True, s3=True, prefect=False) as second:
            assert first.s3 is not None
            assert second.s3 == first.s3
            assert first.livekit is not None
            assert second.livekit is not None
            assert second.livekit.url != first.livekit.url
            assert second.livekit.api_secret != first.livekit.api_secret
            minio = next(one for one in status(settings) if one.name == "minio")
            assert minio.users == 2
        _client(first.s3).list_buckets()
    assert left_over() == []


def test_nothing_listens_outside_loopback(settings: Settings) -> None:
    with embedded_servers(settings, livekit=True, s3=True, prefect=False):
        assert _listeners(settings)
        assert _public_listeners(settings) == []


def test_secrets_are_in_no_command_line_and_no_open_file(settings: Settings) -> None:
    with embedded_servers(settings, livekit=True, s3=True, prefect=False) as endpoints:
        assert endpoints.livekit is not None
        assert endpoints.s3 is not None
        secrets = [endpoints.livekit.api_secret, endpoints.s3.access_key, endpoints.s3.secret_key]
        lines = [" ".join(one.cmdline()) for one in processes_in(settings.folders.state.parent)]
        assert not any(one.get_secret_value() in line for one in secrets for line in lines)
        for path in settings.folders.state.rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, f"{path} can be read by others"


def test_a_taken_port_is_one_clear_error(settings: Settings, left_over: LeftOver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        fixed = _with_servers(settings, {"livekit_port": port})
        with (
            pytest.raises(ServerError, match=f"port {port} is taken by"),
            embedded_servers(fixed, livekit=True, s3=True, prefect=False),
        ):
            pytest.fail("started on a taken port")
    assert left_over() == []


def test_a_fixed_port_is_used(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    fixed = _with_servers(settings, {"livekit_port": port})
    with embedded_servers(fixed, livekit=True, s3=False, prefect=False) as endpoints:
        assert endpoints.livekit is not None
        assert endpoints.livekit.url == f"ws://127.0.0.1:{port}"


def test_a_port_lost_to_another_process_is_retried(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        choose = livekit_module.tcp_port

        def lose_the_race(fixed: int, *, setting: str) -> int:
            return next(ports, None) or choose(fixed, setting=setting)

        monkeypatch.setattr(livekit_module, "tcp_port", lose_the_race)
        with embedded_servers(settings, livekit=True, s3=False, prefect=False) as endpoints:
            assert endpoints.livekit is not None
            assert urlsplit(endpoints.livekit.url).port != taken.getsockname()[1]


def test_a_server_that_ends_at_once_is_reported_with_its_last_words(
    settings: Settings, tmp_path: Path, left_over: LeftOver
) -> None:
    broken = tmp_path / "broken"
    broken.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exit\necho "config $LIVEKIT_CONFIG"\necho no luck\nexit 3\n'
    )
    broken.chmod(0o755)
    wrong = _with_servers(settings, {"livekit_binary": broken})
    with (
        pytest.raises(ServerError, match=r"livekit .* ended by itself with exit code 3.*no luck") as caught,
        embedded_servers(wrong, livekit=True, s3=True, prefect=False),
    ):
        pytest.fail("started a broken server")
    log = settings.folders.state / "logs" / "livekit-failed.log"
    assert str(log) in caught.value.remedy
    assert "no luck" in log.read_text()
    assert '": "***"' in caught.value.message, "the secret of the configuration is not redacted"
    assert left_over() == []
    # Its keeper is not one of ours any more: a worker that goes on for months would collect them.
    assert not [one.pid for one in psutil.Process().children() if one.status() == psutil.STATUS_ZOMBIE]


def test_a_server_that_never_gets_ready_is_stopped(
    settings: Settings, tmp_path: Path, left_over: LeftOver, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute = tmp_path / "mute"
    mute.write_text('#!/bin/sh\n[ "$1" = --version ] && exit\nexec tail -f /dev/null\n')
    mute.chmod(0o755)
    monkeypatch.setattr(livekit_module, "READY_SECONDS", 0.5)
    with (
        pytest.raises(ServerError, match=r"was not ready within 0\.5 s"),
        embedded_servers(
            _with_servers(settings, {"livekit_binary": mute}), livekit=True, s3=False, prefect=False
        ),
    ):
        pytest.fail("started a mute server")
    assert left_over() == []


def test_a_server_that_dies_during_a_run_leaves_nothing(settings: Settings, left_over: LeftOver) -> None:
    with embedded_servers(settings, livekit=True, s3=False, prefect=False):
        server = next(one for one in status(settings) if one.name.startswith("livekit-"))
        assert server.pid
        psutil.Process(server.pid).kill()
        await_true(
            lambda: not any(one.running for one in status(settings)), "the death of the server is noticed"
        )
    assert left_over() == []


def _client(endpoint: S3Endpoint) -> S3Client:
    return boto3.client(  # pyright: ignore[reportUnknownMemberType]
        "s3",
        endpoint_url=endpoint.endpoint_url,
        region_name=endpoint.region,
        aws_access_key_id=endpoint.access_key.get_secret_value(),
        aws_secret_access_key=endpoint.secret_key.get_secret_value(),
    )


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        content: bytes = answer.read()
        return content


def _with_servers(settings: Settings, servers: dict[str, object]) -> Settings:
    return settings.model_copy(update={"servers": ServerSettings.model_validate(servers)})


def _listeners(settings: Settings) -> list[str]:
    sockets = [
        one for process in processes_in(settings.folders.state.parent) for one in process.net_connections()
    ]
    return [one.laddr.ip for one in sockets if one.laddr and not one.raddr]


def _public_listeners(settings: Settings) -> list[str]:
    return [address for address in _listeners(settings) if address not in ("127.0.0.1", "::1")]
