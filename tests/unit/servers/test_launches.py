from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers.binaries import Binary
from eloquence_pipeline.servers.livekit_server import livekit_config, livekit_launch
from eloquence_pipeline.servers.minio_server import minio_launch
from eloquence_pipeline.servers.ports import LOOPBACK, tcp_port
from eloquence_pipeline.servers.prefect_server import prefect_launch
from eloquence_pipeline.settings import ServerSettings, Settings

pytestmark = pytest.mark.unit

LIVEKIT = Binary(program="livekit-server", path=Path("/bin/livekit-server"), version="1.13.5", source="path")
MINIO = Binary(program="minio", path=Path("/bin/minio"), version="x", source="path")


def test_livekit_is_configured_for_loopback_only() -> None:
    assert livekit_config(port=7, udp_port=8, metrics_port=9, keys={"k": "s"}) == {
        "port": 7,
        "bind_addresses": ["127.0.0.1"],
        "keys": {"k": "s"},
        "logging": {"level": "info"},
        "prometheus": {"port": 9},
        "rtc": {
            "udp_port": 8,
            "tcp_port": 0,
            "node_ip": "127.0.0.1",
            "use_external_ip": False,
            "use_ice_lite": True,
            "enable_loopback_candidate": True,
            "ips": {"includes": ["127.0.0.1/32"]},
            "stun_servers": ["127.0.0.1:9"],
            "forward_stats": {"summary_interval": "1s", "report_interval": "5s", "report_window": "10s"},
        },
    }


def test_secrets_are_fresh_long_and_not_in_the_command_line(settings: Settings) -> None:
    launches = [livekit_launch(settings, LIVEKIT) for _ in range(2)]
    launches += [minio_launch(settings, MINIO) for _ in range(2)]
    secrets = [secret for launch in launches for secret in launch.secrets]
    assert len(set(secrets)) == len(secrets)
    assert len(launches[0].endpoint["api_secret"]) >= 32
    assert not any(secret in " ".join(launch.argv) for launch in launches for secret in secrets)


def test_servers_of_the_users_own_do_not_reach_the_embedded_ones(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "LIVEKIT_URL", "MINIO_SERVER_URL", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://203.0.113.1")
    for launch in (
        livekit_launch(settings, LIVEKIT),
        minio_launch(settings, MINIO),
        prefect_launch(settings),
    ):
        assert "http://203.0.113.1" not in launch.env.values()


def test_data_folders_are_for_the_user_only(settings: Settings) -> None:
    for launch in (minio_launch(settings, MINIO), prefect_launch(settings)):
        assert launch.data_folder is not None
        assert launch.data_folder.stat().st_mode & 0o777 == 0o700


def test_the_keeper_is_told_everything_it_needs(settings: Settings, tmp_path: Path) -> None:
    launch = minio_launch(settings, MINIO)
    told = json.loads(launch.message(lock_file=tmp_path / "lock", lock_file_is_ours=False))
    assert told["state"]["endpoint"]["access_key"] == launch.endpoint["access_key"]
    assert told["data_folder"] == str(settings.folders.data / "minio")


def test_a_taken_port_is_named_with_its_holder_and_the_setting(settings: Settings) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        fixed = settings.model_copy(update={"servers": ServerSettings.model_validate({"minio_port": port})})
        with pytest.raises(ServerError, match=rf"port {port} is taken by \S+ \(pid \d+\)") as caught:
            minio_launch(fixed, MINIO)
    assert "ELOQUENCE_SERVERS__MINIO_PORT" in caught.value.remedy


def test_a_fixed_port_that_is_free_is_taken_as_it_is() -> None:
    port = tcp_port(0, setting="")
    assert tcp_port(port, setting="") == port
