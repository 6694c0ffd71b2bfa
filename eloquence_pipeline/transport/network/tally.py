"""Counts of what the relay has done, as they grow."""

from __future__ import annotations

from dataclasses import dataclass, field

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND
from eloquence_pipeline.models import AddedDelay, Direction, DirectionCount, StreamCount
from eloquence_pipeline.transport.network.impairment import Cause
from eloquence_pipeline.transport.network.packets import PacketKind, rtp_ssrc

_LATENESS_STEP_NS = 10_000
_LATENESS_STEPS = 20_000


@dataclass
class StreamTally:
    """One RTP stream of one direction."""

    forwarded: int = 0
    dropped: dict[Cause, int] = field(default_factory=lambda: dict.fromkeys(Cause, 0))
    duplicated: int = 0
    reordered: int = 0
    last_sent_number: int = -1
    sent: int = 0
    added_ns: int = 0
    least_ns: int = 0
    most_ns: int = 0

    def note_sent(self, number: int, added_ns: int) -> None:
        """Count a packet that goes on now, the `number`-th of all that came, `added_ns` after it came."""
        self.reordered += number < self.last_sent_number
        self.last_sent_number = max(self.last_sent_number, number)
        self.least_ns = min(self.least_ns, added_ns) if self.sent else added_ns
        self.most_ns = max(self.most_ns, added_ns)
        self.added_ns += added_ns
        self.sent += 1

    def count(self, ssrc: int) -> StreamCount:
        """Return the counts so far."""
        delay = None
        if self.sent:
            delay = AddedDelay(
                count=self.sent,
                mean_ms=self.added_ns / self.sent / NANOSECONDS_PER_MILLISECOND,
                min_ms=self.least_ns / NANOSECONDS_PER_MILLISECOND,
                max_ms=self.most_ns / NANOSECONDS_PER_MILLISECOND,
            )
        return StreamCount(
            ssrc=ssrc,
            forwarded=self.forwarded,
            lost=self.dropped[Cause.CHANCE],
            lost_in_queue=self.dropped[Cause.QUEUE],
            lost_in_outage=self.dropped[Cause.OUTAGE],
            duplicated=self.duplicated,
            reordered=self.reordered,
            added_delay=delay,
        )


class Tally:
    """One direction of one participant."""

    def __init__(self) -> None:
        self._streams: dict[int, StreamTally] = {}
        self._rtcp = [0, 0]
        self._others = [0, 0]

    def note(self, kind: PacketKind, packet: bytes, copies: int, cause: Cause | None) -> None:
        """Count a packet when it is known what becomes of it."""
        if kind is not PacketKind.RTP:
            (self._rtcp if kind is PacketKind.RTCP else self._others)[cause is not None] += 1
            return
        stream = self._streams.setdefault(rtp_ssrc(packet), StreamTally())
        if cause is None:
            stream.forwarded += 1
            stream.duplicated += copies > 1
        else:
            stream.dropped[cause] += 1

    def note_sent(self, packet: bytes, number: int, added_ns: int) -> None:
        """Count an RTP packet that goes on now; see :meth:`StreamTally.note_sent`."""
        self._streams[rtp_ssrc(packet)].note_sent(number, added_ns)

    def count(self, direction: Direction) -> DirectionCount:
        """Return the counts so far."""
        return DirectionCount(
            direction=direction,
            streams=tuple(stream.count(ssrc) for ssrc, stream in self._streams.items()),
            rtcp_forwarded=self._rtcp[0],
            rtcp_dropped=self._rtcp[1],
            others=self._others[0],
            others_dropped=self._others[1],
        )


class Lateness:
    """How late packets were sent on, counted in steps of 0.01 ms: counting takes no time of the packets'."""

    def __init__(self) -> None:
        self._steps = [0] * (_LATENESS_STEPS + 1)
        self._count = 0
        self._most_ns = 0

    def note(self, late_ns: int) -> None:
        """Count a packet."""
        self._steps[min(late_ns // _LATENESS_STEP_NS, _LATENESS_STEPS)] += 1
        self._count += 1
        self._most_ns = max(self._most_ns, late_ns)

    def at(self, share: float) -> float:
        """Return how late, in ms, the packet was than which this `share` of all was not later."""
        passed = 0
        for step, count in enumerate(self._steps):
            passed += count
            if passed and passed >= share * self._count:
                return (step + 0.5) * _LATENESS_STEP_NS / NANOSECONDS_PER_MILLISECOND
        return 0.0

    @property
    def most_ms(self) -> float:
        """The latest packet of all."""
        return self._most_ns / NANOSECONDS_PER_MILLISECOND
