"""What the W3C statistics of both ends say about the RTP stream and the jitter buffer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.models import InboundRtp, OutboundRtp, RemoteInboundRtp, RtpFigures, W3cRecord

T = TypeVar("T", bound=W3cRecord)

MILLISECONDS_PER_SECOND = 1000.0


@dataclass(frozen=True)
class StatisticsSample:
    """The statistics of one end at one moment; `by_type` maps a W3C type to its audio entry."""

    monotonic_ns: int
    by_type: dict[str, dict[str, Any]]


def parse_statistics(text: str) -> list[StatisticsSample]:
    """Read the lines that the transport wrote.

    Raises
    ------
    MeasurementError
        If a line is not one of ours.
    """
    samples: list[StatisticsSample] = []
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            row = json.loads(line)
            by_type = {
                str(entry["type"]): entry for entry in row["stats"] if entry.get("kind", "audio") == "audio"
            }
            samples.append(StatisticsSample(int(row["monotonic_ns"]), by_type))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MeasurementError(
                f"line {number} of the statistics cannot be read ({error})",
                remedy="the file was changed after the run; fetch the evidence again",
            ) from None
    return samples


def rtp_figures(publisher: Sequence[StatisticsSample], subscriber: Sequence[StatisticsSample]) -> RtpFigures:
    """Sum up the RTP stream from the last sample of each end that has it."""
    inbound = _last(subscriber, "inbound-rtp", InboundRtp)
    expected = inbound.packets_received + inbound.packets_lost if inbound else 0
    return RtpFigures(
        outbound=_last(publisher, "outbound-rtp", OutboundRtp),
        remote_inbound=_last(publisher, "remote-inbound-rtp", RemoteInboundRtp),
        inbound=inbound,
        # A duplicated packet counts as received, so packets_lost may be negative (RFC 3550, 6.4.1).
        packet_loss_ratio=max(0.0, inbound.packets_lost / expected) if inbound and expected > 0 else None,
        concealed_ratio=(
            min(1.0, inbound.concealed_samples / inbound.total_samples_received)
            if inbound and inbound.total_samples_received
            else None
        ),
    )


def _last(samples: Sequence[StatisticsSample], kind: str, model: type[T]) -> T | None:
    for sample in reversed(samples):
        if (entry := sample.by_type.get(kind)) is not None:
            aliases = {field.alias for field in model.model_fields.values()}
            return model.model_validate({name: value for name, value in entry.items() if name in aliases})
    return None


def jitter_buffer_ms(subscriber: Sequence[StatisticsSample], start_ns: float, end_ns: float) -> float | None:
    """Return the mean time a sample spent in the jitter buffer between two moments.

    The W3C defines it as the difference of jitterBufferDelay over that of jitterBufferEmittedCount;
    the samples that enclose the stretch most tightly are used.

    Returns
    -------
    float or None
        Milliseconds; None where the statistics do not enclose the stretch.
    """
    inbound = [(s.monotonic_ns, s.by_type["inbound-rtp"]) for s in subscriber if "inbound-rtp" in s.by_type]
    before = [entry for at_ns, entry in inbound if at_ns <= start_ns]
    after = [entry for at_ns, entry in inbound if at_ns >= end_ns]
    if not before or not after:
        return None
    emitted = after[0]["jitterBufferEmittedCount"] - before[-1]["jitterBufferEmittedCount"]
    if emitted <= 0:
        return None
    waited = after[0]["jitterBufferDelay"] - before[-1]["jitterBufferDelay"]
    return float(waited / emitted * MILLISECONDS_PER_SECOND)
