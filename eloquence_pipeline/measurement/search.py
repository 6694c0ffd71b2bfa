"""Where in a recording a phrase can be: a coarse look at everything that may have been heard of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.measurement.coarse import CoarseAudio, Span
from eloquence_pipeline.measurement.method import MIN_PEAK_TO_SIDELOBE_RATIO, min_correlation_peak
from eloquence_pipeline.signal.alignment import MAIN_LOBE_SECONDS, Match, normalised_cross_correlation
from eloquence_pipeline.signal.tracking import best_path

FloatArray = npt.NDArray[np.float64]

_COARSE_ALLOWANCE = 0.9
"""At the coarse rate a peak may be this much lower than at the full rate, where the gate is."""
_MOST_CANDIDATES = 8
_FURTHEST_WIDE_JUMP_SECONDS = 0.1


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

    @property
    def is_one(self) -> bool:
        """Whether all of the phrase was found at one place."""
        return self.lowest == self.highest


def find_candidates(audio: CoarseAudio, span: Span) -> tuple[list[Candidate], Match]:
    """Return the places at which the whole phrase may be, and the match at the best of them.

    A rival close by makes a place uncertain; a rival far away that passes the gate by itself is a place of
    its own: most likely the same phrase, said again.
    """
    lowest, highest = audio.displacements(span)
    reference = audio.reference(span).astype(np.float64)
    stretch = audio.stretch(span, lowest, highest).astype(np.float64)
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
    free = max(0, free_from) // audio.step, None if free_to is None else max(0, -(-free_to // audio.step))
    lowest, highest = audio.displacements(span)
    apart = len(audio.reference(span)) // 2
    candidate, evidence = None, None
    while highest > lowest:
        found = _tracked(audio, span, lowest, highest, free)
        evidence = evidence or found.match
        required = _COARSE_ALLOWANCE * min_correlation_peak(span.sample_count / audio.sample_rate_hz)
        if found.match.peak < required or found.match.peak_to_sidelobe_ratio < MIN_PEAK_TO_SIDELOBE_RATIO:
            break
        candidate = found
        highest = found.lowest // audio.step - apart
    return candidate, evidence or Match.over_rivals(0.0, 0.0, 0.0)


def _tracked(
    audio: CoarseAudio, span: Span, lowest: int, highest: int, free: tuple[int, int | None]
) -> Candidate:
    correlations = audio.windows(span, lowest, highest, *free)
    rate = audio.sample_rate_hz / audio.step
    path = best_path(correlations.normalised(), round(_FURTHEST_WIDE_JUMP_SECONDS * rate), 1)
    rivals = np.abs(correlations.joint_peaks())
    lobe = round(MAIN_LOBE_SECONDS * rate)
    for lag in np.unique(path):
        rivals[max(0, lag - lobe) : lag + lobe + 1] = 0
    match = Match.over_rivals(float(path[0]), correlations.joint_peak(path), float(rivals.max()))
    used = path[correlations.active]
    return Candidate((lowest + int(used.min())) * audio.step, (lowest + int(used.max())) * audio.step, match)
