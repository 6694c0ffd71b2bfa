"""What becomes of each packet of one direction: lost, or sent on at some moment."""

from __future__ import annotations

from random import Random

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND
from eloquence_pipeline.models import Direction, DirectionConditions
from eloquence_pipeline.transport.network.packets import PacketKind

_MEDIA = (PacketKind.RTP, PacketKind.RTCP)


class Impairment:
    """Decide about the packets of one direction of one participant, in the order in which they come.

    Each RTP packet draws its two random numbers whatever the conditions are, so the n-th packet has the same
    luck in every run of the seed, also when conditions were changed before it.

    Parameters
    ----------
    direction, seed
        What the random numbers depend on.
    conditions
        May be replaced at any time, by setting the attribute.
    """

    def __init__(self, direction: Direction, seed: int, conditions: DirectionConditions) -> None:
        self.conditions = conditions
        # Losing RTCP must not shift the luck of the RTP packets after it.
        self._luck = {kind: Random(f"{seed}/{direction}/{kind}") for kind in _MEDIA}  # noqa: S311 - no secret
        self._last_due_ns = 0

    def due_ns(self, kind: PacketKind, arrived_ns: int) -> int | None:
        """Return when a packet is to be sent on; None if it is lost.

        STUN and DTLS are never lost: whether a connection comes up and stays is not what is tried here.

        Parameters
        ----------
        kind
            Of the packet.
        arrived_ns
            When it came, on the measuring clock.
        """
        conditions = self.conditions
        stray = 0.0
        if kind in self._luck:
            luck = self._luck[kind]
            lost, where = luck.random() < conditions.packet_loss_rate, luck.random()
            if lost:
                return None
            stray = 2 * where - 1 if kind is PacketKind.RTP else 0.0
        delay_ms = max(0.0, conditions.latency_ms + stray * conditions.jitter_ms)
        due_ns = arrived_ns + round(delay_ms * NANOSECONDS_PER_MILLISECOND)
        self._last_due_ns = max(self._last_due_ns, due_ns)
        return self._last_due_ns
