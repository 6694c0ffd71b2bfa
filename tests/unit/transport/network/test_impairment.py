"""What is lost, comes late, twice or in another order is as asked, and the same for the same seed."""

from __future__ import annotations

import math
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from eloquence_pipeline.models import Direction, DirectionConditions
from eloquence_pipeline.transport.network.impairment import HEADER_BYTES, Cause, Fate, Impairment
from eloquence_pipeline.transport.network.packets import PacketKind

pytestmark = pytest.mark.unit

PACKET_NS = 20_000_000
NS_PER_MS = 1_000_000
NS_PER_SECOND = 1_000_000_000
SIZE = 100
KINDS = st.sampled_from(list(PacketKind))


@st.composite
def losses(draw: st.DrawFn) -> dict[str, float]:
    if draw(st.booleans()):
        return {"packet_loss_rate": draw(st.floats(0, 1))}
    burst = draw(st.floats(1, 50))
    return {
        "loss_burst_packets": burst,
        "packet_loss_rate": draw(st.floats(0, 0.99)) * burst / (burst + 1),
    }


@st.composite
def in_order(draw: st.DrawFn) -> DirectionConditions:
    return DirectionConditions.model_validate(
        {
            **draw(losses()),
            "latency_ms": draw(st.floats(0, 500)),
            "jitter_ms": draw(st.floats(0, 200)),
            "duplication_rate": draw(st.floats(0, 1)),
            "bandwidth_kbps": draw(st.sampled_from([0.0, 8.0, 64.0, 1000.0])),
            "queue_ms": draw(st.floats(0, 1000)),
        }
    )


@st.composite
def any_conditions(draw: st.DrawFn) -> DirectionConditions:
    return draw(in_order()).model_copy(update={"reorder_rate": draw(st.floats(0, 1))})


def impaired(seed: int = 1, direction: Direction = Direction.UPLINK, **conditions: float) -> Impairment:
    return Impairment(direction, seed, DirectionConditions.model_validate(conditions))


def fates(impairment: Impairment, count: int, kind: PacketKind = PacketKind.RTP) -> list[Fate]:
    return [impairment.fate(kind, SIZE, place * PACKET_NS) for place in range(count)]


def lost(impairment: Impairment, count: int) -> list[bool]:
    return [fate.cause is Cause.CHANCE for fate in fates(impairment, count)]


@given(conditions=any_conditions(), seed=st.integers(0, 2**40), direction=st.sampled_from(list(Direction)))
@settings(max_examples=50)
def test_the_same_seed_gives_the_same_fates(
    conditions: DirectionConditions, seed: int, direction: Direction
) -> None:
    first, second = (fates(Impairment(direction, seed, conditions), 100) for _ in range(2))
    assert first == second


@given(conditions=in_order(), kinds=st.lists(KINDS, max_size=100), seed=st.integers(0, 100))
@settings(max_examples=50)
def test_without_reordering_no_packet_is_early_or_overtakes_another(
    conditions: DirectionConditions, kinds: list[PacketKind], seed: int
) -> None:
    impairment = Impairment(Direction.UPLINK, seed, conditions)
    passed: list[tuple[int, int]] = []
    for place, kind in enumerate(kinds):
        arrived_ns = place * PACKET_NS
        fate = impairment.fate(kind, SIZE, arrived_ns)
        assert bool(fate.due_ns) == (fate.cause is None)
        passed += [(due_ns, arrived_ns) for due_ns in fate.due_ns]
    assert all(due_ns >= arrived_ns for due_ns, arrived_ns in passed)
    assert [due_ns for due_ns, _ in passed] == sorted(due_ns for due_ns, _ in passed)


@given(conditions=losses(), others=st.lists(KINDS.filter(lambda kind: kind is not PacketKind.RTP)))
@settings(max_examples=50)
def test_what_else_passes_does_not_change_which_rtp_packets_are_lost(
    conditions: dict[str, float], others: list[PacketKind]
) -> None:
    alone, amid = (impaired(5, Direction.DOWNLINK, **conditions) for _ in range(2))
    for kind in others:
        amid.fate(kind, SIZE, 0)
    assert lost(amid, 50) == lost(alone, 50)


@given(between=any_conditions())
@settings(max_examples=30)
def test_conditions_that_change_do_not_shift_the_luck_of_later_packets(between: DirectionConditions) -> None:
    half = DirectionConditions(packet_loss_rate=0.5)
    steady, changed = (Impairment(Direction.UPLINK, 1, half) for _ in range(2))
    expected = lost(steady, 200)[100:]
    changed.change(between, 0)
    fates(changed, 100)
    changed.change(half, 0)
    assert lost(changed, 100) == expected


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.2, 0.5, 1.0])
def test_as_many_are_lost_as_asked(rate: float) -> None:
    count = 20_000
    found = sum(lost(impaired(3, packet_loss_rate=rate), count))
    assert abs(found - count * rate) <= 4 * math.sqrt(count * rate * (1 - rate))


@pytest.mark.parametrize(("rate", "burst"), [(0.01, 3.0), (0.05, 5.0), (0.1, 1.0), (0.3, 10.0), (0.5, 2.0)])
def test_bursts_are_as_long_and_as_many_are_lost_as_asked(rate: float, burst: float) -> None:
    count = 100_000
    found = lost(impaired(3, packet_loss_rate=rate, loss_burst_packets=burst), count)
    lengths = [len(list(run)) for is_lost, run in groupby(found) if is_lost]
    # Lengths are geometric with the mean L and the standard deviation √(L (L - 1)); the number of bursts
    # adds its own spread to the packets that are lost.
    spread = math.sqrt(burst * (burst - 1) / len(lengths))
    assert abs(sum(lengths) / len(lengths) - burst) <= 4 * spread + 1e-12
    correlated = (1 + (1 - 1 / burst / (1 - rate))) / (1 - (1 - 1 / burst / (1 - rate)))
    assert abs(sum(found) - count * rate) <= 4 * math.sqrt(count * rate * (1 - rate) * correlated)


@pytest.mark.parametrize("kind", [PacketKind.STUN, PacketKind.OTHER])
def test_what_keeps_the_connection_up_is_late_but_lost_in_a_blackout_only(kind: PacketKind) -> None:
    impairment = impaired(packet_loss_rate=1, latency_ms=30, jitter_ms=20)
    due = [fate.due_ns for fate in fates(impairment, 10, kind)]
    assert due == [(place * PACKET_NS + 30 * NS_PER_MS,) for place in range(10)]
    impairment.change(DirectionConditions(blackout=True), 0)
    assert fates(impairment, 3, kind) == [Fate((), Cause.OUTAGE)] * 3


def test_jitter_strays_evenly_around_the_latency() -> None:
    due = [fate.due_ns[0] for fate in fates(impaired(latency_ms=100, jitter_ms=8), 5000)]
    late_ms = [(when - place * PACKET_NS) / NS_PER_MS for place, when in enumerate(due)]
    assert min(late_ms) >= 92
    assert max(late_ms) <= 108
    assert abs(sum(late_ms) / len(late_ms) - 100) < 0.3


def test_both_directions_have_a_luck_of_their_own() -> None:
    up, down = (lost(impaired(1, direction, packet_loss_rate=0.5), 100) for direction in Direction)
    assert up != down


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_as_many_are_doubled_as_asked_and_nothing_is_doubled_that_is_lost(rate: float) -> None:
    count = 10_000
    found = fates(impaired(2, duplication_rate=rate, packet_loss_rate=0.2), count)
    arrived = [fate for fate in found if fate.cause is None]
    doubled = sum(len(fate.due_ns) == 2 for fate in arrived)
    assert abs(doubled - len(arrived) * rate) <= 4 * math.sqrt(len(arrived) * rate * (1 - rate))
    assert {len(fate.due_ns) for fate in found if fate.cause} == {0}


@pytest.mark.parametrize("rate", [0.01, 0.1, 0.3])
def test_as_many_are_overtaken_as_asked(rate: float) -> None:
    count = 10_000
    due = [fate.due_ns[0] for fate in fates(impaired(4, reorder_rate=rate, latency_ms=50), count)]
    # Two that are held back in a row do not overtake each other.
    overtaken = sum(later < earlier for earlier, later in pairwise(due))
    expected = rate * (1 - rate)
    assert abs(overtaken - count * expected) <= 4 * math.sqrt(count * expected)


@given(
    kbps=st.floats(8, 2000),
    queue_ms=st.floats(0, 500),
    gaps_us=st.lists(st.integers(0, 40_000), min_size=2, max_size=200),
    sizes=st.data(),
)
@settings(max_examples=50)
def test_the_link_never_carries_more_than_it_can(
    kbps: float, queue_ms: float, gaps_us: list[int], sizes: st.DataObject
) -> None:
    impairment = impaired(bandwidth_kbps=kbps, queue_ms=queue_ms)
    arrived_ns, passed = 0, list[tuple[int, int]]()
    for gap_us in gaps_us:
        arrived_ns += gap_us * 1000
        size = sizes.draw(st.integers(20, 1400))
        fate = impairment.fate(PacketKind.RTP, size, arrived_ns)
        if fate.cause is None:
            (due_ns,) = fate.due_ns
            passed.append((due_ns, size + HEADER_BYTES))
            service_ms = (size + HEADER_BYTES) * 8 / kbps
            assert (due_ns - arrived_ns) / NS_PER_MS <= queue_ms + service_ms + 0.001
        else:
            assert fate.cause is Cause.QUEUE
    for first in range(len(passed)):
        for last in range(first + 1, min(first + 20, len(passed))):
            bits = sum(size for _, size in passed[first + 1 : last + 1]) * 8
            took_ms = (passed[last][0] - passed[first][0]) / NS_PER_MS
            assert bits <= kbps * took_ms + 0.001 * kbps


def test_a_full_queue_drops_media_and_nothing_else() -> None:
    impairment = impaired(bandwidth_kbps=8, queue_ms=100)
    causes = [fate.cause for fate in fates(impairment, 100)]
    assert causes[0] is None
    assert Cause.QUEUE in causes
    assert impairment.fate(PacketKind.STUN, SIZE, 100 * PACKET_NS).cause is None


def test_outages_come_back_at_the_end_of_each_period() -> None:
    impairment = impaired(outage_every_seconds=10, outage_seconds=2)
    begins_ns = 5 * NS_PER_SECOND
    impairment.change(impairment.conditions, begins_ns)
    dark = [impairment.is_dark(begins_ns + second * NS_PER_SECOND) for second in range(30)]
    assert [second for second, is_dark in enumerate(dark) if is_dark] == [8, 9, 18, 19, 28, 29]
    assert impairment.dark_until_ns(begins_ns + 9 * NS_PER_SECOND) == begins_ns + 10 * NS_PER_SECOND


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"packet_loss_rate": 1.01}, "less than or equal to 1"),
        ({"packet_loss_rate": -0.1}, "greater than or equal to 0"),
        ({"packet_loss_rate": math.nan}, "less than or equal to 1"),
        ({"latency_ms": -1}, "greater than or equal to 0"),
        ({"latency_ms": 1e9}, "less than or equal to 60000"),
        ({"jitter_ms": math.inf}, "less than or equal to 60000"),
        ({"packet_loss_rate": 0.9, "loss_burst_packets": 2}, "at most 67% can be lost"),
        ({"loss_burst_packets": 0.5}, "at least 1 packet"),
        ({"outage_seconds": 2}, "outages need both"),
        ({"outage_seconds": 2, "outage_every_seconds": 2}, "shorter than the time"),
    ],
)
def test_impossible_conditions_are_refused(wrong: dict[str, float], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        DirectionConditions.model_validate(wrong)


def test_what_does_nothing_is_known_as_clean() -> None:
    assert DirectionConditions(queue_ms=5, loss_burst_packets=3).is_clean
    assert not DirectionConditions(blackout=True).is_clean
    assert not DirectionConditions(jitter_ms=1).is_clean
