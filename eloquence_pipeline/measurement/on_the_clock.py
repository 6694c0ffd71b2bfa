"""Both ends of a disturbed call on the axis of the measuring clock.

A recording that was interrupted has fewer frames than time has passed: where the listener had no track there
is no frame at all. Here every frame is where it was in time, and there is silence where there was none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND
from eloquence_pipeline.measurement.coarse import CoarseAudio, coarse_audio
from eloquence_pipeline.measurement.delay import End, Ends

Int16Array = npt.NDArray[np.int16]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_AROUND_FRAMES = 10
_STEP_NS = 15 * NANOSECONDS_PER_MILLISECOND
"""Single frames come up to 10 ms late; a recording that lacks frames jumps by more, and stays there."""


@dataclass(frozen=True)
class ClockedAudio:
    """What was sent and what was heard, both from one moment on.

    Attributes
    ----------
    audio
        Both at the coarse rate.
    origin_ns
        The moment of their first samples, on the measuring clock.
    heard_until
        Sample of the full rate at which the recording ends.
    """

    audio: CoarseAudio
    origin_ns: float
    heard_until: int


def on_the_clock(ends: Ends) -> ClockedAudio:
    """Put both ends on one axis that begins with the first sent sample.

    Raises
    ------
    ValueError
        If no frame was sent.
    """
    sent, rate = ends.sent, ends.sent.timeline.sample_rate_hz
    origin_ns = sent.timeline.time_ns(0, len(sent.samples))
    heard = _placed(ends.received, origin_ns, rate)
    audio = coarse_audio(sent.samples, heard, rate)
    return ClockedAudio(audio, origin_ns, len(heard))


def _placed(end: End, origin_ns: float, rate_hz: int) -> Int16Array:
    frame = end.timeline.frame_samples
    starts = frame_starts(end.timeline.stamps_ns, origin_ns, frame, rate_hz)
    if not len(starts):
        return np.zeros(0, dtype=np.int16)
    row = np.zeros(max(0, int(starts[-1]) + frame), dtype=np.int16)
    for start, samples in zip(starts.tolist(), end.samples.reshape(-1, frame), strict=True):
        if start >= 0:
            row[start : start + frame] = samples
    return row


def frame_starts(stamps_ns: IntArray, origin_ns: float, frame_samples: int, rate_hz: int) -> IntArray:
    """Return where each frame begins, in samples from `origin_ns`, without the noise of the stamps.

    Consecutive frames follow each other without a gap; where frames are missing, those after it begin as much
    later as their stamps say in the median.

    Parameters
    ----------
    stamps_ns
        int64 of shape (frames,).
    origin_ns, frame_samples, rate_hz
        Where samples are counted from, and the length of a frame.

    Returns
    -------
    ndarray
        int64 of shape (frames,), rising by `frame_samples` at least.
    """
    count = len(stamps_ns)
    frame_ns = frame_samples * NANOSECONDS_PER_SECOND / rate_hz
    late_ns = stamps_ns - origin_ns - np.arange(count) * frame_ns
    starts = np.zeros(count, dtype=np.int64)
    bounds = [0, *_steps(late_ns), count]
    free_from = -np.inf
    for first, last in pairwise(bounds):
        late = float(np.median(late_ns[first:last])) if last > first else 0.0
        begin = round((late + first * frame_ns) * rate_hz / NANOSECONDS_PER_SECOND)
        begin = int(max(begin, free_from))
        starts[first:last] = begin + np.arange(last - first) * frame_samples
        free_from = begin + (last - first) * frame_samples
    return starts


def _steps(late_ns: FloatArray) -> list[int]:
    # First frame after each jump of the stamps that stays.
    if len(late_ns) <= 2 * _AROUND_FRAMES:
        return []
    smooth = np.asarray(median_filter(late_ns, 2 * _AROUND_FRAMES + 1, mode="nearest"), dtype=np.float64)
    before, after = smooth[: -2 * _AROUND_FRAMES], smooth[2 * _AROUND_FRAMES :]
    height = np.abs(after - before)
    steps: list[int] = []
    for place in np.flatnonzero(height > _STEP_NS).tolist():
        if steps and place - steps[-1] <= 2 * _AROUND_FRAMES:
            continue
        stretch = late_ns[place : place + 4 * _AROUND_FRAMES + 1]
        steps.append(place + int(np.argmax(np.abs(np.diff(stretch)))) + 1)
    return steps
