"""Telling packets apart by their first bytes; whatever the bytes are, nothing here raises."""

from __future__ import annotations

from enum import StrEnum

_RTP_FIRST_BYTES = range(128, 192)
_STUN_FIRST_BYTES = range(4)
_RTCP_TYPES = range(192, 224)
_RTP_HEADER_BYTES = 12
_RTCP_HEADER_BYTES = 4


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
    if packet[0] not in _RTP_FIRST_BYTES or len(packet) < _RTCP_HEADER_BYTES:
        return PacketKind.OTHER
    if packet[1] in _RTCP_TYPES:
        return PacketKind.RTCP
    return PacketKind.RTP if len(packet) >= _RTP_HEADER_BYTES else PacketKind.OTHER


def rtp_ssrc(packet: bytes) -> int:
    """Return the synchronisation source of an RTP packet (RFC 3550, 5.1)."""
    return int.from_bytes(packet[8:12], "big")
