"""The relay in a process of its own, between plain sockets: what it says it did is what it did."""

from __future__ import annotations

import socket
import time
from collections.abc import Generator

import pytest

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.models import Direction, DirectionConditions, NetworkConditions
from eloquence_pipeline.transport.network.flow import Address
from eloquence_pipeline.transport.network.relaying import ImpairingRelay
from tests.polling import await_true

pytestmark = pytest.mark.integration

MARK = b"\x16 the end of a batch"
LISTENING = "127.0.0.2"
RTP = b"\x80\x6f" + bytes(6) + b"\x00\x00\x00\x07" + b"content"
STUN_OF_ALICE = bytes.fromhex("000100102112a442") + bytes(12) + b"\x00\x06\x00\x0aserv:alice\x00\x00"


def udp_socket(host: str = "127.0.0.1") -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((host, 0))
    made.settimeout(5)
    return made


@pytest.fixture
def server() -> Generator[socket.socket]:
    with udp_socket() as made:
        yield made


@pytest.fixture
def client() -> Generator[socket.socket]:
    with udp_socket() as made:
        yield made


def address_for(server: socket.socket) -> Address:
    return LISTENING, server.getsockname()[1]


def relay_to(server: socket.socket, conditions: NetworkConditions | None = None) -> ImpairingRelay:
    return ImpairingRelay(address_for(server), server.getsockname(), conditions)


def test_packets_pass_both_ways_and_each_client_has_its_answers(
    server: socket.socket, client: socket.socket
) -> None:
    with relay_to(server), udp_socket() as other:
        for sender, said in ((client, b"one"), (other, b"two")):
            sender.sendto(said, address_for(server))
            heard, whom = server.recvfrom(2000)
            assert heard == said
            server.sendto(b"to " + said, whom)
            assert sender.recvfrom(2000) == (b"to " + said, address_for(server))


def test_a_packet_is_late_by_as_much_as_asked(server: socket.socket, client: socket.socket) -> None:
    conditions = NetworkConditions(uplink=DirectionConditions(latency_ms=80))
    with relay_to(server, conditions) as relay:
        delays: list[float] = []
        for _ in range(20):
            sent_at = time.monotonic()
            client.sendto(RTP, address_for(server))
            server.recv(2000)
            delays.append((time.monotonic() - sent_at) * 1000)
        assert min(delays) >= 80
        assert sorted(delays)[10] < 90
        assert relay.report().lateness_median_ms < 5


def test_what_is_lost_is_counted_and_did_not_arrive(server: socket.socket, client: socket.socket) -> None:
    conditions = NetworkConditions(uplink=DirectionConditions(packet_loss_rate=0.3), seed=9)
    with relay_to(server, conditions) as relay:
        arrived: list[int] = []
        for batch in range(10):  # the system's buffer holds some 270 packets that nobody has read
            for number in range(batch * 50, batch * 50 + 50):
                client.sendto(RTP + number.to_bytes(2, "big"), address_for(server))
            client.sendto(MARK, address_for(server))
            while (packet := server.recv(2000)) != MARK:
                arrived.append(int.from_bytes(packet[-2:], "big"))
        report = relay.report()
    (participant,) = report.participants
    (stream,) = participant.counts[0].streams
    assert stream.ssrc == 7
    assert (stream.forwarded, stream.dropped) == (len(arrived), 500 - len(arrived))
    assert 100 < stream.dropped < 200
    assert arrived == sorted(arrived)
    assert participant.counts[0].others == 10
    assert report.stream_totals(Direction.UPLINK).dropped == stream.dropped
    assert report.stream_totals(Direction.DOWNLINK).forwarded == 0


def test_conditions_can_be_changed_in_mid_call_for_one_participant_alone(
    server: socket.socket, client: socket.socket
) -> None:
    with relay_to(server) as relay, udp_socket() as bob:
        client.sendto(STUN_OF_ALICE, address_for(server))
        server.recv(2000)
        relay.impair(NetworkConditions(uplink=DirectionConditions(packet_loss_rate=1)), "alice")
        client.sendto(RTP, address_for(server))
        bob.sendto(RTP, address_for(server))
        server.recv(2000)
        await_true(lambda: len(relay.report().participants) == 2, "both are known")
        alice, other = relay.report().participants
        assert (alice.ufrag, alice.counts[0].streams[0].dropped) == ("alice", 1)
        assert (other.ufrag, other.counts[0].streams[0].forwarded) == ("", 1)
        relay.impair(NetworkConditions(), "alice")
        client.sendto(RTP, address_for(server))
        server.recv(2000)
        assert relay.report().participants[0].counts[0].streams[0].forwarded == 1


def test_an_address_that_is_taken_is_refused(server: socket.socket) -> None:
    with relay_to(server), pytest.raises(TransportError, match="cannot have the address"), relay_to(server):
        pytest.fail("two relays at one address")


def test_a_server_that_is_away_does_not_end_the_relay(client: socket.socket) -> None:
    with udp_socket() as gone:
        place, server = address_for(gone), gone.getsockname()
    with ImpairingRelay(place, server) as relay:
        for _ in range(5):
            client.sendto(RTP, place)
            time.sleep(0.01)
        await_true(
            lambda: relay.report().stream_totals(Direction.UPLINK).forwarded == 5, "all packets are counted"
        )


def test_the_relay_ends_with_its_block(server: socket.socket) -> None:
    relay = relay_to(server)
    with relay:
        relay.report()
    with pytest.raises(TransportError, match="does not run"):
        relay.report()
    with relay_to(server):
        pass  # the address is free again
