"""Where the delay comes from."""

from __future__ import annotations

from enum import StrEnum

from pydantic import NonNegativeFloat, NonNegativeInt

from eloquence_pipeline.models.base import Record


class Stage(StrEnum):
    """The stages that a phrase passes, in their order."""

    GENERATION = "generation"
    SEND = "send"
    NETWORK = "network"
    JITTER_BUFFER = "jitter_buffer"
    REMAINDER = "remainder"
    """Packetisation, codec and playout: what is left of the one-way delay."""


class DelayBudget(Record):
    """What each stage took, in milliseconds; ``None`` where it is not known.

    Network, jitter buffer and remainder make up the one-way delay; with the generation they make up
    the end-to-end delay. The send queue comes before them: it is how late the sender was.
    """

    generation_ms: NonNegativeFloat
    send_ms: float
    network_ms: float | None
    """From the hand-over of a packet's last frame to its arrival at the listener, through the server."""
    jitter_buffer_ms: float | None
    remainder_ms: float | None

    def of(self, stage: Stage) -> float | None:
        """Return what one stage took."""
        return getattr(self, f"{stage}_ms")


class NetworkDelay(Record):
    """The delay of single RTP packets through the server, from their own arrival times."""

    packets: NonNegativeInt
    """How many packets it was taken from: one a sample of the statistics."""
    min_ms: float
    median_ms: float
    max_ms: float
    uncertainty_ms: NonNegativeFloat
    """Half the width of what is known about the offset between the two clocks that were used."""


class Bottleneck(Record):
    """The stage that exceeds its usual share most."""

    stage: Stage | None
    """None if no stage exceeds its usual share by as much as could be heard."""
    excess_ms: float
    usual_ms: float
    value_ms: float


class BudgetFigures(Record):
    """The delay budget of a run: the medians over the received phrases of one speaker."""

    median: DelayBudget | None
    network: NetworkDelay | None
    """Of the speaker with the longest."""
    bottleneck: Bottleneck | None
    speaker: str = ""
    """Whose budget it is, where several speak: the one with the worst bottleneck."""
