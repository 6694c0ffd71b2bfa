"""Telling packets apart by their first bytes; whatever the bytes are, nothing here raises."""

from __future__ import annotations

from enum import StrEnum

_RTP_FIRST_BYTES = range(128, 192)
_STUN_FIRST_BYTES = range(4)
_RTCP_TYPES = range(192, 224)
_RTP_HEADER_BYTES = 12

_STUN_HEADER_BYTES = 20
_STUN_COOKIE = b"\x21\x12\xa4\x42"
_BINDING_REQUEST = 0x0001
_USERNAME = 0x0006
_ATTRIBUTE_HEADER_BYTES = 4


class PacketKind(StrEnum):
    """What share one UDP port (RFC 7983, RFC 5761)."""

    RTP = "rtp"
    RTCP = "rtcp"
    STUN = "stun"
    OTHER = "other"
    """DTLS, mostly."""


def kind_of(packet: bytes) -> PacketKind:
    """Return what kind of packet this is, by its first two bytes."""
    if not packet:
        return PacketKind.OTHER
    if packet[0] in _STUN_FIRST_BYTES:
        return PacketKind.STUN
    if packet[0] not in _RTP_FIRST_BYTES or len(packet) < _ATTRIBUTE_HEADER_BYTES:
        return PacketKind.OTHER
    if packet[1] in _RTCP_TYPES:
        return PacketKind.RTCP
    return PacketKind.RTP if len(packet) >= _RTP_HEADER_BYTES else PacketKind.OTHER


def rtp_ssrc(packet: bytes) -> int:
    """Return the synchronisation source of an RTP packet (RFC 3550, 5.1)."""
    return int.from_bytes(packet[8:12], "big")


def requesting_ufrag(packet: bytes) -> str:
    """Return who asks for connectivity with this STUN request; empty when it is none.

    The user name of a binding request is the receiver's ICE user name fragment, a colon, and the
    sender's (RFC 8445, 7.2.2).
    """
    if len(packet) < _STUN_HEADER_BYTES or packet[4:8] != _STUN_COOKIE:
        return ""
    if int.from_bytes(packet[:2], "big") != _BINDING_REQUEST:
        return ""
    end = min(len(packet), _STUN_HEADER_BYTES + int.from_bytes(packet[2:4], "big"))
    place = _STUN_HEADER_BYTES
    while place + _ATTRIBUTE_HEADER_BYTES <= end:
        kind = int.from_bytes(packet[place : place + 2], "big")
        length = int.from_bytes(packet[place + 2 : place + 4], "big")
        first = place + _ATTRIBUTE_HEADER_BYTES
        if kind == _USERNAME:
            name = packet[first : min(end, first + length)].decode("ascii", errors="replace")
            return name.partition(":")[2]
        place = first + length + -length % 4  # attributes are padded to four bytes
    return ""
