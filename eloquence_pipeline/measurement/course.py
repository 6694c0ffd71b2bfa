"""How the delay goes along a phrase: where each of its windows was received."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND
from eloquence_pipeline.measurement.coarse import CoarseAudio, Span
from eloquence_pipeline.measurement.method import (
    AGREEMENT_MS,
    MIN_WINDOW_PEAK,
    WINDOW_HOP_SECONDS,
    WINDOW_SECONDS,
    min_correlation_peak,
)
from eloquence_pipeline.measurement.search import Candidate
from eloquence_pipeline.signal.alignment import Match, Samples, normalised, refine, scalar_product, taken
from eloquence_pipeline.signal.tracking import best_path

Int16Array = npt.NDArray[np.int16]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_NEAR_SECONDS = (0.06, 0.06)
"""How far before and after the places already known a window is looked for."""
_FAR_SECONDS = (0.1, 0.5)
"""The same for phrases of which a window was not found: a jitter buffer that ran dry adds delay all at once,
while it takes it back in pitch periods."""
_FURTHEST_SLIDE_SECONDS = 0.001
_LONGEST_EXCURSION_WINDOWS = 2
_COARSE_STEPS_OFF = 2
"""A coarse place is off by one step at most on either side."""
_RIVAL_SECONDS = 0.03
"""Two or three pitch periods of a low voice: within them are the places that a window is mistaken for."""
_RIVAL_MARGIN = 0.02
"""With 30 % of the packets missing, another place is so much more like a window in one of twenty."""


@dataclass(frozen=True)
class Course:
    """Where a phrase and each of its windows were received, as displacements.

    A displacement is the position in the received audio less that in the sent audio, in samples.

    Attributes
    ----------
    displacement
        Of the phrase: that of its median window, from the samples of all windows that agree with it.
    peak
        Normalised correlation of the whole phrase, each part where it was received.
    starts
        int64 of shape (windows,); first sample of each window, from the first of the phrase. Pauses have
        none.
    window_samples
        Length of a window.
    displacements, peaks
        float64 of shape (windows,); a window below the gate has the displacement of the nearest that is not.
    found
        bool of shape (windows,); which windows passed the gate.
    steady_ratio
        How many of those have the phrase's delay.
    """

    displacement: float
    peak: float
    starts: IntArray
    window_samples: int
    displacements: FloatArray
    peaks: FloatArray
    found: BoolArray
    steady_ratio: float

    def nearest(self, samples: IntArray) -> IntArray:
        """Return the index of the window whose middle is nearest to each of `samples` of the phrase."""
        return nearest_places(self.starts + self.window_samples // 2, samples)


def follow(
    audio: CoarseAudio, sent: Int16Array, received: Int16Array, span: Span, place: Candidate
) -> Course | None:
    """Follow a phrase along its windows.

    Parameters
    ----------
    audio
        Both ends at the coarse rate.
    sent, received
        Both ends at the full rate, int16 of shapes (n,) and (m,).
    span, place
        The phrase, and where it was found.

    Returns
    -------
    Course or None
        None if not one window passed the gate.
    """
    windows = _Windows(taken(sent, span.start_sample, span.sample_count), received, audio, span)
    course = windows.course(place, _NEAR_SECONDS)
    if course is not None and course.found.all():
        return course
    return windows.course(place, _FAR_SECONDS)


@dataclass(frozen=True)
class _Windows:
    reference: FloatArray
    received: Int16Array
    audio: CoarseAudio
    span: Span

    @property
    def length(self) -> int:
        return min(round(WINDOW_SECONDS * self.audio.sample_rate_hz), self.span.sample_count)

    def course(self, place: Candidate, reach_seconds: tuple[float, float]) -> Course | None:
        starts, coarse, rivalled = self._coarse_path(place, reach_seconds)
        matches = [
            self._near(self.reference[start : start + self.length], start, expected)
            for start, expected in zip(starts.tolist(), coarse.tolist(), strict=True)
        ]
        peaks = np.asarray([match.peak for match in matches])
        positions = np.asarray([match.position_samples for match in matches], dtype=np.float64)
        displacements = positions - self.span.start_sample - starts
        agreement = AGREEMENT_MS / MILLISECONDS_PER_SECOND * self.audio.sample_rate_hz
        found = _borne_out(displacements, peaks, rivalled, place, agreement)
        if not found.any():
            return None
        displacements = displacements[found][nearest_places(starts[found], starts)]
        typical = typical_windows(displacements, found, agreement)
        heard = self.reference if typical.all() else self._only(starts[typical & found])
        whole = self._near(heard, 0, round(float(displacements[typical].mean())))
        displacement = whole.position_samples - self.span.start_sample
        pieces = np.where(typical, displacement, displacements)
        along = pieces[nearest_places(starts + self.length // 2, np.arange(self.span.sample_count))]
        steady = float(typical[found].mean())
        peak = peak_along(self.audio, self.received, self.span, self.reference, along)
        return Course(displacement, peak, starts, self.length, displacements, peaks, found, steady)

    def _coarse_path(
        self, place: Candidate, reach_seconds: tuple[float, float]
    ) -> tuple[IntArray, IntArray, BoolArray]:
        # First samples of the windows that are no pauses, and their displacements, both at the full rate; and
        # whether another place nearby is more like the window.
        audio = self.audio
        rate = audio.sample_rate_hz / audio.step
        before, after = (round(seconds * rate) for seconds in reach_seconds)
        lowest = max(place.lowest // audio.step - before, audio.displacements(self.span)[0])
        windows = audio.windows(self.span, lowest, place.highest // audio.step + after)
        scores = windows.normalised()
        path = best_path(scores, before + after, round(_FURTHEST_SLIDE_SECONDS * rate))
        rivalled = _rivalled(scores, path, round(_RIVAL_SECONDS * rate))
        active = windows.active
        return windows.starts[active] * audio.step, (lowest + path[active]) * audio.step, rivalled[active]

    def _near(self, reference: FloatArray, start: int, displacement: int) -> Match:
        expected = self.span.start_sample + start + displacement
        return refine(reference, self.received, expected, _COARSE_STEPS_OFF * self.audio.step)

    def _only(self, starts: IntArray) -> FloatArray:
        kept = np.zeros(len(self.reference), dtype=np.bool_)
        for start in starts.tolist():
            kept[start : start + self.length] = True
        return self.reference * kept


def peak_along(
    audio: CoarseAudio, received: Samples, span: Span, reference: FloatArray, displacements: FloatArray
) -> float:
    """Return the normalised correlation of a whole phrase, each of its samples where it was received.

    Parameters
    ----------
    audio, received
        What was received, at both rates: hiss above 4 kHz does not make a phrase unheard.
    span, reference
        The phrase; float64 of shape (span.sample_count,).
    displacements
        float64 of shape (span.sample_count,).
    """
    step = audio.step
    coarse = audio.reference(span).astype(np.float64)
    first = span.start_sample // step
    every = displacements[np.minimum(np.arange(len(coarse)) * step, len(displacements) - 1)] / step
    return max(
        _joint_peak(reference, received, span.start_sample, displacements),
        _joint_peak(coarse, audio.received, first, every),
    )


def _joint_peak(reference: FloatArray, received: Samples, start: int, displacements: FloatArray) -> float:
    # One stretch of equal displacement after the other.
    whole = np.rint(displacements).astype(np.int64)
    bounds = [0, *(np.flatnonzero(np.diff(whole)) + 1).tolist(), len(reference)]
    correlation = energy = 0.0
    for first, last in pairwise(bounds):
        heard = taken(received, start + first + int(whole[first]), last - first)
        correlation += scalar_product(reference[first:last], heard)
        energy += scalar_product(heard, heard)
    return normalised(correlation, scalar_product(reference, reference), energy)


def _rivalled(scores: FloatArray, path: IntArray, reach: int) -> BoolArray:
    # Whether a place at most `reach` lags away is more like a window than its place on the path.
    rows, last = np.arange(len(path)), scores.shape[1] - 1
    steps = range(-_COARSE_STEPS_OFF, _COARSE_STEPS_OFF + 1)
    there = np.max([scores[rows, np.clip(path + step, 0, last)] for step in steps], axis=0)
    best = maximum_filter1d(scores, 2 * reach + 1, axis=1, mode="nearest")[rows, path]
    return np.asarray(best > there + _RIVAL_MARGIN)


def _borne_out(
    displacements: FloatArray, peaks: FloatArray, rivalled: BoolArray, place: Candidate, agreement: float
) -> BoolArray:
    # What counts is a window at the place of the whole phrase, or a group of windows that would be found as
    # a phrase of its own: 200 ms of speech, some of it lost, are like a good many other places.
    at_whole = place.is_one & (np.abs(displacements - place.lowest) <= agreement)
    like = np.flatnonzero(peaks >= MIN_WINDOW_PEAK)
    changes = np.flatnonzero(np.abs(np.diff(displacements[like])) > agreement) + 1
    groups = [group for group in np.split(like, changes) if len(group)]
    found = np.zeros(len(peaks), dtype=np.bool_)
    for group in groups:
        found[group] = at_whole[group].all() or _stands_alone(peaks[group])
    for before, group, after in zip(groups, groups[1:], groups[2:], strict=False):
        # A delay that changes does not come back to where it was within two windows; what was lost in speech
        # often looks like what was heard a few pitch periods away.
        returns = abs(displacements[after[0]] - displacements[before[-1]]) <= agreement
        if len(group) <= _LONGEST_EXCURSION_WINDOWS and returns:
            found[group] = False
    # The path may pass by where a window is more at home, to save itself a jump.
    return found & (at_whole | ~rivalled)


def _stands_alone(peaks: FloatArray) -> bool:
    # Whether consecutive windows at one place, or the best two of them, would pass the gate of a phrase.
    if len(peaks) <= 1:
        return False
    pairs = (peaks[1:] + peaks[:-1]) / 2
    seconds = WINDOW_SECONDS + (len(peaks) - 1) * WINDOW_HOP_SECONDS
    return bool(
        peaks.mean() >= min_correlation_peak(seconds)
        or pairs.max() >= min_correlation_peak(WINDOW_SECONDS + WINDOW_HOP_SECONDS)
    )


def typical_windows(displacements: FloatArray, found: BoolArray, agreement_samples: float) -> BoolArray:
    """Return which windows have the delay of the median window of those that were found."""
    # The lower median: of two halves that differ, the mean would be a delay that no window had.
    middle = float(np.quantile(displacements[found], 0.5, method="lower"))
    return np.abs(displacements - middle) <= agreement_samples


def nearest_places(places: IntArray, samples: IntArray) -> IntArray:
    """Return the index of that of the rising `places` which is nearest to each of `samples`."""
    return np.searchsorted((places[1:] + places[:-1]) / 2, samples).astype(np.int64)
