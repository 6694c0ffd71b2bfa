"""The relay of the media between plain sockets: what it says it did is what it did."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Generator
from contextlib import closing, suppress

import pytest

from eloquence_pipeline.models import Direction, DirectionConditions, NetworkConditions
from eloquence_pipeline.transport.network.candidates import ServerAddress
from eloquence_pipeline.transport.network.media import Address, MediaRelay
from tests.polling import await_true

pytestmark = pytest.mark.integration

MARK = b"\x16 the end of a batch"
RTP = b"\x80\x6f" + bytes(6) + b"\x00\x00\x00\x07" + b"content"
CLEAN = NetworkConditions()


def udp_socket(family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
    made = socket.socket(family, socket.SOCK_DGRAM)
    made.bind(("::1" if family is socket.AF_INET6 else "127.0.0.1", 0))
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


@pytest.fixture
def relay() -> Generator[MediaRelay]:
    made = MediaRelay()
    made.start()
    with closing(made):
        yield made


Way = Callable[..., Address]


@pytest.fixture
def way(relay: MediaRelay, server: socket.socket) -> Way:
    """Add a participant and return where it has to send."""

    def add(identity: str = "alice", conditions: NetworkConditions = CLEAN) -> Address:
        relay.add(identity, conditions)
        host, port = server.getsockname()
        return relay.address_for(identity, ServerAddress("udp", host, port))

    return add


def uplink(**conditions: float) -> NetworkConditions:
    return NetworkConditions(uplink=DirectionConditions.model_validate(conditions))


def test_packets_pass_both_ways_and_each_socket_has_its_answers(
    relay: MediaRelay, way: Way, server: socket.socket, client: socket.socket
) -> None:
    place = way()
    assert way() == place
    with udp_socket() as other:
        for sender, said in ((client, b"one"), (other, b"two")):
            sender.sendto(said, place)
            heard, whom = server.recvfrom(2000)
            assert heard == said
            server.sendto(b"to " + said, whom)
            assert sender.recvfrom(2000) == (b"to " + said, place)
    assert relay.addresses("alice") == [place]
    assert relay.addresses("bob") == []


def test_a_packet_is_late_by_as_much_as_asked_and_the_count_says_so(
    relay: MediaRelay, way: Way, server: socket.socket, client: socket.socket
) -> None:
    place = way("alice", uplink(latency_ms=80))
    delays_ms: list[float] = []
    for _ in range(20):
        sent_at = time.monotonic()
        client.sendto(RTP, place)
        server.recv(2000)
        delays_ms.append((time.monotonic() - sent_at) * 1000)
    added = relay.report().of("alice").uplink.total.added_delay
    assert added is not None
    assert min(delays_ms) >= added.min_ms >= 80
    assert max(delays_ms) >= added.max_ms
    assert sorted(delays_ms)[10] < 90
    assert relay.report().lateness_median_ms < 5


def test_what_is_lost_is_counted_and_did_not_arrive(
    relay: MediaRelay, way: Way, server: socket.socket, client: socket.socket
) -> None:
    place = way("alice", uplink(packet_loss_rate=0.3).model_copy(update={"seed": 9}))
    arrived = batches(place, server, client)
    report = relay.report()
    counted = report.of("alice").uplink
    (stream,) = counted.streams
    assert stream.ssrc == 7
    assert (stream.forwarded, stream.lost, stream.arrived) == (len(arrived), 500 - len(arrived), 500)
    assert 100 < stream.lost < 200
    assert arrived == sorted(arrived)
    assert counted.others == 10
    assert report.stream_totals(Direction.UPLINK).dropped == stream.dropped
    assert report.stream_totals(Direction.DOWNLINK).forwarded == 0


def test_copies_and_overtaken_packets_are_counted_as_they_arrive(
    relay: MediaRelay, way: Way, server: socket.socket, client: socket.socket
) -> None:
    place = way("alice", uplink(duplication_rate=0.2, reorder_rate=0.2, latency_ms=1))
    arrived = batches(place, server, client)
    await_true(lambda: counted_delay(relay) == len(arrived), "all that was counted has arrived")
    stream = relay.report().of("alice").uplink.total
    assert len(arrived) == 500 + stream.duplicated
    assert len(set(arrived)) == 500
    assert stream.duplicated > 50
    highest, overtaken = -1, 0
    for number in arrived:
        overtaken += number < highest
        highest = max(highest, number)
    assert stream.reordered == overtaken > 20


def counted_delay(relay: MediaRelay) -> int:
    added = relay.report().of("alice").uplink.total.added_delay
    return added.count if added else 0


def batches(place: Address, server: socket.socket, client: socket.socket) -> list[int]:
    """Send 500 numbered RTP packets and return the numbers of those that arrive, in their order."""
    arrived: list[int] = []
    for batch in range(10):  # the system's buffer holds some 270 packets that nobody has read
        for number in range(batch * 50, batch * 50 + 50):
            client.sendto(RTP + number.to_bytes(2, "big"), place)
        client.sendto(MARK, place)
        arrived += numbers_until_mark(server)
    server.settimeout(0.3)
    return arrived + numbers_until_mark(server)  # what was held back of the last batch


def numbers_until_mark(server: socket.socket) -> list[int]:
    numbers: list[int] = []
    with suppress(TimeoutError):
        while (packet := server.recv(2000)) != MARK:
            numbers.append(int.from_bytes(packet[-2:], "big"))
    return numbers


def test_conditions_can_be_changed_for_one_participant_alone(
    relay: MediaRelay, way: Way, server: socket.socket, client: socket.socket
) -> None:
    alice, bob = way("alice"), way("bob")
    relay.impair("alice", uplink(packet_loss_rate=1))
    client.sendto(RTP, alice)
    client.sendto(RTP, bob)
    server.recv(2000)
    report = relay.report()
    assert report.of("alice").uplink.total.lost == 1
    assert report.of("bob").uplink.total.forwarded == 1
    relay.impair("alice", CLEAN)
    client.sendto(RTP, alice)
    server.recv(2000)
    assert relay.report().of("alice").uplink.total.forwarded == 1


def test_a_blackout_takes_everything(
    relay: MediaRelay, way: Way, server: socket.socket, client: socket.socket
) -> None:
    place = way("alice", NetworkConditions(uplink=DirectionConditions(blackout=True)))
    client.sendto(RTP, place)
    client.sendto(MARK, place)
    await_true(lambda: relay.report().of("alice").uplink.others_dropped == 1, "the second is counted")
    assert relay.report().of("alice").uplink.total.lost_in_outage == 1
    relay.impair("alice", CLEAN)
    client.sendto(MARK, place)
    assert server.recv(2000) == MARK


def test_a_server_that_is_away_does_not_end_the_relay(relay: MediaRelay, client: socket.socket) -> None:
    with udp_socket() as gone, socket.socket() as gone_too:
        gone_too.bind(("127.0.0.1", 0))
        away = [
            ServerAddress("udp", *gone.getsockname()),
            ServerAddress("tcp", *gone_too.getsockname()),
        ]
    away.append(ServerAddress("udp", "2001:db8::1", 9))
    relay.add("alice", CLEAN)
    for place in [relay.address_for("alice", address) for address in away]:
        for _ in range(5):
            client.sendto(RTP, place)
            time.sleep(0.01)
    await_true(lambda: relay.report().of("alice").uplink.total.forwarded >= 10, "all packets are counted")


def test_a_server_at_an_ipv6_address_is_reached(relay: MediaRelay, client: socket.socket) -> None:
    relay.add("alice", CLEAN)
    with udp_socket(socket.AF_INET6) as server:
        host, port, *_ = server.getsockname()
        place = relay.address_for("alice", ServerAddress("udp", host, port))
        client.sendto(RTP, place)
        packet, whom = server.recvfrom(2000)
        assert packet == RTP
        server.sendto(MARK, whom)
        assert client.recvfrom(2000) == (MARK, place)


def test_packets_go_framed_to_a_server_over_tcp(relay: MediaRelay, client: socket.socket) -> None:
    relay.add("alice", CLEAN)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        place = relay.address_for("alice", ServerAddress("tcp", *listening.getsockname()))
        for packet in (RTP, MARK):
            client.sendto(packet, place)
        connection, _ = listening.accept()
        with connection, connection.makefile("rb") as stream:
            for packet in (RTP, MARK):
                length = int.from_bytes(stream.read(2), "big")
                assert stream.read(length) == packet
            framed = len(MARK).to_bytes(2, "big") + MARK
            for part in (framed[:1], framed[1:7], framed[7:] + framed):
                connection.sendall(part)
            assert [client.recvfrom(2000) for _ in range(2)] == [(MARK, place)] * 2
        # The connection is over; the next packet opens another one.
        await_true(lambda: opens_another(client, place, listening), "a new connection is made")


def opens_another(client: socket.socket, place: Address, listening: socket.socket) -> bool:
    client.sendto(RTP, place)
    listening.settimeout(0.2)
    try:
        connection, _ = listening.accept()
    except TimeoutError:
        return False
    connection.close()
    return True
