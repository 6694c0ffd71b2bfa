"""Packets are told apart by their first bytes, and no bytes whatever make the parsing fail."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eloquence_pipeline.transport.network.packets import PacketKind, kind_of, rtp_ssrc

pytestmark = pytest.mark.unit


@given(packet=st.binary(max_size=1500))
@example(packet=b"")
def test_arbitrary_bytes_are_some_kind_of_packet(packet: bytes) -> None:
    kind = kind_of(packet)
    assert kind in PacketKind
    if kind is PacketKind.RTP:
        assert 0 <= rtp_ssrc(packet) < 2**32


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
