"""How long packets are under way, from the arrival time of each sample's last packet.

The W3C's ``lastPacketReceivedTimestamp`` says when the newest packet arrived, and the packet counts say which
one it was; when its frames were handed to the SDK is known. So the network's share is measured by
itself, whatever the jitter buffer does, and without half a round trip, which is right for symmetric
paths alone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, Instant
from eloquence_pipeline.measurement.rtp import StatisticsSample
from eloquence_pipeline.models import NetworkDelay

FRAMES_PER_PACKET = 2
"""Opus packets of LiveKit's SDK hold 20 ms, two frames."""
PACKET_MS = 20.0

_IN_FLIGHT_PACKETS = 25
"""The last sample is up to half a second older than the last packet."""
_MOST_UNCERTAIN_NS = 5.0 * NANOSECONDS_PER_MILLISECOND
_STALE_RATIO = 0.1
"""So many samples at most are answers from memory: of 274 recorded calls half had any, and three at most."""
_SDK_STEP_NS = NANOSECONDS_PER_MILLISECOND
_PLAUSIBLE_MS = 12.0
"""Delay and coarse delay of the same phrase differ by no more; a packet is 20 ms."""


@dataclass(frozen=True)
class PacketDelays:
    """The delays of single packets.

    Attributes
    ----------
    arrived_ns
        float64 of shape (packets,); when each arrived, on the measuring clock.
    delay_ms
        float64 of shape (packets,); from the hand-over of its last frame to its arrival.
    uncertainty_ms
        How far all of them may be off together: the SDK's stamps are right to a millisecond.
    is_ambiguous
        Whether the counts do not tell which packet it was: each delay is then right but for a multiple of
        20 ms.
    """

    arrived_ns: npt.NDArray[np.float64]
    delay_ms: npt.NDArray[np.float64]
    uncertainty_ms: float
    is_ambiguous: bool

    def median_between(
        self, start_ns: float, end_ns: float, *, nearest_within_ns: float, coarse_ms: float
    ) -> float | None:
        """Return the median delay of the packets of a stretch, milliseconds; None if there is none near it.

        It is that of the packets handed over within the stretch. There is one known every half second, so a
        short stretch may have none of its own; then it is the delay of the packet nearest to it. Others do
        not count: the network may have changed between two phrases.

        Parameters
        ----------
        start_ns, end_ns
            The stretch, on the measuring clock.
        nearest_within_ns
            How far before or after it the nearest packet may be.
        coarse_ms
            What the delay is to within 10 ms; used where the counts are ambiguous.
        """
        delay_ms = self.delay_ms
        if self.is_ambiguous:
            # None arrives before it was handed over.
            fewest = np.ceil((-self.uncertainty_ms - delay_ms) / PACKET_MS)
            delay_ms = delay_ms + np.maximum(np.rint((coarse_ms - delay_ms) / PACKET_MS), fewest) * PACKET_MS
        handed_over_ns = self.arrived_ns - delay_ms * NANOSECONDS_PER_MILLISECOND
        away_ns = np.maximum(np.maximum(start_ns - handed_over_ns, handed_over_ns - end_ns), 0.0)
        if not len(away_ns) or away_ns.min() > nearest_within_ns:
            return None
        return float(np.median(delay_ms[away_ns == away_ns.min()]))

    def checked_against(self, coarse: Sequence[tuple[float, float, float]]) -> PacketDelays:
        """Return these delays, as ambiguous ones if they are not what they should roughly be.

        Packets lost before the first that arrived are counted by nobody, and shift every packet's place.

        Parameters
        ----------
        coarse
            For some stretches their beginning and end on the measuring clock, and what the delay is there to
            within 10 ms.
        """
        differences = [
            coarse_ms - measured_ms
            for start_ns, end_ns, coarse_ms in coarse
            if (measured_ms := self._median(start_ns, end_ns)) is not None
        ]
        if not differences or abs(float(np.median(differences))) <= _PLAUSIBLE_MS:
            return self
        return replace(self, is_ambiguous=True)

    def _median(self, start_ns: float, end_ns: float) -> float | None:
        # By arrival: where the counts are wrong, so is the hand-over that they lead to.
        inside = (self.arrived_ns >= start_ns) & (self.arrived_ns <= end_ns)
        return float(np.median(self.delay_ms[inside])) if inside.any() else None

    def figures(self) -> NetworkDelay | None:
        """Return the summary of all packets; None if there were none, or it is not known which."""
        if not len(self.delay_ms) or self.is_ambiguous:
            return None
        return NetworkDelay(
            packets=len(self.delay_ms),
            min_ms=float(self.delay_ms.min()),
            median_ms=float(np.median(self.delay_ms)),
            max_ms=float(self.delay_ms.max()),
            uncertainty_ms=self.uncertainty_ms,
        )


def packet_delays(
    subscriber: Sequence[StatisticsSample],
    ssrcs: Collection[int],
    handed_over_ns: npt.NDArray[np.int64],
    packets_sent: int | None,
    started: Instant,
) -> PacketDelays:
    """Measure the packets that the statistics name.

    Parameters
    ----------
    subscriber
        Statistics of the listener, in the order of time.
    ssrcs
        The streams of this speaker.
    handed_over_ns
        int64 of shape (frames,); when each frame was handed over, zero where it was left out.
    packets_sent
        As the publisher counts them; None if unknown. If the listener expected another number, a part of
        the stream passed without being counted (a blackout, packets lost before the first that arrived, a
        full reconnect).
    started
        Both clocks of the listener's machine at one moment of its process.

    Returns
    -------
    PacketDelays
        Empty where the statistics do not say when packets arrived. A frame that was left out ends the row:
        packets and frames do not correspond any more.
    """
    offset = _clock_offset_ns(subscriber, started)
    if offset is None or offset[1] > _MOST_UNCERTAIN_NS:
        return PacketDelays(np.zeros(0), np.zeros(0), 0.0, is_ambiguous=True)
    offset_ns, uncertainty_ns = offset
    packets = _newest_packets(subscriber, ssrcs)
    whole = _frames_before_a_gap(handed_over_ns)
    counted = max((place + 1 for _, place, _ in packets), default=0)
    one_stream = len({ssrc for ssrc, _, _ in packets}) <= 1
    arrived: list[float] = []
    delays: list[float] = []
    for _, place, received_at_ms in packets:
        last_frame = place * FRAMES_PER_PACKET + FRAMES_PER_PACKET - 1
        if last_frame >= whole:
            continue
        arrived_ns = received_at_ms * NANOSECONDS_PER_MILLISECOND - offset_ns
        arrived.append(arrived_ns)
        delays.append((arrived_ns - float(handed_over_ns[last_frame])) / NANOSECONDS_PER_MILLISECOND)
    agrees = packets_sent is None or abs(packets_sent - counted) <= _IN_FLIGHT_PACKETS
    return PacketDelays(
        np.asarray(arrived),
        np.asarray(delays),
        uncertainty_ns / NANOSECONDS_PER_MILLISECOND,
        is_ambiguous=not (agrees and one_stream),
    )


def _frames_before_a_gap(handed_over_ns: npt.NDArray[np.int64]) -> int:
    left_out = np.flatnonzero(handed_over_ns == 0)
    return int(left_out[0]) if len(left_out) else len(handed_over_ns)


def _newest_packets(
    subscriber: Sequence[StatisticsSample], ssrcs: Collection[int]
) -> list[tuple[int, int, float]]:
    """Return stream, place in it and arrival time (epoch milliseconds) of each sample's newest packet."""
    return [
        (ssrc, stream["packetsReceived"] + stream["packetsLost"] - 1, float(received_at_ms))
        for sample in subscriber
        for ssrc, stream in sample.streams("inbound-rtp", ssrcs).items()
        if (received_at_ms := stream.get("lastPacketReceivedTimestamp", 0))
        and stream["packetsReceived"] + stream["packetsLost"] > 0
    ]


def _clock_offset_ns(subscriber: Sequence[StatisticsSample], started: Instant) -> tuple[float, float] | None:
    """Return what is to be taken off ``lastPacketReceivedTimestamp``, and how uncertain that is.

    libwebrtc stamps a packet by the monotonic clock, which is the measuring clock, and adds a whole number of
    milliseconds (``UnixEpochDelta`` of its stream statistician): the difference of wall clock and monotonic
    clock, drawn anew for each stream, rounded down or up. The nearest one is right, or a millisecond off.

    The SDK's wall clock is the kernel's, of which a process knows the offset exactly. That is not taken for
    granted: each sample was taken between two readings of the measuring clock and carries the SDK's own
    time, so the offset lies in each of these intervals. Where the kernel's does not, the middle of what is
    common to them is taken. Where two samples follow each other closely the SDK answers the second from its
    memory, with an old time: its interval lies too low. One that lies below another is left out, and the
    upper bound is not the lowest of the rest but the one that a tenth of them are below.
    """
    known = [
        (s.taken_at_ns - s.monotonic_after_ns, s.taken_at_ns - s.monotonic_ns)
        for s in subscriber
        if s.taken_at_ns
    ]
    if not known:
        return None
    low = max(earliest for earliest, _ in known)
    high = float(np.quantile([latest for _, latest in known if latest >= low], _STALE_RATIO, method="higher"))
    offset, uncertainty = float(started.wall_offset_ns), 0.0
    if not low <= offset <= high:
        offset, uncertainty = (low + high) / 2, (high - low) / 2
    return round(offset / _SDK_STEP_NS) * _SDK_STEP_NS, uncertainty + _SDK_STEP_NS
