"""What stands in the clear in a captured packet: IPv4, UDP, and of SRTP the header of RTP."""

from __future__ import annotations

import struct
from enum import StrEnum
from typing import NamedTuple

Address = tuple[str, int]

_UDP = 17
_IPV4_HEADER_BYTES = 20
_UDP_HEADER_BYTES = 8
_RTP_HEADER = struct.Struct("!BBHII")
_RTP_VERSION = 2
_RTCP_PAYLOAD_TYPES = range(64, 96)
"""Of the second byte without its first bit: what RTP leaves free where both share a port (RFC 5761, 4)."""
_FRAGMENT_BITS = 0x3FFF
_PADDING_BIT = 0x20


class Kind(StrEnum):
    """What a datagram of a call carries."""

    RTP = "rtp"
    RTCP = "rtcp"
    OTHER = "other"
    """STUN and DTLS (RFC 7983), and what is no part of a call."""


class Packet(NamedTuple):
    """One UDP datagram.

    Attributes
    ----------
    at_ns
        When the kernel took it, on the wall clock.
    source, target
        Addresses.
    size
        In bytes, the headers of IP and UDP included.
    kind
        What it carries.
    ssrc, number, timestamp, payload_type, is_padded
        Of RTP (RFC 3550, 5.1), zero otherwise. A retransmission in a stream of its own (RFC 4588) has its own
        SSRC; redundant audio (RFC 2198) is the payload and needs no key to be counted.
    """

    at_ns: int
    source: Address
    target: Address
    size: int
    kind: Kind
    ssrc: int = 0
    number: int = 0
    timestamp: int = 0
    payload_type: int = 0
    is_padded: bool = False


def parse(at_ns: int, datagram: bytes) -> Packet | None:
    """Read an IPv4 datagram, of which the end may have been cut off; None if it is no whole UDP packet.

    Whatever the bytes are, this does not raise.
    """
    if len(datagram) < _IPV4_HEADER_BYTES or datagram[0] >> 4 != 4:  # noqa: PLR2004 - IPv4
        return None
    header_bytes = (datagram[0] & 0x0F) * 4
    is_fragment = int.from_bytes(datagram[6:8], "big") & _FRAGMENT_BITS
    begins = header_bytes + _UDP_HEADER_BYTES
    if datagram[9] != _UDP or is_fragment or header_bytes < _IPV4_HEADER_BYTES or len(datagram) < begins:
        return None
    source_port, target_port, length = struct.unpack_from("!HHH", datagram, header_bytes)
    source = (_dotted(datagram[12:16]), source_port)
    target = (_dotted(datagram[16:20]), target_port)
    payload = datagram[begins : header_bytes + length]
    return _of_payload(at_ns, source, target, header_bytes + length, payload)


def _of_payload(at_ns: int, source: Address, target: Address, size: int, payload: bytes) -> Packet:
    if len(payload) < 2 or payload[0] >> 6 != _RTP_VERSION:  # noqa: PLR2004 - the bytes that tell
        return Packet(at_ns, source, target, size, Kind.OTHER)
    payload_type = payload[1] & 0x7F
    if payload_type in _RTCP_PAYLOAD_TYPES:
        return Packet(at_ns, source, target, size, Kind.RTCP)
    if len(payload) < _RTP_HEADER.size:
        return Packet(at_ns, source, target, size, Kind.OTHER)
    first, _, number, timestamp, ssrc = _RTP_HEADER.unpack_from(payload)
    is_padded = bool(first & _PADDING_BIT)
    return Packet(at_ns, source, target, size, Kind.RTP, ssrc, number, timestamp, payload_type, is_padded)


def _dotted(address: bytes) -> str:
    return ".".join(map(str, address))
