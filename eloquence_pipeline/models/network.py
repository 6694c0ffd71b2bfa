"""A network that is worse than it is: what is done to packets, and what was done."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, NonNegativeInt

from eloquence_pipeline.models.base import Ratio, Record

_MOST_MS = 60_000


class Direction(StrEnum):
    """Which way a packet goes, seen from a participant."""

    UPLINK = "uplink"
    """To the server."""
    DOWNLINK = "downlink"


class DirectionConditions(Record):
    """What one direction of a participant's network does to packets."""

    packet_loss_rate: Ratio = 0.0
    """Share of the RTP and RTCP packets that is lost, each by its own chance."""
    latency_ms: Annotated[float, Field(ge=0, le=_MOST_MS)] = 0.0
    """By how much every packet comes later."""
    jitter_ms: Annotated[float, Field(ge=0, le=_MOST_MS)] = 0.0
    """How far RTP packets stray around the latency: evenly, by up to this much either way, but not before
    they were sent nor before the packet ahead of them."""


class NetworkConditions(Record):
    """What the network does to one participant, or to all."""

    uplink: DirectionConditions = DirectionConditions()
    downlink: DirectionConditions = DirectionConditions()
    seed: NonNegativeInt = 0
    """The same seed treats the n-th RTP packet of a direction alike, whoever the participant is."""


class StreamCount(Record):
    """What became of the packets of one RTP stream."""

    ssrc: NonNegativeInt
    forwarded: NonNegativeInt
    dropped: NonNegativeInt


class DirectionCount(Record):
    """What the relay has seen in one direction of a participant."""

    direction: Direction
    streams: tuple[StreamCount, ...]
    """In the order in which they began."""
    rtcp_forwarded: NonNegativeInt
    rtcp_dropped: NonNegativeInt
    others: NonNegativeInt
    """STUN, DTLS and whatever else; none of it is dropped."""


class RelayedParticipant(Record):
    """One address of a participant that packets came from."""

    ufrag: str
    """ICE user name fragment, ``iceLocalUsernameFragment`` in the participant's own statistics of the
    transport; empty until the address has asked the server for connectivity."""
    address: str
    counts: tuple[DirectionCount, ...]


class RelayReport(Record):
    """What the relay has done so far: the truth that measurements are compared with."""

    participants: tuple[RelayedParticipant, ...]
    lateness_median_ms: float
    """How late delayed packets were sent on; of those that were to be sent on at once, how long it took."""
    lateness_p99_ms: float
    lateness_max_ms: float

    def stream_totals(self, direction: Direction) -> StreamCount:
        """Return the RTP packets of all participants in one direction; the SSRC is 0."""
        counts = [
            stream
            for participant in self.participants
            for count in participant.counts
            if count.direction is direction
            for stream in count.streams
        ]
        return StreamCount(
            ssrc=0,
            forwarded=sum(count.forwarded for count in counts),
            dropped=sum(count.dropped for count in counts),
        )
