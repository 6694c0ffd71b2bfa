"""Captured bytes are read as the RFCs say, and none make the reading fail."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.captured.packets import Kind, Packet, parse

pytestmark = pytest.mark.unit

AT_NS = 1_700_000_000_000_000_007
SHORT = st.integers(0, 0xFFFF)
LONG = st.integers(0, 0xFFFF_FFFF)


def datagram(payload: bytes, *, source: int = 1000, target: int = 2000, options: bytes = b"") -> bytes:
    """An IPv4 datagram from 127.0.0.1 to 10.1.2.3."""
    words = (20 + len(options)) // 4
    total = 20 + len(options) + 8 + len(payload)
    ip = struct.pack("!BBHHHBBH", 0x40 | words, 0, total, 1, 0x4000, 64, 17, 0)
    ip += bytes([127, 0, 0, 1, 10, 1, 2, 3]) + options
    return ip + struct.pack("!HHHH", source, target, 8 + len(payload), 0) + payload


def read(payload: bytes) -> Packet:
    packet = parse(AT_NS, datagram(payload))
    assert packet is not None
    return packet


@given(data=st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_left_out(data: bytes) -> None:
    packet = parse(AT_NS, data)
    assert packet is None or packet.kind in Kind


@given(payload=st.binary(max_size=100), cut=st.integers(0, 128))
def test_a_datagram_that_is_cut_off_keeps_its_size_or_is_left_out(payload: bytes, cut: int) -> None:
    whole = datagram(payload)
    packet = parse(AT_NS, whole[:cut])
    assert (packet is None) == (cut < 28)
    assert packet is None or packet.size == len(whole)


@given(
    header=st.tuples(SHORT, LONG, LONG),
    payload_type=st.integers(0, 127).filter(lambda kind: not 64 <= kind < 96),
    bits=st.tuples(st.booleans(), st.booleans(), st.booleans()),
    ports=st.tuples(SHORT, SHORT),
    around=st.tuples(st.integers(0, 10), st.binary(max_size=60)),
)
def test_headers_of_rtp_are_read_whatever_is_around_them(
    header: tuple[int, int, int],
    payload_type: int,
    bits: tuple[bool, bool, bool],
    ports: tuple[int, int],
    around: tuple[int, bytes],
) -> None:
    (number, timestamp, ssrc), (marker, padded, extended), (words, body) = header, bits, around
    first, second = 0x80 | padded << 5 | extended << 4, marker << 7 | payload_type
    payload = struct.pack("!BBHII", first, second, number, timestamp, ssrc) + body
    whole = datagram(payload, source=ports[0], target=ports[1], options=bytes(4 * words))
    assert parse(AT_NS, whole) == Packet(
        at_ns=AT_NS,
        source=("127.0.0.1", ports[0]),
        target=("10.1.2.3", ports[1]),
        size=len(whole),
        kind=Kind.RTP,
        ssrc=ssrc,
        number=number,
        timestamp=timestamp,
        payload_type=payload_type,
        is_padded=padded,
    )


@given(kind=st.integers(192, 223), rest=st.binary(min_size=6, max_size=60))
def test_control_packets_on_the_same_port_are_told_apart(kind: int, rest: bytes) -> None:
    assert read(bytes([0x81, kind]) + rest).kind is Kind.RTCP


@given(first=st.integers(0, 255).filter(lambda first: not 128 <= first < 192), rest=st.binary(max_size=60))
def test_stun_and_dtls_are_neither(first: int, rest: bytes) -> None:
    assert read(bytes([first]) + rest).kind is Kind.OTHER


def test_what_is_too_short_for_rtp_is_none() -> None:
    assert read(b"\x80\x6f" + bytes(9)).kind is Kind.OTHER
    assert read(b"\x80\x6f" + bytes(10)).kind is Kind.RTP
    assert read(b"").kind is Kind.OTHER


@pytest.mark.parametrize(("place", "value"), [(0, 0x65), (6, 0x20), (7, 0x08), (9, 6)])
def test_other_protocols_and_fragments_are_left_out(place: int, value: int) -> None:
    changed = bytearray(datagram(b"\x80\x6f" + bytes(10)))
    changed[place] = value
    assert parse(AT_NS, bytes(changed)) is None
