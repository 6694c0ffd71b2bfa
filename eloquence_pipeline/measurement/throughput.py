"""Rates of phrases and of RTP packets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND
from eloquence_pipeline.measurement.rtp import StatisticsSample
from eloquence_pipeline.models import RtpRate

_BITS_PER_BYTE = 8


class Counts(NamedTuple):
    """What a stream had counted at one moment."""

    at_ns: int
    packets: int
    payload_bytes: int


def rtp_rate(
    streams: Sequence[tuple[Sequence[StatisticsSample], Collection[int]]], kind: str
) -> RtpRate | None:
    """Return the rate of the packets of all speakers together, each from its first to its last sample.

    Parameters
    ----------
    streams
        For each speaker the statistics of an end, in the order of time, and its streams there; empty takes
        all of that end.
    kind
        ``outbound-rtp`` or ``inbound-rtp``.

    Returns
    -------
    RtpRate or None
        None where no stream is in two samples.
    """
    verb = "Sent" if kind == "outbound-rtp" else "Received"
    spans = [_spans(samples, kind, verb, ssrcs) for samples, ssrcs in streams]
    rates = [_rate(of_speaker) for of_speaker in spans if of_speaker]
    if not rates:
        return None
    bytes_per_second = sum(payload for _, payload in rates)
    return RtpRate(
        packets_per_second=sum(packets for packets, _ in rates),
        bytes_per_second=bytes_per_second,
        bitrate_bps=bytes_per_second * _BITS_PER_BYTE,
    )


def _spans(
    samples: Sequence[StatisticsSample], kind: str, verb: str, ssrcs: Collection[int]
) -> list[tuple[Counts, Counts]]:
    first: dict[int, Counts] = {}
    last: dict[int, Counts] = {}
    for sample in samples:
        for ssrc, stream in sample.streams(kind, ssrcs).items():
            last[ssrc] = Counts(sample.monotonic_ns, stream[f"packets{verb}"], stream[f"bytes{verb}"])
            first.setdefault(ssrc, last[ssrc])
    return [(first[ssrc], last[ssrc]) for ssrc in first if last[ssrc].at_ns > first[ssrc].at_ns]


def _rate(spans: Sequence[tuple[Counts, Counts]]) -> tuple[float, float]:
    # Streams of one speaker follow each other (a full reconnect), so their times add up, not their rates.
    seconds = sum(end.at_ns - start.at_ns for start, end in spans) / NANOSECONDS_PER_SECOND
    packets = sum(end.packets - start.packets for start, end in spans)
    payload = sum(end.payload_bytes - start.payload_bytes for start, end in spans)
    return packets / seconds, payload / seconds
