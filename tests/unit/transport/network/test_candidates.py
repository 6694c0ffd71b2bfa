"""Every address that a server offers becomes one of the relay, and a participant's own are taken out."""

from __future__ import annotations

import base64
import gzip
import json
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol import models, rtc

from eloquence_pipeline.transport.network.candidates import (
    ServerAddress,
    relayed_candidate,
    relayed_description,
    without_candidates,
)
from eloquence_pipeline.transport.network.signals import (
    NotUnderstoodError,
    for_participant,
    for_server,
    without_own_addresses,
)

pytestmark = pytest.mark.unit

UDP = "candidate:1 1 udp 2130706431 10.0.0.7 50000 typ host generation 0"
TCP = "candidate:2 1 tcp 1671430143 10.0.0.7 7881 typ host tcptype passive"
UDP6 = "candidate:3 1 udp 2130706431 fd00::7 50000 typ host"
REFLEXIVE = "candidate:4 1 udp 1694498815 203.0.113.9 50000 typ srflx raddr 10.0.0.7 rport 50000"
SDP = (
    "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:abcd\r\n"
    f"a={UDP}\r\na={TCP}\r\na=end-of-candidates\r\n"
)
OURS = 40_000


def relayed(address: ServerAddress) -> tuple[str, int]:
    return "127.0.0.1", OURS + (address.transport == "tcp") + 2 * (":" in address.host)


@pytest.mark.parametrize(
    ("offered", "told"),
    [
        (UDP, "candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host generation 0"),
        (TCP, "candidate:2 1 udp 1671430143 127.0.0.1 40001 typ host"),
        (UDP6, "candidate:3 1 udp 2130706431 127.0.0.1 40002 typ host"),
        (REFLEXIVE, "candidate:4 1 udp 1694498815 127.0.0.1 40000 typ srflx"),
        (TCP.replace("passive", "active"), ""),
        (UDP.replace("10.0.0.7", "5e1f.local"), ""),
        (UDP.replace("50000", "0"), ""),
        ("candidate:1 1 udp", ""),
        ("", ""),
    ],
)
def test_a_candidate_of_the_server_leads_to_the_relay(offered: str, told: str) -> None:
    assert relayed_candidate(offered, relayed) == told


@given(candidate=st.text(max_size=200), sdp=st.text(max_size=400))
def test_no_text_makes_it_fail(candidate: str, sdp: str) -> None:
    relayed_candidate(candidate, relayed)
    relayed_description(sdp, relayed)
    assert "a=candidate:" not in [line[:12] for line in without_candidates(sdp).splitlines()]


def test_descriptions_keep_everything_but_addresses() -> None:
    told = relayed_description(SDP, relayed)
    assert "10.0.0.7" not in told
    assert told.count("127.0.0.1") == 2
    assert told.count("\r\n") == SDP.count("\r\n")
    assert without_candidates(SDP) == without_candidates(told)
    assert "a=end-of-candidates\r\n" in without_candidates(SDP)


@pytest.mark.parametrize("kind", ["offer", "answer"])
def test_what_the_server_says_leads_to_the_relay(kind: str) -> None:
    description = rtc.SessionDescription(type=kind, sdp=SDP)
    offered = kind == "offer"
    message = rtc.SignalResponse(offer=description) if offered else rtc.SignalResponse(answer=description)
    said = rtc.SignalResponse.FromString(for_participant(message.SerializeToString(), relayed))
    assert getattr(said, kind).sdp == relayed_description(SDP, relayed)


def test_a_trickled_candidate_of_the_server_leads_to_the_relay() -> None:
    init = json.dumps({"candidate": UDP, "sdpMid": "0"})
    message = rtc.SignalResponse(trickle=rtc.TrickleRequest(candidateInit=init))
    said = rtc.SignalResponse.FromString(for_participant(message.SerializeToString(), relayed))
    parsed = json.loads(said.trickle.candidateInit)
    assert parsed == {"candidate": relayed_candidate(UDP, relayed), "sdpMid": "0"}


def test_other_ways_around_the_relay_are_taken_out() -> None:
    forced = models.ClientConfiguration(force_relay=models.ClientConfigSetting.ENABLED)
    servers = [rtc.ICEServer(urls=["turn:203.0.113.9"])]
    region = rtc.RegionInfo(region="eu", url="wss://elsewhere.example")
    messages = [
        rtc.SignalResponse(
            join=rtc.JoinResponse(
                ice_servers=servers, alternative_url="wss://elsewhere.example", client_configuration=forced
            )
        ),
        rtc.SignalResponse(reconnect=rtc.ReconnectResponse(ice_servers=servers, client_configuration=forced)),
        rtc.SignalResponse(leave=rtc.LeaveRequest(regions=rtc.RegionSettings(regions=[region]))),
    ]
    said = [
        rtc.SignalResponse.FromString(for_participant(one.SerializeToString(), relayed)) for one in messages
    ]
    text = str(said)
    assert "elsewhere" not in text
    assert "203.0.113.9" not in text
    assert "ENABLED" not in text
    assert [one.WhichOneof("message") for one in said] == ["join", "reconnect", "leave"]


def test_a_participant_names_no_address_of_its_own() -> None:
    description = rtc.SessionDescription(type="offer", sdp=SDP)
    state = rtc.SyncState(offer=description, answer=description)
    for message in (
        rtc.SignalRequest(offer=description),
        rtc.SignalRequest(answer=description),
        rtc.SignalRequest(sync_state=state),
    ):
        said = for_server(message.SerializeToString())
        assert b"candidate:" not in said
        assert b"abcd" in said
    init = json.dumps({"candidate": UDP})
    trickle = rtc.SignalRequest(trickle=rtc.TrickleRequest(candidateInit=init))
    assert for_server(trickle.SerializeToString()) == b""
    last = rtc.SignalRequest(trickle=rtc.TrickleRequest(candidateInit='{"candidate": ""}', final=True))
    assert rtc.SignalRequest.FromString(for_server(last.SerializeToString())) == last


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("padded", [True, False])
def test_a_request_to_join_names_no_address(zipped: bool, padded: bool) -> None:
    description = rtc.SessionDescription(type="offer", sdp=SDP)
    request = rtc.JoinRequest(
        publisher_offer=description, sync_state=rtc.SyncState(answer=description), metadata="kept"
    )
    plain = request.SerializeToString()
    wrapped = rtc.WrappedJoinRequest(
        compression=rtc.WrappedJoinRequest.GZIP if zipped else rtc.WrappedJoinRequest.NONE,
        join_request=gzip.compress(plain) if zipped else plain,
    )
    text = base64.urlsafe_b64encode(wrapped.SerializeToString()).decode()
    said = without_own_addresses(text if padded else text.rstrip("="))
    back = rtc.WrappedJoinRequest.FromString(base64.urlsafe_b64decode(said))
    inner = gzip.decompress(back.join_request) if zipped else back.join_request
    found = rtc.JoinRequest.FromString(inner)
    assert b"candidate:" not in inner
    assert found.metadata == "kept"
    assert found.publisher_offer.sdp == without_candidates(SDP)


def test_what_concerns_no_address_is_passed_on_as_it_is() -> None:
    request = rtc.SignalRequest(ping=7).SerializeToString()
    response = rtc.SignalResponse(pong=7).SerializeToString()
    assert for_server(request) == request
    assert for_participant(response, relayed) == response


@given(noise=st.binary(min_size=1, max_size=200))
def test_noise_is_passed_on_as_it_is_or_refused(noise: bytes) -> None:
    for rewrite in (for_server, partial(for_participant, relayed=relayed)):
        with suppress(NotUnderstoodError):
            assert isinstance(rewrite(noise), bytes)


@pytest.mark.parametrize("text", ["!!", "AAAA", "eyJh", "é"])
def test_a_request_to_join_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(NotUnderstoodError, match="request to join is not understood"):
        without_own_addresses(text)
