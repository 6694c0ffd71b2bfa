"""Whether this machine has an interface on which the LiveKit client can gather candidates."""

from __future__ import annotations

import ipaddress
import socket

import psutil

from eloquence_pipeline.errors import ServerError

_ADDRESS_FAMILIES = (socket.AF_INET, socket.AF_INET6)


def require_media_interface() -> None:
    """Make sure that a LiveKit client can open a media path on this machine.

    The client (libwebrtc) ignores loopback interfaces and IPv6 link-local addresses when it gathers
    candidates, even when the server is on loopback; one other interface with an address is enough,
    and nothing leaves through it.

    Raises
    ------
    ServerError
        If there is no such interface.
    """
    if not media_interfaces():
        raise ServerError(
            "this machine has only a loopback interface, and the LiveKit client needs one other "
            "to open a media path, even to a server on the same machine",
            remedy="bring up a network interface with an address (in a container: not --network none); "
            "nothing is sent over it",
        )


def media_interfaces() -> list[str]:
    """Return the names of the interfaces that the LiveKit client would use."""
    states = psutil.net_if_stats()
    return [
        name
        for name, addresses in psutil.net_if_addrs().items()
        if name in states
        and states[name].isup
        and any(one.family in _ADDRESS_FAMILIES and _is_usable(one.address) for one in addresses)
    ]


def _is_usable(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    return not (parsed.is_loopback or parsed.is_unspecified or (parsed.version == 6 and parsed.is_link_local))  # noqa: PLR2004
