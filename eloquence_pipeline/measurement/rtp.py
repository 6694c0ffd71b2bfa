"""What the W3C statistics of both ends say about the RTP stream and the jitter buffer."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.models import InboundRtp, OutboundRtp, RemoteInboundRtp, RtpFigures, W3cRecord

T = TypeVar("T", bound=W3cRecord)

MILLISECONDS_PER_SECOND = 1000.0
_NS_PER_MICROSECOND = 1000.0


_GAUGES = {"jitter", "round_trip_time", "fraction_lost"}
"""Fields that are no counters: of several streams the highest value is given."""


@dataclass(frozen=True)
class StatisticsSample:
    """The audio statistics of one end at one moment.

    Attributes
    ----------
    monotonic_ns, monotonic_after_ns
        Readings of the measuring clock that enclose the moment.
    entries
        Each under its W3C names.
    """

    monotonic_ns: int
    monotonic_after_ns: int
    entries: tuple[dict[str, Any], ...]

    @property
    def taken_at_ns(self) -> float:
        """The moment on the SDK's own wall clock, nanoseconds; 0 if it does not say."""
        return max((float(e.get("timestamp", 0)) for e in self.entries), default=0.0) * _NS_PER_MICROSECOND

    def streams(self, kind: str, ssrcs: Collection[int]) -> dict[int, dict[str, Any]]:
        """Return the entries of a W3C type by their SSRC; of all streams when `ssrcs` is empty."""
        return {
            entry["ssrc"]: entry
            for entry in self.entries
            if entry["type"] == kind and (not ssrcs or entry["ssrc"] in ssrcs)
        }


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
            entries = tuple(
                {"ssrc": 0} | entry
                for entry in row["stats"]
                if entry["type"] and entry.get("kind", "audio") == "audio"
            )
            before_ns = int(row["monotonic_ns"])
            after_ns = int(row.get("monotonic_after_ns", before_ns))
            samples.append(StatisticsSample(before_ns, after_ns, entries))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MeasurementError(
                f"line {number} of the statistics cannot be read ({error})",
                remedy="the file was changed after the run; fetch the evidence again",
            ) from None
    return samples


def rtp_figures(
    publishers: Sequence[Sequence[StatisticsSample]],
    subscriber: Sequence[StatisticsSample],
    ssrcs: Collection[int] = (),
) -> RtpFigures:
    """Sum up RTP streams from the last sample that each is in.

    A full reconnect ends a stream and begins another one, so even one speaker may have several.

    Parameters
    ----------
    publishers
        The statistics of each speaker, in the order of time.
    subscriber
        Those of the listener.
    ssrcs
        The listener's streams to count; empty counts all.
    """
    inbound = _summed([subscriber], "inbound-rtp", InboundRtp, ssrcs)
    expected = inbound.packets_received + inbound.packets_lost if inbound else 0
    return RtpFigures(
        outbound=_summed(publishers, "outbound-rtp", OutboundRtp),
        remote_inbound=_summed(publishers, "remote-inbound-rtp", RemoteInboundRtp),
        inbound=inbound,
        # A duplicated packet counts as received, so packets_lost may be negative (RFC 3550, 6.4.1).
        packet_loss_ratio=max(0.0, inbound.packets_lost / expected) if inbound and expected > 0 else None,
        concealed_ratio=(
            min(1.0, inbound.concealed_samples / inbound.total_samples_received)
            if inbound and inbound.total_samples_received
            else None
        ),
    )


def _summed(
    ends: Sequence[Sequence[StatisticsSample]], kind: str, model: type[T], ssrcs: Collection[int] = ()
) -> T | None:
    streams = [stream for samples in ends for stream in _last_of_each(samples, kind, ssrcs)]
    if not streams:
        return None
    values = {
        field.alias or name: (max if name in _GAUGES else sum)(
            stream[field.alias or name] for stream in streams
        )
        for name, field in model.model_fields.items()
    }
    return model.model_validate(values)


def _last_of_each(
    samples: Sequence[StatisticsSample], kind: str, ssrcs: Collection[int]
) -> Iterable[dict[str, Any]]:
    last: dict[int, dict[str, Any]] = {}
    for sample in samples:
        last |= sample.streams(kind, ssrcs)
    return last.values()


def jitter_buffer_ms(
    subscriber: Sequence[StatisticsSample], start_ns: float, end_ns: float, ssrcs: Collection[int] = ()
) -> float | None:
    """Return the mean time a sample spent in the jitter buffer between two moments.

    The W3C defines it as the difference of jitterBufferDelay over that of jitterBufferEmittedCount;
    the samples that enclose the stretch most tightly are used.

    Parameters
    ----------
    subscriber
        Statistics of the listener, in the order of time.
    start_ns, end_ns
        The stretch, on the measuring clock.
    ssrcs
        The stream, whatever it was at either moment; empty takes all.

    Returns
    -------
    float or None
        Milliseconds; None where the statistics of one stream do not enclose the stretch.
    """
    inbound = [(s.monotonic_ns, streams) for s in subscriber if (streams := s.streams("inbound-rtp", ssrcs))]
    before = [streams for at_ns, streams in inbound if at_ns <= start_ns]
    after = [streams for at_ns, streams in inbound if at_ns >= end_ns]
    for ssrc in sorted(set(before[-1]) & set(after[0])) if before and after else ():
        first, last = before[-1][ssrc], after[0][ssrc]
        emitted = last["jitterBufferEmittedCount"] - first["jitterBufferEmittedCount"]
        if emitted > 0:
            waited_seconds = last["jitterBufferDelay"] - first["jitterBufferDelay"]
            return float(waited_seconds / emitted * MILLISECONDS_PER_SECOND)
    return None
