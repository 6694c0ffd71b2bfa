"""Packets are told apart by their first bytes, and no bytes whatever make the parsing fail."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eloquence_pipeline.transport.network.packets import PacketKind, kind_of, requesting_ufrag, rtp_ssrc

pytestmark = pytest.mark.unit

UFRAGS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/", min_size=4, max_size=256)


def stun(kind: int, *attributes: tuple[int, bytes]) -> bytes:
    body = b"".join(
        number.to_bytes(2, "big") + len(value).to_bytes(2, "big") + value + bytes(-len(value) % 4)
        for number, value in attributes
    )
    return kind.to_bytes(2, "big") + len(body).to_bytes(2, "big") + b"\x21\x12\xa4\x42" + bytes(12) + body


@given(packet=st.binary(max_size=1500))
@example(packet=b"")
@example(packet=stun(1, (6, b"a:b"))[:-1])
@example(packet=stun(1, (6, b"\xff\xfe:\x00")))
def test_arbitrary_bytes_are_some_kind_of_packet(packet: bytes) -> None:
    kind = kind_of(packet)
    assert kind in PacketKind
    assert isinstance(requesting_ufrag(packet), str)
    if kind is PacketKind.RTP:
        assert 0 <= rtp_ssrc(packet) < 2**32


@given(packet=st.binary(min_size=20, max_size=400), cookie=st.booleans())
def test_arbitrary_bytes_after_a_stun_header_never_fail(packet: bytes, cookie: bool) -> None:
    header = b"\x00\x01" + packet[:2] + (b"\x21\x12\xa4\x42" if cookie else packet[2:6])
    assert isinstance(requesting_ufrag(header + packet), str)


@given(server=UFRAGS, client=UFRAGS, before=st.binary(max_size=40))
def test_the_asking_side_is_found_behind_other_attributes(server: str, client: str, before: bytes) -> None:
    name = f"{server}:{client}".encode()
    packet = stun(1, (0x8022, before), (6, name), (0x0024, bytes(4)))
    assert kind_of(packet) is PacketKind.STUN
    assert requesting_ufrag(packet) == client


@pytest.mark.parametrize("kind", [0x0101, 0x0011, 0x0003])
def test_only_a_binding_request_says_who_asks(kind: int) -> None:
    assert requesting_ufrag(stun(kind, (6, b"server:client"))) == ""


@pytest.mark.parametrize(
    ("packet", "kind"),
    [
        (b"\x80\x6f" + bytes(10), PacketKind.RTP),
        (b"\x90\xef" + bytes(10), PacketKind.RTP),
        (b"\x80\x6f" + bytes(9), PacketKind.OTHER),
        (b"\x80\xc8" + bytes(4), PacketKind.RTCP),
        (b"\x81\xcd" + bytes(10), PacketKind.RTCP),
        (b"\x16\xfe\xfd", PacketKind.OTHER),
        (b"\x00\x01\x00\x00", PacketKind.STUN),
        (b"\xff" * 20, PacketKind.OTHER),
    ],
)
def test_kinds_are_those_of_rfc_7983_and_5761(packet: bytes, kind: PacketKind) -> None:
    assert kind_of(packet) is kind
