"""What is lost and what comes late is as asked, the same for the same seed, and in order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eloquence_pipeline.models import Direction, DirectionConditions
from eloquence_pipeline.transport.network.impairment import Impairment
from eloquence_pipeline.transport.network.packets import PacketKind

pytestmark = pytest.mark.unit

PACKET_NS = 20_000_000
NS_PER_MS = 1_000_000
KINDS = st.sampled_from(list(PacketKind))
CONDITIONS = st.builds(
    DirectionConditions,
    packet_loss_rate=st.floats(0, 1),
    latency_ms=st.floats(0, 500),
    jitter_ms=st.floats(0, 200),
)


def fates(impairment: Impairment, count: int, kind: PacketKind = PacketKind.RTP) -> list[int | None]:
    return [impairment.due_ns(kind, place * PACKET_NS) for place in range(count)]


@given(conditions=CONDITIONS, seed=st.integers(0, 2**40), direction=st.sampled_from(list(Direction)))
@settings(max_examples=50)
def test_the_same_seed_gives_the_same_fates(
    conditions: DirectionConditions, seed: int, direction: Direction
) -> None:
    first, second = (fates(Impairment(direction, seed, conditions), 100) for _ in range(2))
    assert first == second


@given(conditions=CONDITIONS, kinds=st.lists(KINDS, max_size=100), seed=st.integers(0, 100))
@settings(max_examples=50)
def test_no_packet_is_early_or_overtakes_another(
    conditions: DirectionConditions, kinds: list[PacketKind], seed: int
) -> None:
    impairment = Impairment(Direction.UPLINK, seed, conditions)
    arrivals = [place * PACKET_NS for place in range(len(kinds))]
    due = [impairment.due_ns(kind, arrived) for kind, arrived in zip(kinds, arrivals, strict=True)]
    passed = [(when, arrived) for when, arrived in zip(due, arrivals, strict=True) if when is not None]
    assert all(when >= arrived for when, arrived in passed)
    assert [when for when, _ in passed] == sorted(when for when, _ in passed)


@given(conditions=CONDITIONS, others=st.lists(KINDS.filter(lambda kind: kind is not PacketKind.RTP)))
@settings(max_examples=50)
def test_what_else_passes_does_not_change_which_rtp_packets_are_lost(
    conditions: DirectionConditions, others: list[PacketKind]
) -> None:
    alone, amid = (Impairment(Direction.DOWNLINK, 5, conditions) for _ in range(2))
    for kind in others:
        amid.due_ns(kind, 0)
    assert [due is None for due in fates(amid, 50)] == [due is None for due in fates(alone, 50)]


def test_conditions_that_change_do_not_shift_the_luck_of_later_packets() -> None:
    half = DirectionConditions(packet_loss_rate=0.5)
    steady, changed = (Impairment(Direction.UPLINK, 1, half) for _ in range(2))
    expected = fates(steady, 200)[100:]
    changed.conditions = DirectionConditions(latency_ms=50)
    fates(changed, 100)
    changed.conditions = half
    assert [due is None for due in fates(changed, 100)] == [due is None for due in expected]


@pytest.mark.parametrize("rate", [0.0, 0.01, 0.05, 0.2, 0.5, 1.0])
def test_as_many_are_lost_as_asked(rate: float) -> None:
    count = 20_000
    lost = fates(Impairment(Direction.UPLINK, 3, DirectionConditions(packet_loss_rate=rate)), count).count(
        None
    )
    assert abs(lost - count * rate) <= 4 * math.sqrt(count * rate * (1 - rate))


@pytest.mark.parametrize("kind", [PacketKind.STUN, PacketKind.OTHER])
def test_what_keeps_the_connection_up_is_late_but_never_lost(kind: PacketKind) -> None:
    impairment = Impairment(
        Direction.UPLINK, 1, DirectionConditions(packet_loss_rate=1, latency_ms=30, jitter_ms=20)
    )
    assert fates(impairment, 10, kind) == [place * PACKET_NS + 30 * NS_PER_MS for place in range(10)]


def test_jitter_strays_evenly_around_the_latency() -> None:
    impairment = Impairment(Direction.UPLINK, 1, DirectionConditions(latency_ms=100, jitter_ms=8))
    due = fates(impairment, 5000)
    late_ms = [(when - place * PACKET_NS) / NS_PER_MS for place, when in enumerate(due) if when is not None]
    assert min(late_ms) >= 92
    assert max(late_ms) <= 108
    assert abs(sum(late_ms) / len(late_ms) - 100) < 0.3


def test_both_directions_have_a_luck_of_their_own() -> None:
    half = DirectionConditions(packet_loss_rate=0.5)
    up, down = (fates(Impairment(direction, 1, half), 100) for direction in Direction)
    assert [due is None for due in up] != [due is None for due in down]
