"""What happened between two places that each packet of a stream should pass."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
from pydantic import BaseModel

from calibration.captured.packets import Address, Kind, Packet
from eloquence_pipeline.models import Direction

NS_PER_MS = 1_000_000
_WRAP = 1 << 16
_SECOND_NS = (1000 - 5) * NS_PER_MS


class Numbered(NamedTuple):
    """A packet and its number without wraps: the first is what it says, the one after 65535 is 65536."""

    number: int
    packet: Packet


@dataclass
class Passage:
    """The packets of one stream, before the relay and after it, each in the order of time."""

    ssrc: int
    direction: Direction
    arrivals: list[Packet] = field(default_factory=lambda: [])
    departures: list[Packet] = field(default_factory=lambda: [])


class DelayFigures(BaseModel):
    """Delays of single packets."""

    mean_ms: float
    median_ms: float
    p99_ms: float
    min_ms: float
    max_ms: float

    @classmethod
    def of(cls, delays_ns: Sequence[int]) -> DelayFigures | None:
        """Return the figures; None without a packet."""
        if not delays_ns:
            return None
        ms = np.asarray(delays_ns) / NS_PER_MS
        return cls(
            mean_ms=float(ms.mean()),
            median_ms=float(np.median(ms)),
            p99_ms=float(np.percentile(ms, 99)),
            min_ms=float(ms.min()),
            max_ms=float(ms.max()),
        )


class PassageFigures(BaseModel):
    """What happened to a stream.

    Attributes
    ----------
    arrived, sent
        Packets before and after, every one counted.
    dropped
        That arrived and were not sent.
    doubled
        That were sent more often than they arrived.
    overtaken
        Of those sent, copies too: after one that had arrived later.
    unexplained
        That were sent without having arrived.
    came_again
        That arrived with the number of one before: sent anew by their source, not by the relay.
    padded
        Arrived with padding.
    largest_bytes
        Size of the largest that was sent, IP and UDP included.
    longest_gap_ms
        Between two packets sent.
    losses_in_a_row
        Mean length of the runs of dropped packets; 0 without any.
    kbps
        What was sent, IP and UDP included, in the busiest second.
    """

    arrived: int
    sent: int
    dropped: int
    doubled: int
    overtaken: int
    unexplained: int
    came_again: int
    padded: int
    largest_bytes: int
    longest_gap_ms: float
    losses_in_a_row: float
    kbps: float
    delay: DelayFigures | None


def numbered(packets: Iterable[Packet]) -> list[Numbered]:
    """Undo the wraps of 16-bit numbers: each is taken as near as possible to the highest before it."""
    highest: int | None = None
    known: list[Numbered] = []
    for packet in packets:
        if highest is None:
            highest = packet.number
        number = highest + (packet.number - highest + _WRAP // 2) % _WRAP - _WRAP // 2
        highest = max(highest, number)
        known.append(Numbered(number, packet))
    return known


def passages(packets: Sequence[Packet], doors: Collection[Address]) -> list[Passage]:
    """Find the streams that pass a relay.

    Parameters
    ----------
    packets
        In the order of time.
    doors
        Where the relay takes packets of one participant, and sends it packets from.
    """
    rtp = [packet for packet in packets if packet.kind is Kind.RTP]
    direction_of = {packet.ssrc: Direction.UPLINK for packet in rtp if packet.target in doors}
    direction_of |= {packet.ssrc: Direction.DOWNLINK for packet in rtp if packet.source in doors}
    found = {ssrc: Passage(ssrc, direction) for ssrc, direction in direction_of.items()}
    for packet in rtp:
        if (passage := found.get(packet.ssrc)) is None:
            continue
        at_the_participant = packet.target in doors or packet.source in doors
        is_arrival = at_the_participant == (passage.direction is Direction.UPLINK)
        (passage.arrivals if is_arrival else passage.departures).append(packet)
    return list(found.values())


class Matched(NamedTuple):
    """Each packet of a stream that arrived, in this order, with when it was sent on."""

    arrivals: list[Numbered]
    sent_ns: list[list[int]]
    unexplained: int


def match(passage: Passage) -> Matched:
    """Pair arrivals and departures by their numbers.

    Where a number arrived several times, its i-th departure is that of the i-th arrival, and what is left
    over are copies of the last: which it really was cannot be told from outside.
    """
    both = [(packet.at_ns, 0, packet) for packet in passage.arrivals]
    both += [(packet.at_ns, 1, packet) for packet in passage.departures]
    both.sort(key=lambda one: one[:2])
    arrivals: list[Numbered] = []
    sent_ns: list[list[int]] = []
    places: defaultdict[int, list[int]] = defaultdict(list)
    departed: Counter[int] = Counter()
    unexplained = 0
    for (_, is_departure, _), known in zip(both, numbered(packet for *_, packet in both), strict=True):
        if not is_departure:
            places[known.number].append(len(arrivals))
            arrivals.append(known)
            sent_ns.append([])
        elif came := places[known.number]:
            place = came[min(departed[known.number], len(came) - 1)]
            departed[known.number] += 1
            sent_ns[place].append(known.packet.at_ns)
        else:
            unexplained += 1
    return Matched(arrivals, sent_ns, unexplained)


def figures(passage: Passage) -> PassageFigures:
    """Return what happened to a stream."""
    matched = match(passage)
    arrivals, sent_ns = matched.arrivals, matched.sent_ns
    is_lost = [not moments for moments in sent_ns]
    runs = [len(list(run)) for lost, run in groupby(is_lost) if lost]
    delays = [
        at_ns - known.packet.at_ns
        for known, moments in zip(arrivals, sent_ns, strict=True)
        for at_ns in moments
    ]
    moments = sorted(at_ns for several in sent_ns for at_ns in several)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    return PassageFigures(
        arrived=len(arrivals),
        sent=len(delays),
        dropped=sum(is_lost),
        doubled=sum(max(0, len(several) - 1) for several in sent_ns),
        overtaken=_overtaken(sent_ns),
        unexplained=matched.unexplained,
        came_again=len(arrivals) - len({known.number for known in arrivals}),
        padded=sum(known.packet.is_padded for known in arrivals),
        largest_bytes=max((packet.size for packet in passage.departures), default=0),
        longest_gap_ms=max(gaps, default=0) / NS_PER_MS,
        losses_in_a_row=float(np.mean(runs)) if runs else 0.0,
        kbps=_busiest_kbps(passage.departures),
        delay=DelayFigures.of(delays),
    )


def _overtaken(sent_ns: Sequence[Sequence[int]]) -> int:
    places = [place for _, place in sorted((at, i) for i, several in enumerate(sent_ns) for at in several)]
    highest, overtaken = -1, 0
    for place in places:
        overtaken += place < highest
        highest = max(highest, place)
    return overtaken


def _busiest_kbps(packets: Sequence[Packet]) -> float:
    """Return the highest rate within a second, of which the first packet is not counted: it began before.

    The second is shorter by as much as that packet may have been sent late.
    """
    times = [packet.at_ns for packet in packets]
    sums = np.concatenate([[0], np.cumsum([packet.size for packet in packets])])
    busiest = 0
    for place, at_ns in enumerate(times):
        end = bisect_left(times, at_ns + _SECOND_NS)
        busiest = max(busiest, int(sums[end] - sums[place + 1]))
    return busiest * 8 / 1000
