"""Speech that a jitter buffer stretched or shortened: heard, though at no single delay."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from eloquence_pipeline.measurement.coarse import CoarseAudio
from eloquence_pipeline.signal.alignment import taken
from eloquence_pipeline.signal.tracking import best_path, correlate_windows

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

FRAME_SECONDS = 0.01
"""Resolution: each 10 ms of what was said was heard, or it was not."""
ALIKE_FRAMES = 5
ALIKE_PEAK = 0.7
"""What was heard is like what was said over 50 ms too: what concealment makes up fits for a pitch period or
two, but not for longer."""
FLOOR = 1e-4
"""Near-silence, 40 dB down, cannot be like anything by chance."""
FURTHEST_STRETCH_SECONDS = 0.2
"""A jitter buffer that fills or empties stretches or shortens speech, by no more than this in half a
second."""
FURTHEST_SLIDE_SECONDS = 0.0005
_AROUND_SECONDS = 0.25
_MARGIN_SECONDS = 0.005
_NEAR_FRAMES = 50
_CLOSE_SECONDS = (0.1, 0.05)
"""A new stream begins with less delay than the windows after its beginning have."""
_CLOSE_JUMP_SECONDS = 0.012
_LEAST_IN_A_ROW = 4
_DOUBTFUL_PEAK = 0.6
"""Beside a gap, what is as like as this may have been heard, stretched; or it is concealment."""


@dataclass(frozen=True)
class Voices:
    """Both ends of a call between 100 and 2000 Hz, in one piece each.

    Attributes
    ----------
    sent, received
        float32 of shapes (n,) and (m,).
    rate_hz
        Of both.
    frame_samples
        Samples of 10 ms.
    """

    sent: npt.NDArray[np.float32]
    received: npt.NDArray[np.float32]
    rate_hz: float
    frame_samples: int

    @classmethod
    def of(cls, audio: CoarseAudio) -> Self:
        """Take them from a call of some minutes at most: all of it is in memory."""
        rate_hz = audio.sample_rate_hz / audio.step
        sent, received = (end[: len(end)] for end in audio.voices)
        return cls(sent, received, rate_hz, max(1, round(FRAME_SECONDS * rate_hz)))


def in_order(found: IntArray, known: IntArray, length: int) -> BoolArray:
    """Return which frames were found in their order.

    After all that was heard of what was said before them, and before what was heard of the rest, but for a
    pitch period: no jitter buffer turns speech round, while a vowel is like itself a few periods away.

    Parameters
    ----------
    found, known
        int64 of shape (frames,); delays of the frames in question and of those that were heard, -1 where
        there is none.
    length
        Samples of a frame.
    """
    most = np.iinfo(np.int64).max
    starts = np.arange(len(found)) * length
    places = np.where(known >= 0, starts + known, -1)
    earliest = np.maximum.accumulate(np.concatenate(([-1], places[:-1])))
    places = np.where(known >= 0, starts + known, most)
    latest = np.minimum.accumulate(np.concatenate((places[1:], [most]))[::-1])[::-1]
    return (starts + found >= earliest - length) & (starts + found - length <= latest)


def between_windows(
    voices: Voices, middles: IntArray, lags: IntArray, wanted: BoolArray, bound: float
) -> IntArray:
    """Return the delays of the wanted frames that were heard between those of the windows around them.

    Parameters
    ----------
    voices
        Both ends on one axis.
    middles, lags
        int64 of shape (windows,); where the windows that were found have their middle, and their delays.
    wanted
        bool of shape (frames,); the frames that are looked for.
    bound
        Gain from which on a frame was heard.

    Returns
    -------
    ndarray
        int64 of shape (frames,), -1 where nothing was found.
    """
    sent, received, rate, length = voices.sent, voices.received, voices.rate_hz, voices.frame_samples
    near, widest, margin = (
        round(seconds * rate) for seconds in (_AROUND_SECONDS, FURTHEST_STRETCH_SECONDS, _MARGIN_SECONDS)
    )
    found = np.full(len(wanted), -1, dtype=np.int64)
    reach = ALIKE_FRAMES - 1
    close = maximum_filter1d(wanted.astype(np.int8), 2 * reach + 1, mode="constant") > 0
    for frame in np.flatnonzero(close[: len(wanted) - reach]).tolist():
        first = frame * length
        middle = first + ALIKE_FRAMES * length // 2
        begin, centre, end = np.searchsorted(middles, (middle - near, middle, middle + near))
        if centre in (begin, end):
            continue  # beside a gap the delay is that of the windows on its side, and nothing between
        lowest, highest = int(lags[begin:end].min()) - margin, int(lags[begin:end].max()) + margin
        if highest - lowest > widest:
            continue
        said = sent[first : first + ALIKE_FRAMES * length].astype(np.float64)
        place, gains = _best_gains(said, taken(received, first + lowest, len(said) + highest - lowest))
        found[frame : frame + ALIKE_FRAMES][gains > bound] = lowest + place
    return np.where(wanted, found, -1)


def _best_gains(said: FloatArray, stretch: FloatArray) -> tuple[int, FloatArray]:
    # The place of the stretch that is most like some frames, and the gain of each there; 0 if not enough.
    energy = float(np.dot(said, said))
    if energy == 0:
        return 0, np.zeros(ALIKE_FRAMES)
    product = np.correlate(stretch, said, mode="valid")
    cumulated = np.concatenate(([0.0], np.cumsum(stretch**2)))
    level = np.maximum(cumulated[len(said) :] - cumulated[: -len(said)], energy * FLOOR)
    peaks = product / np.sqrt(energy * level)
    best = int(np.argmax(peaks))
    if peaks[best] < ALIKE_PEAK:
        return best, np.zeros(ALIKE_FRAMES)
    return best, _frame_gains(said, stretch[best : best + len(said)])


def _frame_gains(said: FloatArray, heard: FloatArray) -> FloatArray:
    pieces, there = said.reshape(ALIKE_FRAMES, -1), heard.reshape(ALIKE_FRAMES, -1)
    floor = max(float(np.dot(said, said)) * FLOOR, 1e-9)
    return np.sum(pieces * there, axis=1) / np.maximum(np.sum(pieces**2, axis=1), floor)


def close_by(
    voices: Voices, middles: IntArray, lags: IntArray, wanted: BoolArray, bound: float
) -> tuple[IntArray, BoolArray]:
    """Return the delays of the wanted frames that were heard just beside windows that were found.

    Parameters are those of :func:`between_windows`.

    Returns
    -------
    found
        int64 of shape (frames,), -1 where nothing was found.
    perhaps
        bool of shape (frames,); what is somewhat like what is there, but not enough to be sure.
    """
    length = voices.frame_samples
    found = np.full(len(wanted), -1, dtype=np.int64)
    perhaps = np.zeros(len(wanted), dtype=np.bool_)
    for first, last in _pieces(wanted):
        near = (middles >= (first - _NEAR_FRAMES) * length) & (middles <= (last + _NEAR_FRAMES) * length)
        if not near.any():
            continue
        around = int(lags[near].min()), int(lags[near].max())
        for is_sure, frames, lag in _follow_closely(voices, (first, last), around, bound):
            perhaps[frames] = True
            if is_sure:
                found[frames] = lag
    return np.where(wanted, found, -1), perhaps & wanted


def _pieces(wanted: BoolArray) -> list[tuple[int, int]]:
    # First and last frame of what is looked at closely: both ends of each stretch that was not heard.
    pieces: list[tuple[int, int]] = []
    for place in np.flatnonzero(wanted).tolist():
        if pieces and place - pieces[-1][1] <= _NEAR_FRAMES // 2:
            pieces[-1] = (pieces[-1][0], place)
        else:
            pieces.append((place, place))
    ends: list[tuple[int, int]] = []
    for first, last in pieces:
        begin, end = max(0, first - ALIKE_FRAMES), min(len(wanted) - 1, last + 2 * ALIKE_FRAMES)
        if end - begin <= 2 * _NEAR_FRAMES:
            ends.append((begin, end))
        else:
            ends += [(begin, begin + _NEAR_FRAMES), (end - _NEAR_FRAMES, end)]
    return ends


def _follow_closely(
    voices: Voices, frames: tuple[int, int], around: tuple[int, int], bound: float
) -> Iterator[tuple[bool, IntArray, int]]:
    # Follow 50 ms every 10 ms: a jitter buffer that fills adds a pitch period to every few of them. Yields
    # which frames may have been heard, with what delay, and whether that is sure.
    sent, received, rate, length = voices.sent, voices.received, voices.rate_hz, voices.frame_samples
    before, after = (round(seconds * rate) for seconds in _CLOSE_SECONDS)
    lowest, highest = max(0, around[0] - before), around[1] + after
    said = sent[frames[0] * length : (frames[1] + 1) * length]
    if highest - lowest > round(FURTHEST_STRETCH_SECONDS * rate) + before + after or not said.any():
        return
    stretch = taken(received, frames[0] * length + lowest, len(said) + highest - lowest).astype(np.float32)
    windows = correlate_windows(said, stretch, ALIKE_FRAMES * length, length)
    scores = windows.normalised()
    path = best_path(scores, round(_CLOSE_JUMP_SECONDS * rate), round(FURTHEST_SLIDE_SECONDS * rate))
    peaks = np.where(windows.active, scores[np.arange(len(path)), path], 0.0)
    sure = set(_in_a_row(peaks >= ALIKE_PEAK).tolist())
    for window in sorted(np.flatnonzero(peaks >= _DOUBTFUL_PEAK).tolist(), key=sure.__contains__):
        place, size = window * length, ALIKE_FRAMES * length
        there = stretch[place + path[window] :][:size].astype(np.float64)
        gains = _frame_gains(said[place : place + size].astype(np.float64), there)
        yield window in sure, frames[0] + window + np.flatnonzero(gains > bound), lowest + int(path[window])


def _in_a_row(like: BoolArray) -> IntArray:
    # The windows that are like what was received, so many one after the other that it is no chance.
    runs = uniform_filter1d(like.astype(np.float64), _LEAST_IN_A_ROW, mode="constant") > 1 - 1e-9
    return np.flatnonzero(
        like & (maximum_filter1d(runs.astype(np.int8), _LEAST_IN_A_ROW, mode="constant") > 0)
    )
