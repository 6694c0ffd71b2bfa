"""Find each phrase in the recording and say how long it was under way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND
from eloquence_pipeline.measurement.method import (
    MAX_ONE_WAY_DELAY_SECONDS,
    MIN_PEAK_TO_SIDELOBE_RATIO,
    min_correlation_peak,
)
from eloquence_pipeline.measurement.timeline import Timeline
from eloquence_pipeline.signal.alignment import Match, locate

Int16Array = npt.NDArray[np.int16]


@dataclass(frozen=True)
class End:
    """Audio of one end and its timeline; `samples` is int16 of shape (timeline.sample_count,)."""

    samples: Int16Array
    timeline: Timeline


@dataclass(frozen=True)
class PhraseArrival:
    """Where a phrase was found in the recording.

    Attributes
    ----------
    received
        Whether the match passed the confidence gate; the other values mean something only then.
    sent_ns
        When the phrase's first sample was handed to the SDK.
    received_sample
        Position of the phrase's first sample in the recording.
    arrived_ns
        When that sample left the jitter buffer.
    one_way_delay_ms
        From hand-over to the SDK to leaving the jitter buffer.
    match
        The evidence, also when the gate was not passed.
    """

    received: bool
    sent_ns: float
    received_sample: float
    arrived_ns: float
    one_way_delay_ms: float
    match: Match


_NO_MATCH = Match(0.0, 0.0, 1.0)


def _not_received(sent_ns: float, match: Match = _NO_MATCH) -> PhraseArrival:
    return PhraseArrival(False, sent_ns, 0.0, 0.0, 0.0, match)


def find_phrase(sent: End, received: End, start_sample: int, sample_count: int) -> PhraseArrival:
    """Find one phrase of the sent audio in the received audio.

    Only the stretch in which the phrase can have arrived is searched: the same phrase may occur
    again later, and what is found there would be a false number.

    Parameters
    ----------
    sent, received
        Both ends, at the same sample rate, stamped with the same clock.
    start_sample, sample_count
        Place of the phrase in the sent audio.

    Returns
    -------
    PhraseArrival
        Not received if the phrase lies outside the recording or no place is similar enough.

    Raises
    ------
    ValueError
        If no frame of the phrase was sent.
    """
    rate = sent.timeline.sample_rate_hz
    sent_ns = sent.timeline.time_ns(start_sample, sample_count)
    # The frame during which the phrase was sent is the earliest place it can be at.
    first = received.timeline.sample_at(sent_ns)
    last = received.timeline.sample_at(sent_ns + MAX_ONE_WAY_DELAY_SECONDS * NANOSECONDS_PER_SECOND)
    window = received.samples[first : last + sample_count]
    reference = sent.samples[start_sample : start_sample + sample_count].astype(np.float64)
    if len(window) < len(reference) or not reference.any():
        return _not_received(sent_ns)
    match = locate(reference, window.astype(np.float64), rate)
    required_peak = min_correlation_peak(sample_count / rate)
    if match.peak < required_peak or match.peak_to_sidelobe_ratio < MIN_PEAK_TO_SIDELOBE_RATIO:
        return _not_received(sent_ns, match)
    position = first + match.position_samples
    arrived_ns = received.timeline.time_ns(position, sample_count)
    delay_ms = (arrived_ns - sent_ns) / NANOSECONDS_PER_MILLISECOND
    return PhraseArrival(True, sent_ns, position, arrived_ns, delay_ms, match)
