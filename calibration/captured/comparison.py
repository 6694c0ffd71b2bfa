"""Relay, capture, what was asked and what the result says: whether they agree, and where not."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import chain

from pydantic import BaseModel
from scipy import stats

from calibration.bounds import Bound
from calibration.captured.calls import LISTENER, SPEAKER, MadeCall
from calibration.captured.conditions import CallPlan
from calibration.captured.matching import PassageFigures, figures, passages
from calibration.captured.newest import ListenerCounts, NewestFigures, expected_counts, newest_figures
from calibration.captured.packets import Kind, Packet
from eloquence_pipeline.measurement.rtp import rtp_figures
from eloquence_pipeline.models import Direction, DirectionConditions, DirectionCount, StreamCount

MOST_MEAN_DIFFERENCE_MS = 0.5
"""The relay's clock starts when it has read a packet and stops before it sends it; the kernel's do not."""
MOST_LATE_MS = 5.0
"""That a busy machine may hold up a packet beyond what was asked."""
MOST_OFF_MS = 0.3
"""Of a packet's delay in the result, in the median, besides the uncertainty of the clocks that it states: the
SDK's time is that at which it reads the packet."""
_SHARE = 0.95
_PACKET_MS = 20.0


class StreamTruth(BaseModel):
    """One stream, as seen from outside and as the relay counted it."""

    participant: str
    direction: Direction
    ssrc: int
    asked: DirectionConditions
    captured: PassageFigures
    relay: StreamCount | None


class Counts(BaseModel):
    """Control packets of one direction: what came to the relay, as captured and as it counted."""

    participant: str
    direction: Direction
    captured: int
    relay: int


class CallTruth(BaseModel):
    """What a call comes down to."""

    name: str
    network: str
    both: bool
    packets: int
    lost_by_capture: int
    clock_drift_ms: float
    streams: list[StreamTruth]
    uncaptured: list[int]
    """Streams that the relay counted and nobody saw."""
    rtcp: list[Counts]
    counted: tuple[int, int] | None
    """Packets received and lost in the result."""
    expected: ListenerCounts | None
    """The same, by the capture."""
    newest: NewestFigures | None


def truth_of(made: MadeCall) -> CallTruth:
    """Return what can be compared of a call."""
    streams: list[StreamTruth] = []
    uncaptured: list[int] = []
    for identity, doors in made.doors.items():
        counts = {
            (direction, stream.ssrc): stream
            for direction in Direction
            for stream in made.report.of(identity).of(direction).streams
        }
        asked = _asked(made.plan, identity)
        for passage in passages(made.captured.packets, doors):
            relay = counts.pop((passage.direction, passage.ssrc), None)
            streams.append(
                StreamTruth(
                    participant=identity,
                    direction=passage.direction,
                    ssrc=passage.ssrc,
                    asked=asked[passage.direction],
                    captured=figures(passage),
                    relay=relay,
                )
            )
        uncaptured += [ssrc for _, ssrc in counts]
    inbound = rtp_figures([made.speaker], made.listener, made.ssrcs).inbound
    return CallTruth(
        name=made.plan.name,
        network=made.plan.network,
        both=made.plan.both,
        packets=len(made.captured.packets),
        lost_by_capture=made.captured.lost,
        clock_drift_ms=made.captured.clock_drift_ns / 1e6,
        streams=streams,
        uncaptured=uncaptured,
        rtcp=[_rtcp(made, identity, direction) for identity in made.doors for direction in Direction],
        counted=(inbound.packets_received, inbound.packets_lost) if inbound else None,
        expected=expected_counts(made),
        newest=newest_figures(made),
    )


def _asked(plan: CallPlan, identity: str) -> dict[Direction, DirectionConditions]:
    conditions = {SPEAKER: plan.speaker, LISTENER: plan.listener}[identity]
    return {direction: conditions.of(direction) for direction in Direction}


def _rtcp(made: MadeCall, identity: str, direction: Direction) -> Counts:
    """Count control packets at the participant's side of the relay: what came up, or what went down."""
    doors = made.doors[identity]

    def passes(packet: Packet) -> bool:
        return (packet.target if direction is Direction.UPLINK else packet.source) in doors

    count: DirectionCount = made.report.of(identity).of(direction)
    return Counts(
        participant=identity,
        direction=direction,
        captured=sum(packet.kind is Kind.RTCP and passes(packet) for packet in made.captured.packets),
        relay=count.rtcp_forwarded + (count.rtcp_dropped if direction is Direction.UPLINK else 0),
    )


def bounds_of(call: CallTruth) -> list[Bound]:
    """Return everything that is required of a call."""
    found = [
        Bound(
            "every packet captured",
            f"{call.packets} packets, {call.lost_by_capture} lost",
            call.packets > 0 and call.lost_by_capture == 0,
        ),
        Bound(
            "the speech of both participants captured, and no stream that the relay alone knows",
            f"{len(call.streams)} streams, {len(call.uncaptured)} unseen",
            not call.uncaptured
            and {(SPEAKER, Direction.UPLINK), (LISTENER, Direction.DOWNLINK)}
            <= {(stream.participant, stream.direction) for stream in call.streams},
        ),
        Bound(
            "control packets as the relay counted them",
            ", ".join(f"{one.captured} and {one.relay}" for one in call.rtcp),
            all(one.captured == one.relay for one in call.rtcp),
        ),
    ]
    found += chain.from_iterable(_same(stream) for stream in call.streams)
    return [*_named(call, found), *asked_bounds_of(call), *_named(call, _in_the_result(call))]


def asked_bounds_of(call: CallTruth) -> list[Bound]:
    """Return what is required of a call by what was asked of its network."""
    return _named(call, [bound for stream in call.streams for bound in _as_asked(stream)])


def _named(call: CallTruth, bounds: Iterable[Bound]) -> list[Bound]:
    return [bound._replace(required=f"{call.name}: {bound.required}") for bound in bounds]


def name_of(stream: StreamTruth) -> str:
    """Return what a stream is called in tables."""
    return f"{stream.participant}, {stream.direction}"


def _same(stream: StreamTruth) -> list[Bound]:
    """Compare a stream with the relay's counts."""
    seen, told, name = stream.captured, stream.relay, name_of(stream)
    if told is None:
        return [Bound(f"{name}: counted by the relay", "not at all", holds=False)]
    sent = told.added_delay.count if told.added_delay else 0
    of_capture = (seen.arrived, seen.dropped, seen.doubled, seen.overtaken, seen.sent, seen.unexplained)
    of_relay = (told.arrived, told.dropped, told.duplicated, told.reordered, sent, 0)
    same = [
        Bound(
            f"{name}: arrived, dropped, doubled, overtaken, sent, out of nowhere",
            f"captured {_row(of_capture)}, relay {_row(of_relay)}",
            of_capture == of_relay,
        )
    ]
    if seen.delay and told.added_delay:
        difference_ms = seen.delay.mean_ms - told.added_delay.mean_ms
        same.append(
            Bound(
                f"{name}: mean delay within {MOST_MEAN_DIFFERENCE_MS:g} ms of the relay's",
                f"{seen.delay.mean_ms:.2f} ms, {difference_ms:+.2f} ms from it",
                abs(difference_ms) <= MOST_MEAN_DIFFERENCE_MS,
            )
        )
    return same


def _row(counts: tuple[int, ...]) -> str:
    return " ".join(map(str, counts))


def _as_asked(stream: StreamTruth) -> list[Bound]:
    """Compare a stream with what was asked for."""
    asked, seen, name = stream.asked, stream.captured, name_of(stream)
    required = [_loss(stream)]
    if asked.duplication_rate:
        required.append(
            _share(f"{name}: doubled", seen.doubled, seen.arrived - seen.dropped, asked.duplication_rate)
        )
    if asked.reorder_rate:
        # One that is held back together with the one behind it is not overtaken.
        rate = asked.reorder_rate * (1 - asked.reorder_rate)
        required.append(_share(f"{name}: overtaken", seen.overtaken, seen.arrived, rate))
    if asked.outage_seconds:
        dark_ms = asked.outage_seconds * 1000
        holds = dark_ms - _PACKET_MS <= seen.longest_gap_ms <= dark_ms + 2 * _PACKET_MS + MOST_LATE_MS
        required.append(Bound(f"{name}: nothing for {dark_ms:g} ms", f"{seen.longest_gap_ms:.0f} ms", holds))
    if asked.bandwidth_kbps:
        holds = seen.kbps <= asked.bandwidth_kbps
        required.append(
            Bound(f"{name}: at most {asked.bandwidth_kbps:g} kbit/s", f"{seen.kbps:.1f} kbit/s", holds)
        )
    return [*required, *_delay_as_asked(stream)]


def _loss(stream: StreamTruth) -> Bound:
    asked, seen, name = stream.asked, stream.captured, name_of(stream)
    if asked.packet_loss_rate:
        return _share(
            f"{name}: dropped",
            seen.dropped,
            seen.arrived,
            asked.packet_loss_rate,
            burst=asked.loss_burst_packets,
        )
    if not (asked.bandwidth_kbps or asked.outage_seconds):
        return Bound(f"{name}: none dropped", str(seen.dropped), seen.dropped == 0)
    # What the speaker's network took never comes to the listener's, which may have nothing left to do.
    at_least = int(stream.participant == SPEAKER)
    return Bound(f"{name}: at least {at_least} dropped", str(seen.dropped), seen.dropped >= at_least)


def _share(what: str, count: int, of: int, asked: float, *, burst: float = 0.0) -> Bound:
    low, high = interval_of(of, asked, burst)
    return Bound(
        f"{what}, of {of} at {asked:.2%} in 95 % of all calls {low} to {high}",
        f"{count} ({count / of:.2%})" if of else "no packet",
        low <= count <= high,
    )


def interval_of(of: int, rate: float, burst: float = 0.0) -> tuple[int, int]:
    """Return between which counts 95 % of all calls lie.

    Binomial; in bursts a loss says little about the next packet's, and counts for as many fewer: the
    variance of a sum over a chain of two states is (1 + r) / (1 - r) times the binomial one, where
    r = 1 - 1 / burst - rate / (burst (1 - rate)) is the correlation of neighbours.

    Parameters
    ----------
    of
        Packets.
    rate
        With which each is lost.
    burst
        How many are lost in a row on average; 0 for each by its own chance.
    """
    if not burst:
        low, high = stats.binom.interval(_SHARE, of, rate)
        return int(low), int(high)
    correlation = 1 - 1 / burst - rate / (burst * (1 - rate))
    deviation = math.sqrt(of * rate * (1 - rate) * (1 + correlation) / (1 - correlation))
    half = float(stats.norm.ppf((1 + _SHARE) / 2)) * deviation
    return max(0, math.ceil(of * rate - half)), min(of, math.floor(of * rate + half))


def _delay_as_asked(stream: StreamTruth) -> list[Bound]:
    asked, delay, name = stream.asked, stream.captured.delay, name_of(stream)
    if delay is None:
        return [Bound(f"{name}: packets sent", "none", holds=False)]
    least_ms = max(0.0, asked.latency_ms - asked.jitter_ms)
    most_ms = asked.latency_ms + asked.jitter_ms + (asked.queue_ms if asked.bandwidth_kbps else 0.0)
    required = [
        Bound(
            f"{name}: no packet late by less than {least_ms:g} ms",
            f"{delay.min_ms:.2f} ms",
            delay.min_ms >= least_ms,
        )
    ]
    if not asked.reorder_rate:  # what is held back waits for longer
        # What waits for the link for as long as it may still has to pass it.
        link_ms = stream.captured.largest_bytes * 8 / asked.bandwidth_kbps if asked.bandwidth_kbps else 0.0
        required.append(
            Bound(
                f"{name}: 99 % late by at most {most_ms:g} ms and {MOST_LATE_MS + link_ms:.3g} ms more",
                f"{delay.p99_ms:.2f} ms",
                delay.p99_ms <= most_ms + MOST_LATE_MS + link_ms,
            )
        )
    return required


def _in_the_result(call: CallTruth) -> list[Bound]:
    """Compare what the SDK says, and with it the result."""
    expected, newest = call.expected, call.newest
    noticed = (expected.received, expected.missing - expected.unnoticed) if expected else None
    required = [
        Bound(
            "packets received and lost, as the listener's statistics say",
            f"captured {_pair(noticed)}, result {_pair(call.counted)}",
            noticed is not None and noticed == call.counted,
        )
    ]
    if newest is not None:
        most_ms = newest.uncertainty_ms + MOST_OFF_MS
        required.append(
            Bound(
                f"median error of the delays of single packets in the result at most {most_ms:.2f} ms",
                f"{newest.median_error_ms:+.2f} ms, {newest.samples} packets; the largest "
                f"{newest.largest_error_ms:.2f} ms",
                abs(newest.median_error_ms) <= most_ms,
            )
        )
    return required


def _pair(counts: tuple[int, int] | None) -> str:
    return " ".join(map(str, counts)) if counts else "none"
