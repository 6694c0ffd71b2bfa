"""Which parts of a phrase were not heard, from the sound alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.measurement.blocks import Signal
from eloquence_pipeline.measurement.coarse import CoarseAudio, Span
from eloquence_pipeline.measurement.course import Course
from eloquence_pipeline.measurement.method import MIN_WINDOW_PEAK

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

FRAME_SECONDS = 0.01
"""Half an Opus packet: wherever the frames begin, a lost packet covers one of them whole."""

_ACTIVE_ENERGY_RATIO = 1e-3
"""Frames more than 30 dB below the loudest of the phrase are no active speech."""
_LOST_GAIN = 0.5
"""A frame is there when it came with more than half of the phrase's usual gain, and lost with less."""
_DEVIATIONS = 2.0
"""How many standard deviations its gain has to be away from that; else it is undecided."""
_INDEPENDENT_SAMPLES = 20
"""Of a 10 ms frame of speech between 100 and 2000 Hz, most of which lies below 1 kHz (2 · bandwidth ·
length)."""
_USUAL_GAIN_PERCENTILE = 75
"""The usual gain is that of a frame that was heard, also when half of them were not."""
_LONGEST_BRIDGE_SECONDS = 0.1


@dataclass(frozen=True)
class FrameGap:
    """A stretch that was not heard; both positions from the beginning of the WAV of that end."""

    sent_seconds: float
    received_seconds: float | None
    duration_ms: float
    begin_ratio: float
    """Where it begins in the speech of the phrase, 0 to 1; as where it ends."""
    end_ratio: float


@dataclass(frozen=True)
class HeardSpeech:
    """How much of a phrase's active speech was heard, in samples of the full rate."""

    active_samples: int
    lost_samples: int
    undecided_samples: int
    gaps: tuple[FrameGap, ...]

    @property
    def received_ratio(self) -> float:
        """Heard over heard and lost; 1 if nothing can be said."""
        decided = self.active_samples - self.undecided_samples
        return 1 - self.lost_samples / decided if decided else 1.0


@dataclass(frozen=True)
class _Frames:
    active: BoolArray
    lost: BoolArray
    heard: BoolArray
    samples: int


def hear(audio: CoarseAudio, span: Span, course: Course | None) -> HeardSpeech:
    """Compare what was sent of a phrase with what was received of it, 10 ms by 10 ms.

    Parameters
    ----------
    audio
        Both ends at the coarse rate.
    span
        The phrase.
    course
        Where it was received; None loses all of it.

    Returns
    -------
    HeardSpeech
        With the gaps in the order of time.

    Notes
    -----
    Of each frame of active speech, the regression of the received on the sent samples gives a gain g and a
    standard deviation σ of it: what is left of the received level over the sent level, divided by √20.
    Compared with the usual gain G of the phrase, a frame with g + 2 σ < G / 2 is lost and one with g - 2 σ >
    G / 2 was heard. What is silent has g = 0 and σ = 0; what was replaced by something else has g ≈ 0. Only
    100 to 2000 Hz are compared: above, a codec keeps the level of a fricative but not its wave.
    """
    places, sent = _sent_frames(audio, span)
    energy = np.sum(sent**2, axis=1)
    active = energy > _ACTIVE_ENERGY_RATIO * energy.max(initial=0.0)
    frame_samples = places.shape[1] * audio.step
    active_samples = int(active.sum()) * frame_samples
    if course is None or not active.any():
        seconds = span.sample_count / audio.sample_rate_hz
        whole = FrameGap(span.start_sample / audio.sample_rate_hz, None, seconds * 1000, 0.0, 1.0)
        return HeardSpeech(active_samples, active_samples, 0, () if course else (whole,))
    gain, margin = _gains(sent, _received_frames(audio, course, places), np.where(active, energy, 1.0))
    bound = _LOST_GAIN * float(np.percentile(gain[active], _USUAL_GAIN_PERCENTILE))
    lost = active & (gain + margin < bound) & ~_doubtful(audio, course, places)
    heard = active & (gain - margin > bound)
    lost_samples, heard_samples = int(lost.sum()) * frame_samples, int(heard.sum()) * frame_samples
    return HeardSpeech(
        active_samples=active_samples,
        lost_samples=lost_samples,
        undecided_samples=active_samples - lost_samples - heard_samples,
        gaps=_gaps(_Frames(active, lost, heard, frame_samples), span, course, audio.sample_rate_hz),
    )


def _sent_frames(audio: CoarseAudio, span: Span) -> tuple[IntArray, FloatArray]:
    # Places and samples of the phrase's frames, both of shape (frames, samples of a frame).
    sent = audio.voices[0]
    length = max(1, round(FRAME_SECONDS * audio.sample_rate_hz / audio.step))
    count = span.sample_count // audio.step // length
    places = span.start_sample // audio.step + np.arange(count * length).reshape(count, length)
    return places, _at(sent, np.minimum(places, len(sent) - 1))


def _received_frames(audio: CoarseAudio, course: Course, places: IntArray) -> FloatArray:
    # What was received of the frames where the window before, that of the frame itself and the one after
    # were: a jump lies somewhere between two windows. Shape (3, frames, samples of a frame).
    received = audio.voices[1]
    middles = (places[:, 0] - places[0, 0] + places.shape[1] // 2) * audio.step
    around = np.clip(course.nearest(middles) + np.array([[-1], [0], [1]]), 0, len(course.starts) - 1)
    heard = places + np.rint(course.displacements[around] / audio.step).astype(np.int64)[:, :, None]
    inside = (heard >= 0) & (heard < len(received))
    if not inside.any():
        return np.zeros(heard.shape)
    return _at(received, np.where(inside, heard, heard[inside][0])) * inside


def _at(signal: Signal, places: IntArray) -> FloatArray:
    # The samples at places that lie near each other.
    if not places.size:
        return np.zeros(places.shape)
    first = int(places.min())
    return signal[first : int(places.max()) + 1][places - first].astype(np.float64)


def _doubtful(audio: CoarseAudio, course: Course, places: IntArray) -> BoolArray:
    # Frames of windows that are like something, though not enough to say that it is where they were received.
    middles = (places[:, 0] - places[0, 0] + places.shape[1] // 2) * audio.step
    like = (course.peaks >= MIN_WINDOW_PEAK) & ~course.found
    return like[course.nearest(middles)]


def _gains(sent: FloatArray, received: FloatArray, energy: FloatArray) -> tuple[FloatArray, FloatArray]:
    # Gain of each frame at the best of the three places, and how far it may be off.
    gains = np.sum(sent * received, axis=2) / energy
    best = np.argmax(gains, axis=0)[None]
    gain = np.take_along_axis(gains, best, axis=0)[0]
    level = np.take_along_axis(np.sum(received**2, axis=2), best, axis=0)[0] / energy
    left = np.maximum(level - gain**2, 0.0)
    return gain, _DEVIATIONS * np.sqrt(left / _INDEPENDENT_SAMPLES)


def _gaps(frames: _Frames, span: Span, course: Course, rate: int) -> tuple[FrameGap, ...]:
    spoken = np.flatnonzero(frames.active)
    speech_begin, speech_length = int(spoken[0]), int(spoken[-1]) + 1 - int(spoken[0])
    gaps: list[FrameGap] = []
    for first, last in _runs(frames, round(_LONGEST_BRIDGE_SECONDS * rate / frames.samples)):
        begin = span.start_sample + first * frames.samples
        window = course.nearest(np.array([first * frames.samples]))
        gaps.append(
            FrameGap(
                sent_seconds=begin / rate,
                received_seconds=(begin + float(course.displacements[window][0])) / rate,
                duration_ms=(last + 1 - first) * frames.samples / rate * 1000,
                begin_ratio=(first - speech_begin) / speech_length,
                end_ratio=(last + 1 - speech_begin) / speech_length,
            )
        )
    return tuple(gaps)


def _runs(frames: _Frames, bridge: int) -> list[tuple[int, int]]:
    # Lost frames belong to one gap when nothing was heard between them.
    runs: list[tuple[int, int]] = []
    for place in np.flatnonzero(frames.lost).tolist():
        if runs and place - runs[-1][1] <= bridge and not frames.heard[runs[-1][1] : place].any():
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return runs


def words_between(text: str, begin_ratio: float, end_ratio: float) -> tuple[str, ...]:
    """Return the words of `text` that a gap hit, were every letter to take the same time.

    Parameters
    ----------
    text
        What was said.
    begin_ratio, end_ratio
        Of the gap in the speech, 0 to 1.

    Returns
    -------
    tuple of str
        The words whose middle lies in the gap, or the one that the middle of the gap lies in.
    """
    words = [word for word in text.split() if any(letter.isalnum() for letter in word)]
    lengths = [sum(letter.isalnum() for letter in word) for word in words]
    ends = np.cumsum(lengths) / max(1, sum(lengths))
    middles = ends - np.asarray(lengths) / max(1, sum(lengths)) / 2
    hit = [word for word, middle in zip(words, middles, strict=True) if begin_ratio <= middle < end_ratio]
    if hit or not words:
        return tuple(hit)
    place = int(np.searchsorted(ends, (begin_ratio + end_ratio) / 2))
    return (words[min(place, len(words) - 1)],)
