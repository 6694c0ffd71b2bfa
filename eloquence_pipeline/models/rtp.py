"""Values of W3C webrtc-stats: W3C names and units (seconds where W3C says seconds), camelCase in JSON."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, NonNegativeInt
from pydantic.alias_generators import to_camel

from eloquence_pipeline.models.base import Ratio, Record


class W3cRecord(BaseModel):
    """Values of W3C webrtc-stats: W3C names and units, camelCase in JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class OutboundRtp(W3cRecord):
    """Of RTCOutboundRtpStreamStats at the publisher, over the transmission."""

    packets_sent: NonNegativeInt
    bytes_sent: NonNegativeInt


class RemoteInboundRtp(W3cRecord):
    """Of RTCRemoteInboundRtpStreamStats at the publisher: the uplink alone, as the server reports it."""

    packets_lost: int
    fraction_lost: float
    round_trip_time: float
    """Seconds."""
    jitter: float
    """Seconds."""


class InboundRtp(W3cRecord):
    """Of RTCInboundRtpStreamStats at the subscriber, over the transmission."""

    packets_received: NonNegativeInt
    packets_lost: int
    bytes_received: NonNegativeInt
    jitter: float
    """Seconds, at the end of the transmission (RFC 3550)."""
    jitter_buffer_delay: float
    """Seconds, summed over the emitted samples."""
    jitter_buffer_emitted_count: NonNegativeInt
    total_samples_received: NonNegativeInt
    concealed_samples: NonNegativeInt
    silent_concealed_samples: NonNegativeInt
    concealment_events: NonNegativeInt
    inserted_samples_for_deceleration: NonNegativeInt
    removed_samples_for_acceleration: NonNegativeInt


class RtpFigures(Record):
    """What the RTP statistics of both ends say; ``None`` where an end had none."""

    outbound: OutboundRtp | None = None
    remote_inbound: RemoteInboundRtp | None = None
    inbound: InboundRtp | None = None
    packet_loss_ratio: Ratio | None = None
    """Lost over expected RTP packets at the subscriber (RFC 3550, A.3); includes the uplink's loss."""
    concealed_ratio: Ratio | None = None
    """Concealed over all samples that left the jitter buffer."""
