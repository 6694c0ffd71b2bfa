"""The packets between one address of a participant and the server."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field

from eloquence_pipeline.models import (
    Direction,
    DirectionConditions,
    DirectionCount,
    NetworkConditions,
    RelayedParticipant,
    StreamCount,
)
from eloquence_pipeline.transport.network.impairment import Impairment
from eloquence_pipeline.transport.network.packets import PacketKind, kind_of, requesting_ufrag, rtp_ssrc

Address = tuple[str, int]


@dataclass
class Tally:
    """Counts of one direction, as they grow."""

    streams: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    """Forwarded and dropped RTP packets by SSRC."""
    rtcp: list[int] = field(default_factory=lambda: [0, 0])
    others: int = 0

    def note(self, kind: PacketKind, packet: bytes, *, dropped: bool) -> None:
        """Count one packet."""
        if kind is PacketKind.RTP:
            self.streams.setdefault(rtp_ssrc(packet), [0, 0])[dropped] += 1
        elif kind is PacketKind.RTCP:
            self.rtcp[dropped] += 1
        else:
            self.others += 1

    def count(self, direction: Direction) -> DirectionCount:
        """Return the counts so far."""
        return DirectionCount(
            direction=direction,
            streams=tuple(
                StreamCount(ssrc=ssrc, forwarded=forwarded, dropped=dropped)
                for ssrc, (forwarded, dropped) in self.streams.items()
            ),
            rtcp_forwarded=self.rtcp[0],
            rtcp_dropped=self.rtcp[1],
            others=self.others,
        )


class Flow:
    """One address of a participant; the server sees it as one address of the relay.

    Parameters
    ----------
    client
        The participant's address.
    upstream
        Socket of its own, connected to the server: what comes in there is for this participant.
    conditions
        What the network does to it.
    """

    def __init__(self, client: Address, upstream: socket.socket, conditions: NetworkConditions) -> None:
        self.client = client
        self.upstream = upstream
        self.ufrag = ""
        self._tallies = {direction: Tally() for direction in Direction}
        self._impairments = {
            direction: Impairment(direction, conditions.seed, _of(conditions, direction))
            for direction in Direction
        }

    def impair(self, conditions: NetworkConditions) -> None:
        """Change the conditions; the seed stays that of the beginning."""
        for direction, impairment in self._impairments.items():
            impairment.conditions = _of(conditions, direction)

    def take(self, direction: Direction, packet: bytes, arrived_ns: int) -> int | None:
        """Count a packet and return when it is to be sent on; None if it is lost."""
        kind = kind_of(packet)
        due_ns = self._impairments[direction].due_ns(kind, arrived_ns)
        self._tallies[direction].note(kind, packet, dropped=due_ns is None)
        return due_ns

    def newly_named(self, packet: bytes) -> bool:
        """Look whether this packet says whose flow it is; return whether that is news."""
        ufrag = requesting_ufrag(packet) if kind_of(packet) is PacketKind.STUN else ""
        if not ufrag or ufrag == self.ufrag:
            return False
        self.ufrag = ufrag
        return True

    def report(self) -> RelayedParticipant:
        """Return the counts so far."""
        host, port = self.client
        counts = tuple(tally.count(direction) for direction, tally in self._tallies.items())
        return RelayedParticipant(ufrag=self.ufrag, address=f"{host}:{port}", counts=counts)


def _of(conditions: NetworkConditions, direction: Direction) -> DirectionConditions:
    return conditions.uplink if direction is Direction.UPLINK else conditions.downlink
