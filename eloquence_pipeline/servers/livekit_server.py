"""The embedded LiveKit server: bound to loopback, silent towards the outside."""

from __future__ import annotations

import json
import secrets
from typing import Any

from eloquence_pipeline.servers.binaries import Binary
from eloquence_pipeline.servers.launch import Launch, server_environment
from eloquence_pipeline.servers.ports import LOOPBACK, free_udp_port, tcp_port
from eloquence_pipeline.settings import Settings

READY_SECONDS = 15.0
GRACE_SECONDS = 5.0

# The discard port: nobody answers there, no system hands it out, and it is never the server's own.
UNUSED_PORT = 9


def livekit_launch(settings: Settings, binary: Binary) -> Launch:
    """Choose ports and credentials for a new LiveKit server.

    Raises
    ------
    ServerError
        If the port of the settings is taken.
    """
    port = tcp_port(settings.servers.livekit_port, setting="ELOQUENCE_SERVERS__LIVEKIT_PORT")
    # Outside --dev the server refuses secrets of less than 32 characters.
    key, secret = f"API{secrets.token_hex(6)}", secrets.token_urlsafe(36)
    metrics_port = tcp_port(0, setting="")
    config = livekit_config(
        port=port, udp_port=free_udp_port(), metrics_port=metrics_port, keys={key: secret}
    )
    url = f"ws://{LOOPBACK}:{port}"
    return Launch(
        service="livekit",
        argv=[str(binary.path)],
        env=server_environment({"LIVEKIT_CONFIG": json.dumps(config)}),
        port=port,
        health_paths=["/"],
        ready_seconds=READY_SECONDS,
        grace_seconds=GRACE_SECONDS,
        secrets=[secret],
        url=url,
        version=binary.version,
        endpoint={
            "url": url,
            "api_key": key,
            "api_secret": secret,
            "version": binary.version,
            "metrics_url": f"http://{LOOPBACK}:{metrics_port}/metrics",
        },
    )


def livekit_config(*, port: int, udp_port: int, metrics_port: int, keys: dict[str, str]) -> dict[str, Any]:
    """Return the server's configuration; as JSON it is also the YAML that the server reads."""
    return {
        "port": port,
        "bind_addresses": [LOOPBACK],
        "keys": keys,
        "logging": {"level": "info"},
        # How it fares under load; it listens where bind_addresses say.
        "prometheus": {"port": metrics_port},
        "rtc": {
            "udp_port": udp_port,
            # bind_addresses covers signalling only: the TCP port for media would listen everywhere.
            "tcp_port": 0,
            "node_ip": LOOPBACK,
            "use_external_ip": False,
            "use_ice_lite": True,
            "enable_loopback_candidate": True,
            "ips": {"includes": [f"{LOOPBACK}/32"]},
            # Without an entry the server hands public STUN servers to its clients, which then ask them.
            "stun_servers": [f"{LOOPBACK}:{UNUSED_PORT}"],
            # How long it keeps each packet is measured only when all three are said.
            "forward_stats": {"summary_interval": "1s", "report_interval": "5s", "report_window": "10s"},
        },
    }
