"""Which 10 ms of what was said in a call were heard, whatever became of the delay meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND
from eloquence_pipeline.measurement.coarse import CoarseAudio, Span
from eloquence_pipeline.measurement.method import (
    MAX_ONE_WAY_DELAY_SECONDS,
    MIN_WINDOW_PEAK,
    WINDOW_HOP_SECONDS,
    WINDOW_SECONDS,
    min_correlation_peak,
)
from eloquence_pipeline.measurement.stretched import (
    ALIKE_FRAMES,
    ALIKE_PEAK,
    FLOOR,
    FURTHEST_SLIDE_SECONDS,
    Voices,
    between_windows,
    close_by,
    in_order,
)
from eloquence_pipeline.signal.tracking import best_path

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_ACTIVE_ENERGY_RATIO = 1e-3
"""Frames more than 30 dB below the louder ones are pauses: nobody can say whether they were heard."""
_LOUD_PERCENTILE = 95
_LOST_GAIN = 0.25
"""A frame that came with less than a quarter of the usual gain, 12 dB down, is lost. Speech after a gap is
faded in: fainter at first, but there."""
_APART_WINDOWS = 2
_FURTHEST_GROUP_SECONDS = 0.1


@dataclass(frozen=True)
class Track:
    """Where the windows of a call were received, all in samples of the coarse rate.

    Attributes
    ----------
    starts
        int64 of shape (windows,); where each window begins in what was sent.
    lags
        int64 of shape (windows,); how much later it was received.
    found
        bool of shape (windows,); which of them are like what is there.
    """

    starts: IntArray
    lags: IntArray
    found: BoolArray


@dataclass(frozen=True)
class Frames:
    """What became of each 10 ms of a call.

    Attributes
    ----------
    active
        bool of shape (frames,); which are no pauses.
    heard, lost
        bool of shape (frames,); pauses are neither, nor is what is only somewhat like what was received
        just beside a gap, nor what came after the end of the recording.
    delay_ms
        float64 of shape (frames,); of those that were heard.
    """

    active: BoolArray
    heard: BoolArray
    lost: BoolArray
    delay_ms: FloatArray


def follow(audio: CoarseAudio) -> Track:
    """Follow all windows of the speech through every delay up to 3 s."""
    rate = audio.sample_rate_hz / audio.step
    whole = Span(0, len(audio.sent) * audio.step, 0, 0)
    windows = audio.windows(whole, 0, round(MAX_ONE_WAY_DELAY_SECONDS * rate))
    scores = windows.normalised()
    path = best_path(scores, scores.shape[1], round(FURTHEST_SLIDE_SECONDS * rate))
    peaks = scores[np.arange(len(path)), path]
    like = windows.active & (peaks >= MIN_WINDOW_PEAK)
    return Track(windows.starts, path, _borne_out(windows.starts, path, peaks, like, rate))


def _borne_out(
    starts: IntArray, lags: IntArray, peaks: FloatArray, like: BoolArray, rate: float
) -> BoolArray:
    # Groups of windows at about one delay that together pass the gate of a phrase of their length: 200 ms of
    # speech, some of it lost, are like a good many other places.
    places = np.flatnonzero(like)
    apart = np.diff(places) > _APART_WINDOWS
    apart |= np.abs(np.diff(lags[places])) > _FURTHEST_GROUP_SECONDS * rate
    groups = [group for group in np.split(places, np.flatnonzero(apart) + 1) if len(group)]
    sure = [
        group
        for group in groups
        if peaks[group].mean() >= min_correlation_peak(WINDOW_SECONDS + (len(group) - 1) * WINDOW_HOP_SECONDS)
    ]
    found = np.zeros(len(lags), dtype=np.bool_)
    for group in sure:
        found[group] = not any(
            len(other) > len(group) and _is_turned_round(starts, lags, group, other, rate) for other in sure
        )
    return found


def _is_turned_round(starts: IntArray, lags: IntArray, group: IntArray, other: IntArray, rate: float) -> bool:
    # Whether what was said first was heard last: then one of both is somewhere else.
    first, last = (group, other) if group[0] < other[0] else (other, group)
    said_first_ends = starts[first[-1]] + lags[first[-1]]
    return bool(said_first_ends > starts[last[0]] + lags[last[0]] + WINDOW_SECONDS * rate)


def compare(audio: CoarseAudio, track: Track, heard_until: int) -> Frames:
    """Compare each 10 ms of speech with what was received where the windows around it were.

    Parameters
    ----------
    audio
        Both ends on one axis.
    track
        Of the same audio.
    heard_until
        Where the recording ends, in coarse samples.
    """
    voices = Voices.of(audio)
    sent, received, length = voices.sent, voices.received, voices.frame_samples
    count = len(sent) // length
    said = sent[: count * length].reshape(count, length).astype(np.float64)
    places = np.arange(count * length).reshape(count, length)
    energy = np.sum(said**2, axis=1)
    active = energy > _ACTIVE_ENERGY_RATIO * float(np.percentile(energy, _LOUD_PERCENTILE))
    if not track.found.any():
        nothing = np.zeros(count, dtype=np.bool_)
        return Frames(active, nothing, active, np.zeros(count))
    # A delay changes somewhere between two windows: each frame may be where either of them was.
    known = np.flatnonzero(track.found)
    middles = track.starts[known] + round(0.1 * audio.sample_rate_hz / audio.step)
    after = np.clip(np.searchsorted(middles, places[:, length // 2]), 0, len(known) - 1)
    lags = track.lags[known]
    options = [lags[np.clip(after + step, 0, len(known) - 1)] for step in (-2, -1, 0, 1)]
    planes = [_plane(said, received, places, lag, energy) for lag in options]
    usual = float(np.median(np.max([p.gain for p in planes], axis=0)[active & _inside(track, count, length)]))
    bound = _LOST_GAIN * usual
    alike = [plane.alike & (plane.gain > bound) & active for plane in planes]
    best = np.argmax(
        [np.where(like, plane.gain, -1.0) for like, plane in zip(alike, planes, strict=True)], axis=0
    )
    lag = np.take_along_axis(np.asarray(options), best[None], axis=0)[0]
    heard = np.any(alike, axis=0)
    found = between_windows(voices, middles, lags, active & ~heard, bound)
    found[~in_order(found, np.where(heard, lag, -1), length)] = -1
    lag = np.where(found >= 0, found, lag)
    heard |= found >= 0
    found, perhaps = close_by(voices, middles, lags, active & ~heard, bound)
    ordered = in_order(found, np.where(heard, lag, -1), length)
    lag = np.where((found >= 0) & ordered, found, lag)
    heard |= (found >= 0) & ordered
    ended = places[:, -1] + lag >= heard_until
    rate = audio.sample_rate_hz / audio.step
    return Frames(active, heard, active & ~heard & ~perhaps & ~ended, lag / rate * MILLISECONDS_PER_SECOND)


def _inside(track: Track, count: int, length: int) -> BoolArray:
    # Frames of windows that were found.
    found = np.zeros(count, dtype=np.bool_)
    for start in track.starts[track.found].tolist():
        found[start // length : start // length + 20] = True
    return found


@dataclass(frozen=True)
class _Plane:
    gain: FloatArray
    alike: BoolArray


def _plane(
    said: FloatArray, received: npt.NDArray[np.float32], places: IntArray, lag: IntArray, energy: FloatArray
) -> _Plane:
    # All frames at one choice of delays.
    heard_at = places + lag[:, None]
    inside = heard_at < len(received)
    heard = received[np.where(inside, heard_at, 0)].astype(np.float64) * inside
    product = np.sum(said * heard, axis=1)
    level = np.sum(heard**2, axis=1)
    floor = max(float(energy.max()) * FLOOR, 1e-9)
    around = uniform_filter1d(product, ALIKE_FRAMES, mode="nearest") / np.sqrt(
        np.maximum(uniform_filter1d(energy, ALIKE_FRAMES, mode="nearest"), floor)
        * np.maximum(uniform_filter1d(level, ALIKE_FRAMES, mode="nearest"), floor)
    )
    # A frame counts when any 50 ms that hold it are alike: at the edge of a gap those before it are.
    alike = maximum_filter1d(around, ALIKE_FRAMES, mode="nearest") >= ALIKE_PEAK
    return _Plane(product / np.maximum(energy, floor), alike)
