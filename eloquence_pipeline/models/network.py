"""A network that is worse than it is: what is done to packets, and what was done."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, model_validator

from eloquence_pipeline.models.base import Ratio, Record

MOST_MS = 60_000
"""What comes a minute late is not late."""
MOST_SECONDS = 3600

_MostMs = Annotated[float, Field(ge=0, le=MOST_MS)]
_Seconds = Annotated[float, Field(ge=0, le=MOST_SECONDS)]


class Direction(StrEnum):
    """Which way a packet goes, seen from a participant."""

    UPLINK = "uplink"
    """To the server."""
    DOWNLINK = "downlink"


class DirectionConditions(Record):
    """What one direction of a participant's network does to packets; nothing, by default.

    What happens to a packet, in this order: an outage takes it, it is lost by chance, it is duplicated, it
    waits for the link (or finds the queue full), it comes late.
    """

    packet_loss_rate: Ratio = 0.0
    """Share of the RTP and RTCP packets that is lost."""
    loss_burst_packets: Annotated[float, Field(ge=0, le=1000)] = 0.0
    """How many packets are lost in a row, on average (Gilbert-Elliott); 0 loses each by its own chance."""
    latency_ms: _MostMs = 0.0
    """By how much every packet, and every message of the signalling, comes later."""
    jitter_ms: _MostMs = 0.0
    """How far RTP packets stray around the latency: evenly, by up to this much either way, but not before
    they were sent nor before the packet ahead of them."""
    reorder_rate: Ratio = 0.0
    """Share of the RTP packets that are held back until the one behind has overtaken them."""
    duplication_rate: Ratio = 0.0
    """Share of the RTP packets that arrive twice."""
    bandwidth_kbps: Annotated[float, Field(ge=0, le=1e7)] = 0.0
    """What the link carries, in kbit/s, IP and UDP headers included; 0 is without bounds."""
    queue_ms: _MostMs = 200.0
    """How long media packets wait for the link at most; those that would wait longer are dropped."""
    blackout: bool = False
    """Nothing passes; the signalling stalls until it is over."""
    outage_every_seconds: _Seconds = 0.0
    """Period of a blackout that comes back, as at the handovers of a train; 0 is none. The first
    comes at the end of the first period."""
    outage_seconds: _Seconds = 0.0
    """How long each of them lasts."""

    @model_validator(mode="after")
    def _possible(self) -> Self:
        burst = self.loss_burst_packets
        if 0 < burst < 1:
            raise ValueError(f"a burst of losses is at least 1 packet long, not {burst:g}")
        if burst and self.packet_loss_rate > burst / (burst + 1):
            most = burst / (burst + 1)
            raise ValueError(
                f"with bursts of {burst:g} packets at most {most:.0%} can be lost: a packet passes after each"
            )
        if (self.outage_seconds > 0) != (self.outage_every_seconds > 0):
            raise ValueError("outages need both: how often they come, and how long they last")
        if self.outage_seconds and self.outage_seconds >= self.outage_every_seconds:
            raise ValueError("an outage has to be shorter than the time from one to the next")
        return self

    @property
    def is_clean(self) -> bool:
        """Whether nothing is done to any packet."""
        return self.model_copy(update={"queue_ms": _CLEAN_QUEUE_MS, "loss_burst_packets": 0.0}) == _CLEAN


_CLEAN = DirectionConditions()
_CLEAN_QUEUE_MS = _CLEAN.queue_ms


class NetworkConditions(Record):
    """What the network does to one participant."""

    uplink: DirectionConditions = _CLEAN
    downlink: DirectionConditions = _CLEAN
    seed: NonNegativeInt = 0
    """The same seed treats the n-th RTP packet of a direction alike, whoever the participant is."""

    def of(self, direction: Direction) -> DirectionConditions:
        """Return what one direction does."""
        return self.uplink if direction is Direction.UPLINK else self.downlink

    @property
    def is_clean(self) -> bool:
        """Whether nothing is done to any packet."""
        return self.uplink.is_clean and self.downlink.is_clean


class NetworkPlan(Record):
    """A network that was asked for."""

    name: str
    """Of the profile; empty where conditions were given by themselves."""
    conditions: NetworkConditions


class AddedDelay(Record):
    """By how much packets were held up, from their arrival at the relay until they were sent on."""

    count: NonNegativeInt
    mean_ms: NonNegativeFloat
    min_ms: NonNegativeFloat
    max_ms: NonNegativeFloat

    @classmethod
    def together(cls, several: Iterable[AddedDelay | None]) -> AddedDelay | None:
        """Return the delay of the packets of several streams; None without any."""
        known = [one for one in several if one is not None and one.count]
        if not known:
            return None
        count = sum(one.count for one in known)
        return cls(
            count=count,
            mean_ms=sum(one.mean_ms * one.count for one in known) / count,
            min_ms=min(one.min_ms for one in known),
            max_ms=max(one.max_ms for one in known),
        )


class StreamCount(Record):
    """What became of the packets of one RTP stream."""

    ssrc: NonNegativeInt
    forwarded: NonNegativeInt = 0
    """Sent on or still to be; copies are not counted."""
    lost: NonNegativeInt = 0
    """Dropped by chance, alone or in bursts."""
    lost_in_queue: NonNegativeInt = 0
    """Dropped because the link's queue was full."""
    lost_in_outage: NonNegativeInt = 0
    """Dropped in a blackout."""
    duplicated: NonNegativeInt = 0
    reordered: NonNegativeInt = 0
    """Sent on after a packet that had come behind them."""
    added_delay: AddedDelay | None = None

    @property
    def dropped(self) -> int:
        """How many were not sent on, whatever the cause."""
        return self.lost + self.lost_in_queue + self.lost_in_outage

    @property
    def arrived(self) -> int:
        """How many came to the relay."""
        return self.forwarded + self.dropped

    @classmethod
    def together(cls, several: Iterable[StreamCount]) -> StreamCount:
        """Return the counts of several streams as one; its SSRC is 0."""
        counts = list(several)
        names = ("forwarded", "lost", "lost_in_queue", "lost_in_outage", "duplicated", "reordered")
        sums = {name: sum(getattr(count, name) for count in counts) for name in names}
        delay = AddedDelay.together(count.added_delay for count in counts)
        return cls(ssrc=0, added_delay=delay, **sums)


class DirectionCount(Record):
    """What the relay has seen in one direction of a participant."""

    direction: Direction
    streams: tuple[StreamCount, ...]
    """In the order in which they began."""
    rtcp_forwarded: NonNegativeInt
    rtcp_dropped: NonNegativeInt
    others: NonNegativeInt
    """STUN, DTLS and whatever else was sent on."""
    others_dropped: NonNegativeInt
    """Only a blackout drops those."""

    @property
    def total(self) -> StreamCount:
        """The RTP packets of all streams; the SSRC is 0."""
        return StreamCount.together(self.streams)


class RelayedParticipant(Record):
    """What the relay has done to one participant."""

    identity: str
    uplink: DirectionCount
    downlink: DirectionCount

    def of(self, direction: Direction) -> DirectionCount:
        """Return what was done in one direction."""
        return self.uplink if direction is Direction.UPLINK else self.downlink


class RelayReport(Record):
    """What the relay has done so far: the truth that measurements are compared with."""

    participants: tuple[RelayedParticipant, ...]
    """In the order in which they were given their addresses."""
    lateness_median_ms: float
    """How much later than it was due a packet was sent on; of those that were to be sent on at once, how long
    it took."""
    lateness_p99_ms: float
    lateness_max_ms: float

    def of(self, identity: str) -> RelayedParticipant:
        """Return what was done to one participant.

        Raises
        ------
        KeyError
            If it never had an address.
        """
        for participant in self.participants:
            if participant.identity == identity:
                return participant
        raise KeyError(identity)

    def stream_totals(self, direction: Direction) -> StreamCount:
        """Return the RTP packets of all participants in one direction; the SSRC is 0."""
        return StreamCount.together(participant.of(direction).total for participant in self.participants)


class NetworkTruth(Record):
    """What was asked of the network of a call, and what the relay says that it did."""

    plan: NetworkPlan | None
    """None if nothing was asked for at the beginning."""
    changed_in_call: bool
    """Whether a test of the user's own changed the conditions after that."""
    report: RelayReport


class NetworkFigures(Record):
    """What a simulated network did to the speech on its way to the server, next to what was measured."""

    name: str
    """Of the profile; empty where conditions were given by themselves."""
    conditions: str
    """As they can be given to ``--network``; empty where nothing was to be done."""
    changed_in_call: bool
    """Whether a test of the user's own changed the conditions in mid-call."""
    uplink: StreamCount
    """The RTP packets of all speakers, as the relay counted them; the SSRC is 0."""
    injected_loss_ratio: Ratio | None
    """Dropped over arrived RTP packets at the relay; None without any."""
    measured_loss_ratio: Ratio | None
    """What the listener found: ``rtp.packet_loss_ratio``, which holds the real network's loss as well."""
    added_delay_ms: NonNegativeFloat | None
    """By how much the relay held up an RTP packet, on average."""
    measured_network_ms: float | None
    """The median delay of single packets: ``budget.network.median_ms``, the real network included."""
    relay_lateness_p99_ms: float
    """How much later than due 99 % of the packets were sent on at most: the relay's own error."""
