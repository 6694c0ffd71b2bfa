"""How stable the connections were."""

from __future__ import annotations

from pydantic import NonNegativeFloat, NonNegativeInt

from eloquence_pipeline.models.base import Ratio, Record
from eloquence_pipeline.models.transport import Side


class ParticipantStability(Record):
    """One participant, from its first connection to the end of its recording."""

    identity: str
    side: Side
    observed_seconds: NonNegativeFloat
    state_seconds: dict[str, float]
    """Time in each of the SDK's connection states."""
    connected_ratio: Ratio
    reconnects: NonNegativeInt
    longest_interruption_ms: NonNegativeFloat
    """The longest time out of the state ``CONN_CONNECTED``."""
    quality_changes: tuple[str, ...]
    """What the SDK said of this participant's connection quality, in order; a weak witness."""


class StabilityFigures(Record):
    """The stability of the whole call."""

    participants: tuple[ParticipantStability, ...]
    connected_ratio: Ratio
    """The worst participant's."""
    reconnects: NonNegativeInt
    """Of all participants together."""
