"""How much went through."""

from __future__ import annotations

from pydantic import NonNegativeFloat

from eloquence_pipeline.models.base import Record


class RtpRate(Record):
    """The rate of RTP packets at one end, over the time that the statistics cover."""

    packets_per_second: NonNegativeFloat
    bytes_per_second: NonNegativeFloat
    """Payload, as W3C counts ``bytesSent`` and ``bytesReceived``: without RTP headers."""
    bitrate_bps: NonNegativeFloat
    """Bits of payload per second."""


class ThroughputFigures(Record):
    """Rates of all speakers together; ``None`` where an end had no statistics."""

    phrases_per_second: NonNegativeFloat
    sent: RtpRate | None
    received: RtpRate | None
