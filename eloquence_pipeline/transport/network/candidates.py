"""ICE candidates in session descriptions: which addresses a server offers, and others in their place.

A candidate is one line (RFC 8839, 5.1)::

    candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE [raddr ADDRESS rport PORT] ...
"""

from __future__ import annotations

import json
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Literal, NamedTuple, cast

_PREFIX = "candidate:"
_ATTRIBUTE = "a=candidate:"
_FIXED_FIELDS = 8
_TRANSPORT, _HOST, _PORT = 2, 4, 5
_HIGHEST_PORT = 65_535
_PASSIVE = "passive"
_OF_THE_OTHER_WAY = {"raddr", "rport", "tcptype"}


class ServerAddress(NamedTuple):
    """Where a server takes media."""

    transport: Literal["udp", "tcp"]
    host: str
    port: int


Relayed = Callable[[ServerAddress], tuple[str, int]]
"""Gives the address at which the relay takes what is for a server's address."""


def relayed_candidate(candidate: str, relayed: Relayed) -> str:
    """Return a server's candidate with the relay's address in the place of its own; always one of UDP.

    Returns
    -------
    str
        Empty if nobody could use it: a host name, or TCP that the server would have to open.
    """
    fields = candidate.removeprefix(_PREFIX).split()
    address = _address(fields)
    if address is None:
        return ""
    host, port = relayed(address)
    fields[_TRANSPORT], fields[_HOST], fields[_PORT] = "udp", host, str(port)
    extensions = zip(fields[_FIXED_FIELDS::2], fields[_FIXED_FIELDS + 1 :: 2], strict=False)
    kept = [f"{name} {value}" for name, value in extensions if name not in _OF_THE_OTHER_WAY]
    return _PREFIX + " ".join([*fields[:_FIXED_FIELDS], *kept])


def _address(fields: list[str]) -> ServerAddress | None:
    if len(fields) < _FIXED_FIELDS or not fields[_PORT].isdecimal():
        return None
    transport, host, port = fields[_TRANSPORT].lower(), fields[_HOST], int(fields[_PORT])
    try:
        ip_address(host)
    except ValueError:
        return None
    if not 0 < port <= _HIGHEST_PORT:
        return None
    if transport == "udp":
        return ServerAddress("udp", host, port)
    return ServerAddress("tcp", host, port) if transport == "tcp" and _PASSIVE in fields else None


def relayed_description(sdp: str, relayed: Relayed) -> str:
    """Return a server's session description with the relay's addresses in the place of its own."""
    lines: list[str] = []
    for line in sdp.splitlines(keepends=True):
        if not line.startswith(_ATTRIBUTE):
            lines.append(line)
            continue
        text = line.rstrip("\r\n")
        if candidate := relayed_candidate(text.removeprefix("a="), relayed):
            lines.append(f"a={candidate}{line[len(text) :]}")
    return "".join(lines)


def without_candidates(sdp: str) -> str:
    """Return a participant's session description without its own addresses.

    A server that knew them would send media there, around the relay; so it learns the relay's, from the
    packets that come.
    """
    return "".join(line for line in sdp.splitlines(keepends=True) if not line.startswith(_ATTRIBUTE))


def relayed_trickle(candidate_init: str, relayed: Relayed) -> str:
    """Return a server's trickled candidate (an RTCIceCandidateInit as JSON) with the relay's address.

    Raises
    ------
    ValueError
        If it is no such object.
    """
    init = _parsed(candidate_init)
    if candidate := str(init.get("candidate") or ""):
        init["candidate"] = relayed_candidate(candidate, relayed)
    return json.dumps(init)


def names_candidate(candidate_init: str) -> bool:
    """Whether a trickled candidate names an address; the last one of a peer may name none.

    Raises
    ------
    ValueError
        If it is no such object.
    """
    return bool(candidate_init and _parsed(candidate_init).get("candidate"))


def _parsed(candidate_init: str) -> dict[str, Any]:
    parsed = json.loads(candidate_init)
    if not isinstance(parsed, dict):
        raise TypeError(f"a candidate is an object, not {type(parsed).__name__}")
    return cast(dict[str, Any], parsed)
