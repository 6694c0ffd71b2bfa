from __future__ import annotations

import socket
from types import SimpleNamespace

import psutil
import pytest

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers import require_media_interface

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("address", "is_up", "is_enough"),
    [
        ("10.0.0.1", True, True),
        ("10.0.0.1", False, False),
        ("127.0.0.2", True, False),
        ("fe80::1%eth0", True, False),
        ("2001:db8::1", True, True),
    ],
)
def test_an_interface_counts_when_libwebrtc_would_use_it(
    address: str, is_up: bool, is_enough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    addresses = {
        "lo": [SimpleNamespace(family=socket.AF_INET, address="127.0.0.1")],
        "eth0": [
            SimpleNamespace(family=psutil.AF_LINK, address="00:00:00:00:00:00"),
            SimpleNamespace(family=family, address=address),
        ],
    }
    states = {"lo": SimpleNamespace(isup=True), "eth0": SimpleNamespace(isup=is_up)}
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: addresses)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: states)
    if is_enough:
        require_media_interface()
    else:
        with pytest.raises(ServerError, match="only a loopback interface") as caught:
            require_media_interface()
        assert caught.value.remedy
