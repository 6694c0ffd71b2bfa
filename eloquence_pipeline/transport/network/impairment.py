"""What becomes of each packet of one direction: lost, or sent on at some moment, once or twice."""

from __future__ import annotations

from enum import StrEnum
from random import Random
from typing import NamedTuple

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND
from eloquence_pipeline.models import Direction, DirectionConditions
from eloquence_pipeline.transport.network.packets import PacketKind

HEADER_BYTES = 28
"""Of IPv4 and UDP, which the link carries as well."""
HELD_BACK_MS = 30.0
"""A packet that is to be overtaken waits for one packet of 20 ms and a half."""

_BITS_PER_BYTE = 8
_MEDIA = (PacketKind.RTP, PacketKind.RTCP)


class Cause(StrEnum):
    """Why a packet is not sent on."""

    CHANCE = "chance"
    QUEUE = "queue"
    OUTAGE = "outage"


class Luck(NamedTuple):
    """The random numbers of one packet, each even from 0 to 1."""

    loss: float
    jitter: float
    duplication: float
    reordering: float


class Fate(NamedTuple):
    """What becomes of a packet: when each of its copies is sent on; none if it is lost, and why."""

    due_ns: tuple[int, ...]
    cause: Cause | None = None


class Impairment:
    """Decide about the packets of one direction of one participant, in the order in which they come.

    Each RTP packet draws its random numbers whatever the conditions are, so the n-th packet has the same
    luck in every run of the seed, also when conditions were changed before it.

    Loss in bursts is that of a channel with a good state, which loses nothing, and a bad one, which loses
    everything: the model of E. N. Gilbert (Capacity of a burst-noise channel, Bell System Technical
    Journal 39, 1960) in the form of E. O. Elliott (Estimates of error rates for codes on burst-noise
    channels, the same 42, 1963). With a mean burst of L packets and the loss rate P, the bad state is left
    with the chance r = 1 / L a packet and entered with p = P r / (1 - P), so that in the long run
    p / (p + r) = P.

    Parameters
    ----------
    direction, seed
        What the random numbers depend on.
    conditions
        See :meth:`change`.
    begins_ns
        From when the periods of outages are counted, on the measuring clock.
    """

    def __init__(
        self, direction: Direction, seed: int, conditions: DirectionConditions, begins_ns: int = 0
    ) -> None:
        # Losing RTCP must not shift the luck of the RTP packets after it.
        self._luck = {kind: Random(f"{seed}/{direction}/{kind}") for kind in _MEDIA}  # noqa: S311 - no secret
        self._in_burst = False
        self._last_due_ns = 0
        self._link_free_ns = 0
        self.change(conditions, begins_ns)

    def change(self, conditions: DirectionConditions, at_ns: int) -> None:
        """Change what the network does from now on; what has its time already keeps it.

        Parameters
        ----------
        conditions
            Those of the direction.
        at_ns
            From when the periods of outages are counted.
        """
        self.conditions = conditions
        self._begins_ns = at_ns

    def fate(self, kind: PacketKind, size: int, arrived_ns: int) -> Fate:
        """Return what becomes of a packet.

        STUN and DTLS are lost in a blackout only: whether a connection comes up over a network that loses
        packets is not what is tried here.

        Parameters
        ----------
        kind, size
            Of the packet, in bytes.
        arrived_ns
            When it came, on the measuring clock.
        """
        conditions = self.conditions
        luck = self._draw(kind)
        lost = self._lost_by_chance(kind, luck)
        if self.is_dark(arrived_ns):
            return Fate((), Cause.OUTAGE)
        if lost:
            return Fate((), Cause.CHANCE)
        copies = 2 if kind is PacketKind.RTP and luck.duplication < conditions.duplication_rate else 1
        through = [self._through_link(kind, size, arrived_ns) for _ in range(copies)]
        due_ns = tuple(self._late(kind, luck, passed_ns) for passed_ns in through if passed_ns is not None)
        return Fate(due_ns, None if due_ns else Cause.QUEUE)

    def is_dark(self, now_ns: int) -> bool:
        """Whether nothing passes at this moment."""
        return self.dark_until_ns(now_ns) > now_ns

    def dark_until_ns(self, now_ns: int) -> int:
        """Return when something passes again: `now_ns` if it does, a second later in an endless blackout."""
        conditions = self.conditions
        if conditions.blackout:
            return now_ns + NANOSECONDS_PER_SECOND
        if not conditions.outage_seconds:
            return now_ns
        period_ns = round(conditions.outage_every_seconds * NANOSECONDS_PER_SECOND)
        outage_ns = round(conditions.outage_seconds * NANOSECONDS_PER_SECOND)
        into_ns = (now_ns - self._begins_ns) % period_ns
        return now_ns if into_ns < period_ns - outage_ns else now_ns + period_ns - into_ns

    def _draw(self, kind: PacketKind) -> Luck:
        if kind not in self._luck:
            return Luck(1.0, 0.5, 1.0, 1.0)
        drawn = self._luck[kind].random
        return Luck(drawn(), drawn(), drawn(), drawn())

    def _lost_by_chance(self, kind: PacketKind, luck: Luck) -> bool:
        rate, burst = self.conditions.packet_loss_rate, self.conditions.loss_burst_packets
        if kind not in self._luck:
            return False
        if not burst or not rate:
            self._in_burst = False
            return luck.loss < rate
        if kind is PacketKind.RTP:
            left = 1 / burst
            entered = rate * left / (1 - rate)
            self._in_burst = luck.loss >= left if self._in_burst else luck.loss < entered
        return self._in_burst  # the channel is bad for RTCP when it is bad for RTP

    def _through_link(self, kind: PacketKind, size: int, arrived_ns: int) -> int | None:
        """Return when the packet has passed the link; None if it finds no place in the queue."""
        conditions = self.conditions
        if not conditions.bandwidth_kbps:
            return arrived_ns
        begins_ns = max(arrived_ns, self._link_free_ns)
        if kind in self._luck and begins_ns - arrived_ns > conditions.queue_ms * NANOSECONDS_PER_MILLISECOND:
            return None
        bits = (size + HEADER_BYTES) * _BITS_PER_BYTE
        # kbit/s are bits in a millisecond.
        self._link_free_ns = begins_ns + round(bits / conditions.bandwidth_kbps * NANOSECONDS_PER_MILLISECOND)
        return self._link_free_ns

    def _late(self, kind: PacketKind, luck: Luck, passed_ns: int) -> int:
        conditions = self.conditions
        is_media = kind is PacketKind.RTP
        stray = 2 * luck.jitter - 1 if is_media else 0.0
        delay_ms = max(0.0, conditions.latency_ms + stray * conditions.jitter_ms)
        if is_media and luck.reordering < conditions.reorder_rate:
            held_ms = conditions.latency_ms + conditions.jitter_ms + HELD_BACK_MS
            # Those behind are not to wait for it, so it does not count as the last.
            return max(self._last_due_ns, passed_ns + round(held_ms * NANOSECONDS_PER_MILLISECOND))
        due_ns = passed_ns + round(delay_ms * NANOSECONDS_PER_MILLISECOND)
        self._last_due_ns = max(self._last_due_ns, due_ns)
        return self._last_due_ns
