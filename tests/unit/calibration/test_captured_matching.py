"""What a relay did is found in what was captured, however it lost, doubled and mixed up packets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.captured.matching import Passage, figures, match, numbered, passages
from calibration.captured.newest import PacketTimes, low_by_ms, newest_delay
from calibration.captured.packets import Kind, Packet
from eloquence_pipeline.models import Direction, DirectionConditions
from eloquence_pipeline.transport.network.impairment import Impairment
from eloquence_pipeline.transport.network.packets import PacketKind
from eloquence_pipeline.transport.network.tally import Tally

pytestmark = pytest.mark.unit

MS = 1_000_000
PACKET_NS = 20 * MS
SSRC = 77
PARTICIPANT, DOOR, UPSTREAM, SERVER = (("127.0.0.1", port) for port in (1, 2, 3, 4))


def rtp(at_ns: int, number: int, *, uplink: bool = True, arriving: bool = True, ssrc: int = SSRC) -> Packet:
    way = (PARTICIPANT, DOOR) if arriving == uplink else (UPSTREAM, SERVER)
    source, target = way if uplink else way[::-1]
    return Packet(at_ns, source, target, 100, Kind.RTP, ssrc, number % 65_536)


def passage(arrivals: list[tuple[int, int]], departures: list[tuple[int, int]]) -> Passage:
    """Of (time in ms, number); sorted by time, as captured."""
    before, after = (
        [rtp(at_ms * MS, number, arriving=arriving) for at_ms, number in sorted(several)]
        for several, arriving in ((arrivals, True), (departures, False))
    )
    return Passage(SSRC, Direction.UPLINK, before, after)


def test_a_packet_that_is_not_sent_is_dropped_and_one_sent_twice_is_doubled() -> None:
    seen = figures(passage([(0, 5), (20, 6), (40, 7), (60, 8)], [(3, 5), (41, 7), (42, 7), (66, 8)]))
    assert (seen.arrived, seen.dropped, seen.sent, seen.doubled, seen.overtaken) == (4, 1, 4, 1, 0)
    assert seen.unexplained == seen.came_again == 0
    assert seen.delay is not None
    assert (seen.delay.min_ms, seen.delay.max_ms, seen.delay.mean_ms) == (1, 6, 3)
    assert seen.longest_gap_ms == 38
    assert seen.losses_in_a_row == 1


def test_what_is_sent_after_a_later_arrival_is_overtaken_with_its_copies() -> None:
    seen = figures(passage([(0, 1), (20, 2), (40, 3)], [(21, 2), (30, 1), (31, 1), (41, 3)]))
    assert (seen.overtaken, seen.doubled, seen.dropped) == (2, 1, 0)


def test_a_packet_from_nowhere_is_not_taken_for_another() -> None:
    seen = figures(passage([(10, 1)], [(5, 1), (11, 1), (12, 9)]))
    assert (seen.sent, seen.unexplained, seen.dropped) == (1, 2, 0)


def test_a_number_that_arrives_again_has_a_fate_of_its_own() -> None:
    seen = figures(passage([(0, 1), (20, 2), (50, 1)], [(1, 1), (21, 2), (52, 1)]))
    assert (seen.arrived, seen.came_again, seen.doubled, seen.dropped) == (3, 1, 0, 0)
    assert seen.delay is not None
    assert seen.delay.max_ms == 2


@given(first=st.integers(0, 65_535), strays=st.lists(st.integers(-40, 40), min_size=2, max_size=200))
def test_numbers_go_on_over_their_wraps_in_any_order(first: int, strays: list[int]) -> None:
    true = [first + 300 * place + stray for place, stray in enumerate([0, *strays])]
    known = numbered(rtp(at, number) for at, number in enumerate(true))
    assert [one.number - known[0].number for one in known] == [number - true[0] for number in true]


@pytest.mark.parametrize("uplink", [True, False])
def test_streams_and_their_sides_are_found_by_the_doors_of_the_relay(uplink: bool) -> None:
    direction = Direction.UPLINK if uplink else Direction.DOWNLINK
    around = rtp(0, 1, arriving=False, ssrc=5)  # goes directly
    packets = [
        around,
        *(
            rtp(at + (not arriving), at, uplink=uplink, arriving=arriving)
            for at in range(9)
            for arriving in (True, False)
        ),
    ]
    control = rtp(3, 3, uplink=uplink)._replace(kind=Kind.RTCP)
    (found,) = passages([*packets, control], {DOOR})
    assert (found.ssrc, found.direction) == (SSRC, direction)
    assert [packet.number for packet in found.arrivals] == list(range(9))
    assert len(found.departures) == 9
    assert figures(found).dropped == 0


@dataclass
class Relayed:
    """What the relay's own classes do to packets and count of it, without sockets."""

    tally: Tally = field(default_factory=Tally)
    captured: list[Packet] = field(default_factory=lambda: [])

    def run(self, conditions: DirectionConditions, seed: int, first: int, count: int) -> None:
        impairment = Impairment(Direction.UPLINK, seed, conditions)
        waiting: list[tuple[int, int, int, int]] = []
        for place in range(count):
            at_ns, number = place * PACKET_NS, first + place
            fate = impairment.fate(PacketKind.RTP, 100, at_ns)
            self.captured.append(rtp(at_ns, number))
            self.tally.note(PacketKind.RTP, self._bytes(), len(fate.due_ns), fate.cause)
            waiting += [(due_ns, len(waiting) + i, number, at_ns) for i, due_ns in enumerate(fate.due_ns)]
        for due_ns, order, number, at_ns in sorted(waiting):
            self.captured.append(rtp(due_ns, number, arriving=False))
            self.tally.note_sent(self._bytes(), order, due_ns - at_ns)

    @staticmethod
    def _bytes() -> bytes:
        return bytes(8) + SSRC.to_bytes(4, "big")


ANY_CONDITIONS = st.builds(
    DirectionConditions,
    packet_loss_rate=st.floats(0, 0.4),
    loss_burst_packets=st.sampled_from([0.0, 3.0]),
    latency_ms=st.floats(0, 200),
    jitter_ms=st.floats(0, 80),
    reorder_rate=st.sampled_from([0.0, 0.1, 0.5]),
    duplication_rate=st.sampled_from([0.0, 0.1, 0.5]),
    bandwidth_kbps=st.sampled_from([0.0, 30.0]),
)


@settings(max_examples=60, deadline=None)
@given(conditions=ANY_CONDITIONS, seed=st.integers(0, 1000), first=st.integers(65_000, 65_535))
def test_the_capture_of_what_the_relay_does_is_what_the_relay_counts(
    conditions: DirectionConditions, seed: int, first: int
) -> None:
    relayed = Relayed()
    relayed.run(conditions, seed, first, 700)
    (found,) = passages(sorted(relayed.captured, key=lambda packet: packet.at_ns), {DOOR})
    seen, told = figures(found), relayed.tally.count(Direction.UPLINK).total
    assert (seen.arrived, seen.dropped, seen.doubled) == (told.arrived, told.dropped, told.duplicated)
    assert (seen.overtaken, seen.unexplained) == (told.reordered, 0)
    assert seen.delay is not None
    assert told.added_delay is not None
    assert seen.sent == told.added_delay.count
    assert seen.delay.mean_ms == pytest.approx(told.added_delay.mean_ms)


@given(seed=st.integers(0, 10_000), spread=st.floats(0, 60))
def test_the_newest_packet_is_low_by_half_the_mean_square_of_the_steps(seed: int, spread: float) -> None:
    generator = np.random.default_rng(seed)
    sent = np.arange(4000, dtype=np.float64) * 20.0
    # Packets that would overtake wait, as behind one another in a queue.
    strays = generator.uniform(-spread, spread, len(sent))
    arrived = np.asarray(np.maximum.accumulate(sent + 100 + strays), dtype=np.float64)
    times = PacketTimes(sent * float(MS), arrived * float(MS))
    low_ms = float(times.delay_ms.mean()) - newest_delay(times).mean_ms
    assert low_ms == pytest.approx(low_by_ms(times), abs=0.15)


def test_matching_keeps_the_order_of_arrival() -> None:
    matched = match(passage([(0, 65_535), (20, 65_536), (40, 65_537)], [(50, 65_537), (51, 65_535)]))
    assert [known.number for known in matched.arrivals] == [65_535, 65_536, 65_537]
    assert matched.sent_ns == [[51 * MS], [], [50 * MS]]
