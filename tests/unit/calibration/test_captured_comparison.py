"""Where relay, capture and result disagree, it is said; where they agree, nothing else is."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from calibration.captured.calls import LISTENER, SPEAKER, MadeCall
from calibration.captured.comparison import CallTruth, asked_bounds_of, bounds_of, interval_of, truth_of
from calibration.captured.conditions import PLANS, CallPlan
from calibration.captured.document import text
from calibration.captured.newest import expected_counts, packet_times
from calibration.captured.packets import Address, Kind, Packet
from calibration.captured.sniffer import Captured, Sniffer
from calibration.document import Circumstances
from eloquence_pipeline.clock import Instant
from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.measurement.rtp import StatisticsSample
from eloquence_pipeline.models import Direction, InboundRtp, RelayedParticipant, RelayReport
from eloquence_pipeline.transport.network.impairment import Impairment
from eloquence_pipeline.transport.network.packets import PacketKind
from eloquence_pipeline.transport.network.tally import Tally

pytestmark = pytest.mark.unit

MS = 1_000_000
PACKETS, PACKET_NS = 800, 20 * MS
BEGINS_NS, WALL_NS = 5_000 * MS, 1_700_000_000_000 * MS
SDK_NS = 3 * MS
"""The SDK's wall clock is ahead of the kernel's."""
SPEECH, HEARD = 11, 22
SERVER = ("127.0.0.1", 9)
DOORS = {SPEAKER: ("127.0.0.1", 1), LISTENER: ("127.0.0.1", 2)}
FIRST, SHIFT = 65_400, 1_234


class SyntheticCall:
    """A call as it is captured: speaker, relay, server, relay, listener; each way takes 0.1 ms."""

    def __init__(self, plan: CallPlan) -> None:
        self.plan = plan
        self.tallies = {identity: {direction: Tally() for direction in Direction} for identity in DOORS}
        self.packets: list[Packet] = []
        handed_over = BEGINS_NS + np.arange(2 * PACKETS) * PACKET_NS // 2
        sent = [(int(handed_over[2 * place + 1]) + MS // 10, FIRST + place) for place in range(PACKETS)]
        up = self._relayed(SPEAKER, Direction.UPLINK, SPEECH, sent)
        seen: set[int] = set()
        forwarded: list[tuple[int, int]] = []
        for at_ns, number in up:  # the server sends on what comes, but no copies
            if number not in seen:
                forwarded.append((at_ns + MS // 10, number + SHIFT))
            seen.add(number)
        self.received = self._relayed(LISTENER, Direction.DOWNLINK, HEARD, forwarded)
        self.handed_over_ns = handed_over

    def _relayed(
        self, identity: str, direction: Direction, ssrc: int, sent: list[tuple[int, int]]
    ) -> list[tuple[int, int]]:
        conditions = {SPEAKER: self.plan.speaker, LISTENER: self.plan.listener}[identity]
        impairment = Impairment(direction, conditions.seed, conditions.of(direction), BEGINS_NS)
        tally, data = self.tallies[identity][direction], bytes(8) + ssrc.to_bytes(4, "big")
        waiting: list[tuple[int, int, int, int]] = []
        for at_ns, number in sent:
            self._capture(identity, direction, at_ns, number, ssrc, arriving=True)
            fate = impairment.fate(PacketKind.RTP, 100, at_ns)
            tally.note(PacketKind.RTP, data, len(fate.due_ns), fate.cause)
            waiting += [(due_ns, len(waiting) + i, number, at_ns) for i, due_ns in enumerate(fate.due_ns)]
        for due_ns, order, number, at_ns in sorted(waiting):
            tally.note_sent(data, order, due_ns - at_ns)
            self._capture(identity, direction, due_ns + MS // 20, number, ssrc, arriving=False)
        return [(due_ns + MS // 20, number) for due_ns, _, number, _ in sorted(waiting)]

    def _capture(
        self, identity: str, direction: Direction, at_ns: int, number: int, ssrc: int, *, arriving: bool
    ) -> None:
        near: Address = ("127.0.0.1", 100)
        is_uplink = direction is Direction.UPLINK
        way = (near, DOORS[identity]) if arriving == is_uplink else (("127.0.0.1", 50), SERVER)
        source, target = way if is_uplink else way[::-1]
        self.packets.append(
            Packet(at_ns + WALL_NS, source, target, 100, Kind.RTP, ssrc, number % 65_536, payload_type=111)
        )

    def statistics(self) -> list[StatisticsSample]:
        """What the listener's SDK says every 130 ms, having read each packet 0.2 ms after it came.

        The time is that of the newest packet in order, the counts are those of all.
        """
        samples: list[StatisticsSample] = []
        came = sorted(self.received)
        # SRTP discards copies.
        first_copies = [
            one for place, one in enumerate(came) if one[1] not in {number for _, number in came[:place]}
        ]
        for now_ns in range(came[40][0] + 5 * MS, came[-1][0], 130 * MS):
            so_far = [(at_ns, number) for at_ns, number in first_copies if at_ns + MS // 5 <= now_ns]
            highest = np.maximum.accumulate([number for _, number in so_far])
            gaps = np.diff(highest)
            # A gap of more than 50 packets is a new beginning for libwebrtc.
            expected = int(highest[-1] - highest[0] + 1 - (gaps[gaps > 50] - 1).sum())
            in_order = [
                at_ns for (at_ns, number), most in zip(so_far, highest, strict=True) if number == most
            ]
            stream: dict[str, Any] = {
                **{field.alias or name: 0 for name, field in InboundRtp.model_fields.items()},
                "type": "inbound-rtp",
                "ssrc": HEARD,
                "packetsReceived": len(so_far),
                "packetsLost": expected - len(so_far),
                "lastPacketReceivedTimestamp": (in_order[-1] + MS // 5 + WALL_NS + SDK_NS) / MS,
                "jitter": 0.001,
            }
            samples.append(StatisticsSample(now_ns, now_ns, now_ns + WALL_NS + SDK_NS, (stream,)))
        return samples

    def made(self) -> MadeCall:
        participants = tuple(
            RelayedParticipant(
                identity=identity,
                uplink=tallies[Direction.UPLINK].count(Direction.UPLINK),
                downlink=tallies[Direction.DOWNLINK].count(Direction.DOWNLINK),
            )
            for identity, tallies in self.tallies.items()
        )
        report = RelayReport(
            participants=participants, lateness_median_ms=0, lateness_p99_ms=0, lateness_max_ms=0
        )
        captured = Captured(sorted(self.packets), 0, WALL_NS, 0)
        doors = {identity: {door} for identity, door in DOORS.items()}
        started = Instant(wall=datetime.fromtimestamp(WALL_NS / 1e9, UTC), monotonic_ns=0, clock_id="test")
        return MadeCall(
            self.plan, report, captured, doors, self.handed_over_ns, [], self.statistics(), (HEARD,), started
        )


def truth(plan: CallPlan) -> CallTruth:
    return truth_of(SyntheticCall(plan).made())


# A link of 64 kbit/s is wide enough for these packets.
@pytest.mark.parametrize(
    "plan", [plan for plan in PLANS if plan.name != "narrow link"], ids=lambda plan: plan.name
)
def test_what_the_relay_counts_is_what_is_captured(plan: CallPlan) -> None:
    about_chance = " in 95 % of all calls "
    differing = [
        bound for bound in bounds_of(truth(plan)) if not bound.holds and about_chance not in bound.required
    ]
    assert differing == []


@pytest.mark.parametrize("field", ["forwarded", "lost", "duplicated", "reordered"])
def test_a_count_that_is_one_more_is_found(field: str) -> None:
    call = truth(PLANS[2])
    relay = call.streams[0].relay
    assert relay is not None
    more = relay.model_copy(update={field: getattr(relay, field) + 1})
    told = call.model_copy(
        update={"streams": [call.streams[0].model_copy(update={"relay": more}), *call.streams[1:]]}
    )
    before, after = ({bound for bound in bounds_of(one) if not bound.holds} for one in (call, told))
    (found,) = after - before
    assert "arrived, dropped, doubled" in found.required


def test_a_stream_that_only_one_of_them_knows_is_found() -> None:
    call = truth(PLANS[0])
    unseen = call.model_copy(update={"streams": call.streams[1:], "uncaptured": [SPEECH]})
    uncounted = call.model_copy(
        update={"streams": [stream.model_copy(update={"relay": None}) for stream in call.streams]}
    )
    for one in (unseen, uncounted):
        assert [bound for bound in bounds_of(one) if not bound.holds]


def test_a_capture_that_lost_packets_proves_nothing() -> None:
    call = truth(PLANS[0]).model_copy(update={"lost_by_capture": 1})
    assert not bounds_of(call)[0].holds


def test_packets_are_followed_through_the_server_over_wraps_and_losses() -> None:
    synthetic = SyntheticCall(PLANS[2])
    times = packet_times(synthetic.made())
    assert len(times.delay_ms) == len(synthetic.received)
    assert times.delay_ms.min() >= 2 * 70
    assert times.delay_ms.max() <= 2 * 90 + 1


@pytest.mark.parametrize("name", ["clean", "loss", "loss, latency and jitter", "duplicates", "reordering"])
def test_the_counts_of_the_listener_follow_from_the_captured_packets(name: str) -> None:
    call = truth(next(plan for plan in PLANS if plan.name == name))
    assert call.expected is not None
    assert call.expected.unnoticed == 0
    assert (call.expected.received, call.expected.missing) == call.counted


def test_an_overtaken_packet_after_the_newest_is_counted_whenever_the_call_ends() -> None:
    made = SyntheticCall(next(plan for plan in PLANS if plan.name == "reordering")).made()
    for end in range(2, len(made.listener)):
        last = made.listener[end - 1].entries[0]
        expected = expected_counts(replace(made, listener=made.listener[:end]))
        assert expected is not None
        assert (expected.received, expected.missing) == (last["packetsReceived"], last["packetsLost"])


def test_gaps_that_the_listener_takes_for_a_new_beginning_are_told_apart() -> None:
    call = truth(next(plan for plan in PLANS if plan.name == "blackout of 3 s"))
    assert call.expected is not None
    # The second blackout goes on to the end of the call, so no packet after it says that anything is missing.
    assert call.expected.missing == call.expected.unnoticed == 150


def test_the_delay_of_the_newest_packets_is_found_low_where_packets_stray() -> None:
    newest = truth(PLANS[-2]).newest
    assert newest is not None
    assert newest.median_error_ms == pytest.approx(0.2, abs=0.05)
    assert newest.mean_ms - newest.expected_mean_ms == pytest.approx(newest.predicted_ms, abs=0.1)
    assert 1.0 < newest.predicted_ms < 2.5


def test_an_overtaken_first_packet_shifts_the_others_and_is_found() -> None:
    reordering = next(plan for plan in PLANS if plan.name == "reordering")
    seen = [number for _, number in sorted(SyntheticCall(reordering).received)]
    newest = truth(reordering).newest
    assert newest is not None
    assert newest.shifted_packets == seen[0] - min(seen) > 0
    assert newest.median_error_ms == pytest.approx(0.2, abs=0.05)


def test_bursts_make_the_count_of_losses_less_certain() -> None:
    alone, bursts = interval_of(1000, 0.1), interval_of(1000, 0.1, burst=4)
    assert alone == (82, 119)
    assert bursts[0] < alone[0] < 100 < alone[1] < bursts[1]


CIRCUMSTANCES = Circumstances(date="2026-01-01", commit="abc", machine="one", versions="two")


def test_the_document_shows_every_network_and_what_was_asked_of_it() -> None:
    calls = [truth(plan) for plan in PLANS]
    document = text(calls, CIRCUMSTANCES)
    for plan in PLANS:
        assert plan.network in document
    for bound in (bound for call in calls for bound in asked_bounds_of(call)):
        assert f"| {bound.required} | {bound.measured} |" in document
    assert "python -m calibration.captured" in document


def test_the_document_names_what_does_not_hold() -> None:
    call = truth(PLANS[0])
    count = len(bounds_of(call))
    good, bad = (text([one], CIRCUMSTANCES) for one in (call, call.model_copy(update={"lost_by_capture": 3})))
    assert f"{count} of {count} requirements hold" in good
    assert f"{count - 1} of {count} requirements hold" in bad
    assert "every packet captured" in bad
    assert "**no**" in bad
    assert "**no**" not in good


def test_who_may_not_capture_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise PermissionError

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(ConfigurationError, match="CAP_NET_RAW") as raised:
        Sniffer()
    assert "root" in raised.value.remedy
