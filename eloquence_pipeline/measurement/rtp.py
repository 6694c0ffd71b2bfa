"""What the W3C statistics of both ends say about the RTP stream and the jitter buffer."""

from __future__ import annotations

import json
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND
from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.models import InboundRtp, OutboundRtp, RemoteInboundRtp, RtpFigures, W3cRecord

T = TypeVar("T", bound=W3cRecord)

_NS_PER_MICROSECOND = 1000.0


_STREAMS = {"inbound-rtp", "outbound-rtp", "remote-inbound-rtp", "remote-outbound-rtp"}
GAUGES = {"jitter", "round_trip_time", "fraction_lost"}
"""Fields that are no counters: of several streams the highest value is given."""


@dataclass(frozen=True)
class StatisticsSample:
    """The audio statistics of one end at one moment.

    Attributes
    ----------
    monotonic_ns, monotonic_after_ns
        Readings of the measuring clock that enclose the moment.
    taken_at_ns
        The moment on the SDK's own wall clock, nanoseconds; 0 if it does not say.
    entries
        The RTP streams, each under its W3C names.
    """

    monotonic_ns: int
    monotonic_after_ns: int
    taken_at_ns: float
    entries: tuple[dict[str, Any], ...]

    def streams(self, kind: str, ssrcs: Collection[int]) -> dict[int, dict[str, Any]]:
        """Return the entries of a W3C type by their SSRC; of all streams when `ssrcs` is empty."""
        return {
            entry["ssrc"]: entry
            for entry in self.entries
            if entry["type"] == kind and (not ssrcs or entry["ssrc"] in ssrcs)
        }


def parse_statistics(text: str) -> list[StatisticsSample]:
    """Read the lines that the transport wrote; see :func:`parse_lines`."""
    return parse_lines(text.splitlines())


def parse_lines(lines: Iterable[str]) -> list[StatisticsSample]:
    """Read the lines that the transport wrote, one by one.

    Raises
    ------
    MeasurementError
        If a line is not one of ours.
    """
    samples: list[StatisticsSample] = []
    for number, line in enumerate(lines, start=1):
        try:
            samples.append(_parsed(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise MeasurementError(
                f"line {number} of the statistics cannot be read ({error})",
                remedy="the file was changed after the run; fetch the evidence again",
            ) from None
    return samples


def _parsed(row: dict[str, Any]) -> StatisticsSample:
    audio = [entry for entry in row["stats"] if entry["type"] and entry.get("kind", "audio") == "audio"]
    before_ns = int(row["monotonic_ns"])
    return StatisticsSample(
        monotonic_ns=before_ns,
        monotonic_after_ns=int(row.get("monotonic_after_ns", before_ns)),
        taken_at_ns=max((float(e.get("timestamp", 0)) for e in audio), default=0.0) * _NS_PER_MICROSECOND,
        entries=tuple({"ssrc": 0} | _shared(entry) for entry in audio if entry["type"] in _STREAMS),
    )


def _shared(entry: dict[str, Any]) -> dict[str, Any]:
    # An hour has thousands of entries with the same names and texts; one copy of each is enough.
    return {
        sys.intern(name): sys.intern(value) if isinstance(value, str) else value
        for name, value in entry.items()
    }


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
    return with_shares(
        inbound,
        _summed(publishers, "outbound-rtp", OutboundRtp),
        _summed(publishers, "remote-inbound-rtp", RemoteInboundRtp),
    )


def with_shares(
    inbound: InboundRtp | None, outbound: OutboundRtp | None, remote_inbound: RemoteInboundRtp | None = None
) -> RtpFigures:
    """Return sums over streams with the shares that follow from them; None is what nobody has seen."""
    expected = inbound.packets_received + inbound.packets_lost if inbound else 0
    return RtpFigures(
        outbound=outbound,
        remote_inbound=remote_inbound,
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
        field.alias or name: (max if name in GAUGES else sum)(
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
    # Looked for from the stretch outwards: going through all of a long call for each phrase takes minutes.
    began = bisect_right(subscriber, start_ns, key=lambda sample: sample.monotonic_ns)
    ended = bisect_left(subscriber, end_ns, key=lambda sample: sample.monotonic_ns)
    before = _first_with_streams((subscriber[place] for place in range(began - 1, -1, -1)), ssrcs)
    after = _first_with_streams((subscriber[place] for place in range(ended, len(subscriber))), ssrcs)
    for ssrc in sorted(set(before) & set(after)):
        first, last = before[ssrc], after[ssrc]
        emitted = last["jitterBufferEmittedCount"] - first["jitterBufferEmittedCount"]
        if emitted > 0:
            waited_seconds = last["jitterBufferDelay"] - first["jitterBufferDelay"]
            return float(waited_seconds / emitted * MILLISECONDS_PER_SECOND)
    return None


def _first_with_streams(
    samples: Iterable[StatisticsSample], ssrcs: Collection[int]
) -> dict[int, dict[str, Any]]:
    for sample in samples:
        if streams := sample.streams("inbound-rtp", ssrcs):
            return streams
    return {}
