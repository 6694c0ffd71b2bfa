"""Where in a recording a phrase can be: a coarse look at everything that may have been heard of it.

Both ends are brought down to 8 kHz for this. Speech is told apart by what it has below 4 kHz, and a sixth of
the samples takes a sixth of the time; the places are made exact at the full rate afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, resample_poly, sosfilt

from eloquence_pipeline.measurement.method import (
    MIN_PEAK_TO_SIDELOBE_RATIO,
    WINDOW_HOP_SECONDS,
    WINDOW_SECONDS,
    min_correlation_peak,
)
from eloquence_pipeline.signal.alignment import MAIN_LOBE_SECONDS, Match, normalised_cross_correlation
from eloquence_pipeline.signal.tracking import WindowCorrelations, best_path, correlate_windows

Float32Array = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_COARSE_RATE_HZ = 8_000
_COARSE_ALLOWANCE = 0.9
"""At the coarse rate a peak may be this much lower than at the full rate, where the gate is."""
_MOST_CANDIDATES = 8
_FURTHEST_WIDE_JUMP_SECONDS = 0.1
_VOICE_BAND_HZ = (100.0, 2000.0)


@dataclass(frozen=True)
class Span:
    """A phrase of the sent audio and the places at which it can have been received.

    Attributes
    ----------
    start_sample, sample_count
        Place of the phrase in the sent audio.
    earliest, latest
        Where its first sample can be in the received audio.
    """

    start_sample: int
    sample_count: int
    earliest: int
    latest: int


@dataclass(frozen=True)
class Candidate:
    """A place at which a phrase may have been received.

    Attributes
    ----------
    lowest, highest
        Received less sent position, in samples: the least and the most along the phrase.
    match
        How much the place is like the phrase.
    """

    lowest: int
    highest: int
    match: Match


@dataclass(frozen=True)
class CoarseAudio:
    """Both ends at about 8 kHz.

    Attributes
    ----------
    sent, received
        float32 of shapes (sent samples / step,) and (received samples / step,).
    step
        Samples of the full rate to one of these.
    sample_rate_hz
        The full rate.
    """

    sent: Float32Array
    received: Float32Array
    step: int
    sample_rate_hz: int

    @cached_property
    def voices(self) -> tuple[Float32Array, Float32Array]:
        """Both ends between 100 and 2000 Hz, where a codec keeps the wave; the filter delays both alike."""
        rate = self.sample_rate_hz / self.step
        sections = butter(4, _VOICE_BAND_HZ, btype="band", fs=rate, output="sos").astype(np.float32)
        sent, received = (
            cast(Any, sosfilt)(sections, end) if len(end) else end for end in (self.sent, self.received)
        )
        return sent, received

    def reference(self, span: Span) -> Float32Array:
        """Return what was sent in `span`."""
        first = span.start_sample // self.step
        return self.sent[first : first + max(1, span.sample_count // self.step)]

    def stretch(self, span: Span, lowest: int, highest: int, received: Float32Array) -> Float32Array:
        """Return what `received` has where `span` was displaced by `lowest` to `highest` coarse samples."""
        first = span.start_sample // self.step + lowest
        count = len(self.reference(span)) + highest - lowest
        result = np.zeros(count, dtype=np.float32)
        begin, end = max(first, 0), min(first + count, len(received))
        if begin < end:
            result[begin - first : end - first] = received[begin:end]
        return result

    def windows(self, span: Span, lowest: int, highest: int, received: Float32Array) -> WindowCorrelations:
        """Return the windows of `span` against the displacements from `lowest` to `highest`."""
        rate = self.sample_rate_hz / self.step
        return correlate_windows(
            self.reference(span),
            self.stretch(span, lowest, highest, received),
            round(WINDOW_SECONDS * rate),
            round(WINDOW_HOP_SECONDS * rate),
        )

    def displacements(self, span: Span) -> tuple[int, int]:
        """Return the least and the greatest displacement of `span`, in coarse samples."""
        return (
            (span.earliest - span.start_sample) // self.step,
            -(-(span.latest - span.start_sample) // self.step),
        )


def coarse_audio(sent: npt.NDArray[np.int16], received: npt.NDArray[np.int16], rate_hz: int) -> CoarseAudio:
    """Bring both ends, int16 of shapes (n,) and (m,) at `rate_hz`, down to about 8 kHz."""
    step = max(1, rate_hz // _COARSE_RATE_HZ)
    ends = [
        cast(Any, resample_poly)(end.astype(np.float32), 1, step) if len(end) else end.astype(np.float32)
        for end in (sent, received)
    ]
    return CoarseAudio(ends[0], ends[1], step, rate_hz)


def find_candidates(audio: CoarseAudio, span: Span) -> tuple[list[Candidate], Match]:
    """Return the places at which the whole phrase may be, and the match at the best of them.

    A rival close by makes a place uncertain; a rival far away that passes the gate by itself is a place of
    its own: most likely the same phrase, said again.
    """
    lowest, highest = audio.displacements(span)
    reference = audio.reference(span).astype(np.float64)
    stretch = audio.stretch(span, lowest, highest, audio.received).astype(np.float64)
    ncc = normalised_cross_correlation(reference, stretch)
    required = _COARSE_ALLOWANCE * min_correlation_peak(span.sample_count / audio.sample_rate_hz)
    places = _peaks(ncc, required, apart=len(reference) // 2)
    best = int(np.argmax(ncc))
    matches = {place: _match(audio, ncc, place, places, len(reference) // 2) for place in {best, *places}}
    candidates = [
        Candidate((lowest + place) * audio.step, (lowest + place) * audio.step, matches[place])
        for place in places
        if matches[place].peak_to_sidelobe_ratio >= MIN_PEAK_TO_SIDELOBE_RATIO
    ]
    return candidates, matches[best]


def _peaks(ncc: FloatArray, required: float, apart: int) -> list[int]:
    left, places = ncc.copy(), list[int]()
    while len(places) < _MOST_CANDIDATES:
        place = int(np.argmax(left))
        if left[place] < required:
            break
        places.append(place)
        left[max(0, place - apart) : place + apart + 1] = -np.inf
    return sorted(places)


def _match(audio: CoarseAudio, ncc: FloatArray, place: int, others: Sequence[int], apart: int) -> Match:
    lobe = round(MAIN_LOBE_SECONDS * audio.sample_rate_hz / audio.step)
    rivals = np.abs(ncc)
    for other in others:
        if other != place:
            rivals[max(0, other - apart) : other + apart + 1] = 0
    rivals[max(0, place - lobe) : place + lobe + 1] = 0
    return Match.over_rivals(float(place), float(ncc[place]), float(rivals.max()))


def track(
    audio: CoarseAudio, span: Span, free_from: int, free_to: int | None
) -> tuple[Candidate | None, Match]:
    """Look for a phrase whose delay changed while it was said, so that no single place is like all of it.

    Parameters
    ----------
    audio, span
        What is looked for in what.
    free_from, free_to
        The part of the received audio that no other phrase was found in, in samples; None is its end.

    Returns
    -------
    candidate
        The earliest place that passes the gate of a whole phrase, or None. A later one is the same phrase,
        said again.
    match
        That at the best place, also when the gate was not passed.
    """
    received = audio.received.copy()
    received[: max(0, free_from) // audio.step] = 0
    if free_to is not None:
        received[max(0, -(-free_to // audio.step)) :] = 0
    lowest, highest = audio.displacements(span)
    apart = len(audio.reference(span)) // 2
    candidate, evidence = None, None
    while highest > lowest:
        found = _tracked(audio, span, lowest, highest, received)
        evidence = evidence or found.match
        required = _COARSE_ALLOWANCE * min_correlation_peak(span.sample_count / audio.sample_rate_hz)
        if found.match.peak < required or found.match.peak_to_sidelobe_ratio < MIN_PEAK_TO_SIDELOBE_RATIO:
            break
        candidate = found
        highest = found.lowest // audio.step - apart
    return candidate, evidence or Match.over_rivals(0.0, 0.0, 0.0)


def _tracked(audio: CoarseAudio, span: Span, lowest: int, highest: int, received: Float32Array) -> Candidate:
    correlations = audio.windows(span, lowest, highest, received)
    rate = audio.sample_rate_hz / audio.step
    path = best_path(correlations.normalised(), round(_FURTHEST_WIDE_JUMP_SECONDS * rate), 1)
    rivals = np.abs(correlations.joint_peaks())
    lobe = round(MAIN_LOBE_SECONDS * rate)
    for lag in np.unique(path):
        rivals[max(0, lag - lobe) : lag + lobe + 1] = 0
    match = Match.over_rivals(float(path[0]), correlations.joint_peak(path), float(rivals.max()))
    used = path[correlations.active]
    return Candidate((lowest + int(used.min())) * audio.step, (lowest + int(used.max())) * audio.step, match)
