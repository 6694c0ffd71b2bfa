"""The network delay in the result against that of every packet.

The result names the delay of the packet that was the newest when the statistics were taken. A packet that
comes early stays the newest for longer, so it is met more often. Where packets keep their order, packet *k*
is the newest for T + d(k+1) - d(k), with T from one packet sent to the next, and so the mean over moments is

    mean over packets - mean of (d(k+1) - d(k))² / 2T

since d(k) and d(k+1) have the same mean square. The statistics hold the mean of abs(d(k+1) - d(k)), as the
jitter J of RFC 3550, 6.4.1; for normal differences the mean square is J² π/2, which gives a correction
of π J² / 4T.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from calibration.captured.calls import LISTENER, SPEAKER, MadeCall
from calibration.captured.matching import NS_PER_MS, Passage, match, passages
from eloquence_pipeline.measurement.network_delay import (
    FRAMES_PER_PACKET,
    PACKET_MS,
    PacketDelays,
    packet_delays,
)
from eloquence_pipeline.measurement.rtp import StatisticsSample, rtp_figures
from eloquence_pipeline.models import Direction

FloatArray = npt.NDArray[np.float64]

_FORWARDED_WITHIN_NS = 10 * NS_PER_MS
_PER_MEAN_SQUARE = math.pi / 2
_WRAP = 1 << 16
_NEW_BEGINNING = 50


class PacketTimes(NamedTuple):
    """The packets of the speech that reached the listener, in the order in which they were sent.

    Attributes
    ----------
    sent_ns, arrived_ns
        float64 of shape (packets,), on the measuring clock: when the last frame in it was handed over to the
        speaker's SDK, and when the kernel took the packet on its last way, to the listener.
    """

    sent_ns: FloatArray
    arrived_ns: FloatArray

    @property
    def delay_ms(self) -> FloatArray:
        """From the one to the other; float64 of shape (packets,)."""
        return (self.arrived_ns - self.sent_ns) / NS_PER_MS


class NewestFigures(BaseModel):
    """What the statistics say of the delay, and what it was; milliseconds.

    Attributes
    ----------
    packets, mean_ms, median_ms
        Of every packet from the first sample of the statistics to the last, by the capture.
    expected_mean_ms, expected_median_ms
        Of the newest packet, over all moments, by the capture.
    chance_ms
        Standard deviation of the mean of as many samples as there were.
    predicted_ms
        How much lower that should be by the differences between neighbours.
    samples, measured_mean_ms, measured_median_ms
        As the result has it, and its mean.
    shifted_packets
        By how many the statistics take each packet for an earlier one; taken out of all that is measured.
    uncertainty_ms
        Of the offset between the SDK's clock and the measuring clock, as the result states it.
    largest_error_ms, median_error_ms
        Measured less captured delay of the same packet.
    jitter_ms, correction_ms
        Root mean square of the jitter that the statistics say, and what follows from it.
    in_flight_mean_ms
        By counting packets: the age of what is the newest at each sample, with its delay.
    """

    packets: int
    mean_ms: float
    median_ms: float
    expected_mean_ms: float
    expected_median_ms: float
    chance_ms: float
    predicted_ms: float
    samples: int
    measured_mean_ms: float
    measured_median_ms: float
    shifted_packets: int
    uncertainty_ms: float
    largest_error_ms: float
    median_error_ms: float
    jitter_ms: float
    correction_ms: float
    in_flight_mean_ms: float


def packet_times(made: MadeCall) -> PacketTimes:
    """Follow the packets of the speech from the speaker to the listener.

    Raises
    ------
    RuntimeError
        If the stream cannot be followed through the server.
    """
    offset_ns = made.captured.wall_minus_monotonic_ns
    up, down = (
        _largest(passages(made.captured.packets, made.doors[identity]), direction)
        for identity, direction in ((SPEAKER, Direction.UPLINK), (LISTENER, Direction.DOWNLINK))
    )
    sent, received = match(up), match(down)
    first = sent.arrivals[0].number
    shift = _shift(up, down)
    sent_ns: list[float] = []
    arrived_ns: list[float] = []
    for known, moments in zip(received.arrivals, received.sent_ns, strict=True):
        # The server counts on from a number of its own; wraps of the two are apart.
        place = (known.packet.number - shift - first) % _WRAP
        frame = place * FRAMES_PER_PACKET + FRAMES_PER_PACKET - 1
        if moments and frame < len(made.handed_over_ns) and made.handed_over_ns[frame]:
            sent_ns.append(float(made.handed_over_ns[frame]))
            arrived_ns.append(float(moments[0] - offset_ns))
    order = np.argsort(sent_ns, kind="stable")
    return PacketTimes(np.asarray(sent_ns)[order], np.asarray(arrived_ns)[order])


def _largest(found: list[Passage], direction: Direction) -> Passage:
    return max(
        (one for one in found if one.direction is direction), key=lambda passage: len(passage.arrivals)
    )


def _shift(up: Passage, down: Passage) -> int:
    """Return by how much the server's numbers are ahead of the speaker's: what most of its packets say."""
    seen: Counter[int] = Counter()
    into, before = up.departures, 0
    for out in down.arrivals:
        while before < len(into) and into[before].at_ns <= out.at_ns:
            before += 1
        if before and out.at_ns - into[before - 1].at_ns < _FORWARDED_WITHIN_NS:
            seen[(out.number - into[before - 1].number) % _WRAP] += 1
    if not seen or seen.most_common(1)[0][1] < seen.total() / 2:
        raise RuntimeError("the speech cannot be followed through the server: its numbers do not correspond")
    return seen.most_common(1)[0][0]


def newest_figures(made: MadeCall) -> NewestFigures | None:
    """Compare the delays in the result with those of every packet; None if the result has none."""
    outbound = rtp_figures([made.speaker], made.listener, made.ssrcs).outbound
    sent_count = outbound.packets_sent if outbound else None
    measured = packet_delays(made.listener, made.ssrcs, made.handed_over_ns, sent_count, made.started)
    if measured.is_ambiguous or not len(measured.delay_ms):
        return None
    times = packet_times(made)
    last_ns = float(times.arrived_ns.max())
    first_ns, newest_ns = measured.arrived_ns.min() - PACKET_MS * NS_PER_MS, measured.arrived_ns.max()
    inside = (times.arrived_ns >= first_ns) & (times.arrived_ns <= newest_ns)
    times = PacketTimes(times.sent_ns[inside], times.arrived_ns[inside])
    # Packets that nobody counted before the first shift the place of every one after it.
    shifted = round(float(np.median(_errors_ms(measured, times))) / PACKET_MS)
    measured = replace(measured, delay_ms=measured.delay_ms - shifted * PACKET_MS)
    errors = _errors_ms(measured, times)
    streams = [stream for s in made.listener for stream in s.streams("inbound-rtp", made.ssrcs).values()]
    jitter_ms = math.sqrt(float(np.mean([(stream["jitter"] * 1000) ** 2 for stream in streams])))
    expected, predicted_ms = newest_delay(times), low_by_ms(times)
    return NewestFigures(
        packets=len(times.delay_ms),
        mean_ms=float(times.delay_ms.mean()),
        median_ms=float(np.median(times.delay_ms)),
        expected_mean_ms=expected.mean_ms,
        expected_median_ms=expected.median_ms,
        chance_ms=expected.deviation_ms / math.sqrt(len(measured.delay_ms)),
        predicted_ms=predicted_ms,
        samples=len(measured.delay_ms),
        measured_mean_ms=float(measured.delay_ms.mean()),
        measured_median_ms=float(np.median(measured.delay_ms)),
        shifted_packets=shifted,
        uncertainty_ms=measured.uncertainty_ms,
        largest_error_ms=float(np.abs(errors).max()),
        median_error_ms=float(np.median(errors)),
        jitter_ms=jitter_ms,
        correction_ms=_PER_MEAN_SQUARE * jitter_ms**2 / (2 * _spacing_ms(times)),
        in_flight_mean_ms=_in_flight_ms(made, measured.delay_ms, times, last_ns),
    )


def _errors_ms(measured: PacketDelays, times: PacketTimes) -> FloatArray:
    """Return measured less captured delay of each packet that the statistics mean."""
    sent_ns = measured.arrived_ns - measured.delay_ms * NS_PER_MS
    places = np.abs(times.sent_ns[:, np.newaxis] - sent_ns).argmin(axis=0)
    return (measured.arrived_ns - times.arrived_ns[places]) / NS_PER_MS


class NewestDelay(NamedTuple):
    """The delay of the newest packet, over all moments between the first arrival and the last."""

    mean_ms: float
    median_ms: float
    deviation_ms: float


def newest_delay(times: PacketTimes) -> NewestDelay:
    """Return the delay of the newest packet as it is met at any moment: weighted by how long it is that."""
    order = np.argsort(times.arrived_ns, kind="stable")
    newest = order[order == np.maximum.accumulate(order)]
    weights, delay_ms = np.diff(times.arrived_ns[newest]), times.delay_ms[newest][:-1]
    mean_ms = float(np.average(delay_ms, weights=weights))
    ascending = np.argsort(delay_ms)
    passed = np.cumsum(weights[ascending])
    median_ms = float(delay_ms[ascending][np.searchsorted(passed, passed[-1] / 2)])
    variance = float(np.average((delay_ms - mean_ms) ** 2, weights=weights))
    return NewestDelay(mean_ms, median_ms, math.sqrt(variance))


def low_by_ms(times: PacketTimes) -> float:
    """Return by how much that is less than the mean over packets, where packets keep their order."""
    return float(np.mean(np.diff(times.delay_ms) ** 2)) / (2 * _spacing_ms(times))


def _spacing_ms(times: PacketTimes) -> float:
    return float(np.diff(times.sent_ns).mean()) / NS_PER_MS


def _in_flight_ms(made: MadeCall, delay_ms: FloatArray, times: PacketTimes, last_ns: float) -> float:
    """Return the mean delay by Little's law: what is on its way, over how much is sent in a time.

    After `last_ns` nothing comes any more, and the newest packet only grows older.
    """
    meant = [
        sample.taken_at_ns / NS_PER_MS - named_ms + delay
        for sample, named_ms, delay in zip(_samples(made), _newest_named_ms(made), delay_ms, strict=False)
        if sample.monotonic_after_ns <= last_ns
    ]
    gaps_ms = np.diff(times.sent_ns) / NS_PER_MS
    # Half the time from one packet to the next, met as often as it is long: losses make some longer.
    half_ms = float(np.mean(gaps_ms**2) / (2 * gaps_ms.mean()))
    return float(np.mean(meant)) - half_ms


def _samples(made: MadeCall) -> list[StatisticsSample]:
    return [
        sample
        for sample in made.listener
        for stream in sample.streams("inbound-rtp", made.ssrcs).values()
        if stream.get("lastPacketReceivedTimestamp", 0)
    ]


def _newest_named_ms(made: MadeCall) -> list[float]:
    """Return when the newest packet of each sample arrived, on the SDK's wall clock."""
    return [
        float(received_at_ms)
        for sample in made.listener
        for stream in sample.streams("inbound-rtp", made.ssrcs).values()
        if (received_at_ms := stream.get("lastPacketReceivedTimestamp", 0))
    ]


class ListenerCounts(BaseModel):
    """What the listener's statistics should count, by the capture, up to the last sample's newest packet.

    Attributes
    ----------
    received
        Each number once: SRTP discards copies (RFC 3711, 3.3.2) before anything counts them.
    missing
        Numbers between the first and the highest that never came (RFC 3550, A.3).
    unnoticed
        Of these, in gaps of more than 50: libwebrtc takes such a gap for a new beginning of the stream
        (StreamStatisticianImpl, with its usual threshold), which RFC 3550, A.1, would do from 3000 on.
    """

    received: int
    missing: int
    unnoticed: int


def expected_counts(made: MadeCall) -> ListenerCounts | None:
    """Return what the listener's statistics should count; None if they have no packet."""
    named_ms = _newest_named_ms(made)
    measured = packet_delays(made.listener, made.ssrcs, made.handed_over_ns, None, made.started)
    if not len(measured.arrived_ns):
        return None
    down = _largest(passages(made.captured.packets, made.doors[LISTENER]), Direction.DOWNLINK)
    matched = match(down)
    came = sorted(
        (several[0], known.number)
        for known, several in zip(matched.arrivals, matched.sent_ns, strict=True)
        if several
    )
    last_ns = measured.arrived_ns[0] + (named_ms[-1] - named_ms[0]) * NS_PER_MS
    wall_ns = last_ns + made.captured.wall_minus_monotonic_ns
    last = int(np.abs(np.asarray([at_ns for at_ns, _ in came], dtype=np.float64) - wall_ns).argmin())
    # The time is that of the newest in order: what it had overtaken may have come since, and is counted.
    taken_ns = wall_ns + _samples(made)[-1].taken_at_ns - named_ms[-1] * NS_PER_MS
    newest = max(number for _, number in came[: last + 1])
    while last + 1 < len(came) and came[last + 1][0] < taken_ns and came[last + 1][1] < newest:
        last += 1
    numbers = [number for _, number in came[: last + 1]]
    highest = np.maximum.accumulate(numbers)
    steps = np.diff(highest)
    return ListenerCounts(
        received=len(numbers),
        missing=int(highest[-1]) - numbers[0] + 1 - len(numbers),
        unnoticed=int((steps[steps > _NEW_BEGINNING] - 1).sum()),
    )
