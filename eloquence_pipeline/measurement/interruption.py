"""When the listener of a disturbed call did not hear what was said: the gaps, as a person hears them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND
from eloquence_pipeline.measurement.heard_frames import Frames, compare, follow
from eloquence_pipeline.measurement.on_the_clock import ClockedAudio
from eloquence_pipeline.measurement.stretched import FRAME_SECONDS

FloatArray = npt.NDArray[np.float64]

_LEAST_LOST_FRAMES = 3
"""A packet that is lost is 20 ms; the redundancy of Opus hides it, and a gap is what is longer."""
_LONGEST_GOOD_BETWEEN_FRAMES = 5
"""Less than 50 ms of speech between two gaps is no sound that anybody could make out: it is one gap."""
_EDGE_FRAMES = 5
"""The delay on either side of a gap is the median over these: voices repeat themselves with their pitch, so a
single frame at the edge may be like one that was received a few periods away."""


@dataclass(frozen=True)
class Interruption:
    """A gap; times in seconds from the first sent sample.

    Attributes
    ----------
    said_from, said_to
        From the last frame that was heard before to the first one after, in what was said; `said_to` is None
        where nothing was heard any more.
    lost_from, lost_to
        From the first to the last frame that was surely not heard.
    delay_before_ms, delay_after_ms
        One-way delay on either side.
    """

    said_from: float
    said_to: float | None
    lost_from: float
    lost_to: float
    delay_before_ms: float
    delay_after_ms: float

    @property
    def is_over(self) -> bool:
        """Whether anything was heard after it."""
        return self.said_to is not None

    @property
    def speech_lost_ms(self) -> float:
        """How much of what was said was not heard: the middle between the least and the most it can be."""
        return (self._least_ms + self._most_ms) / 2

    @property
    def uncertainty_ms(self) -> float:
        """How far that may be off: to either side as far as the frames are unsure or the speech paused."""
        return (self._most_ms - self._least_ms) / 2

    @property
    def audible_ms(self) -> float:
        """From the last good sample to the first good one at the listener.

        Longer than what was lost by as much as the delay has grown meanwhile, for the listener waits that
        much longer for what comes next.
        """
        return max(0.0, self.speech_lost_ms + self.delay_after_ms - self.delay_before_ms)

    @property
    def _least_ms(self) -> float:
        # The frames at either edge may still begin, or end, with as much as half of them heard.
        return max(0.0, self.lost_to - self.lost_from - FRAME_SECONDS) * MILLISECONDS_PER_SECOND

    @property
    def _most_ms(self) -> float:
        end = self.lost_to if self.said_to is None else self.said_to
        # A frame at the edge is heard when a quarter of it is, or the filter before the comparison rings on.
        return (end - self.said_from + 3 * FRAME_SECONDS) * MILLISECONDS_PER_SECOND


@dataclass(frozen=True)
class HeardCall:
    """What was heard of a whole call.

    Attributes
    ----------
    interruptions
        In the order of time.
    window_seconds, window_delay_ms
        float64 of shape (windows,); where each window of 200 ms begins, and its one-way delay. Windows that
        were not found are not in it.
    """

    interruptions: tuple[Interruption, ...]
    window_seconds: FloatArray
    window_delay_ms: FloatArray


def hear_call(clocked: ClockedAudio) -> HeardCall:
    """Find out which parts of a call were heard, and how late.

    Parameters
    ----------
    clocked
        What was sent and what was heard, on one axis; the speech has to be continuous, for in a pause there
        is nothing to be missed.

    Notes
    -----
    Windows of 200 ms are followed through all delays up to 3 s by the Viterbi algorithm, so that a delay that
    changes while the line is dead is followed as well as one that slides. Each 10 ms of speech is then
    compared with what was received at the delay of the windows around it: the regression of the received on
    the sent samples gives a gain, which is 1 for what was heard and about 0 for silence, comfort noise and
    the concealment that a jitter buffer makes up.
    """
    audio = clocked.audio
    if not len(audio.received) or not np.any(audio.sent[: len(audio.sent)]):
        return HeardCall((), np.zeros(0), np.zeros(0))
    track = follow(audio)
    frames = compare(audio, track, clocked.heard_until // audio.step)
    rate = audio.sample_rate_hz / audio.step
    return HeardCall(
        interruptions=tuple(_interruptions(frames)),
        window_seconds=track.starts[track.found] / rate,
        window_delay_ms=track.lags[track.found] / rate * MILLISECONDS_PER_SECOND,
    )


def _interruptions(frames: Frames) -> list[Interruption]:
    found: list[Interruption] = []
    heard = np.flatnonzero(frames.heard)
    for first, last in _lost_runs(frames):
        before = heard[heard < first]
        after = heard[heard > last]
        if not len(before):
            continue  # what was never heard cannot be interrupted
        begin, end = int(before[-1]), int(after[0]) if len(after) else None
        delay_before_ms = _delay_ms(frames, before[-_EDGE_FRAMES:])
        found.append(
            Interruption(
                said_from=(begin + 1) * FRAME_SECONDS,
                said_to=None if end is None else end * FRAME_SECONDS,
                lost_from=first * FRAME_SECONDS,
                lost_to=(last + 1) * FRAME_SECONDS,
                delay_before_ms=delay_before_ms,
                delay_after_ms=delay_before_ms if end is None else _delay_ms(frames, after[:_EDGE_FRAMES]),
            )
        )
    return found


def _delay_ms(frames: Frames, places: npt.NDArray[np.int64]) -> float:
    return float(np.median(frames.delay_ms[places]))


def _lost_runs(frames: Frames) -> Sequence[tuple[int, int]]:
    # First and last lost frame of each gap.
    runs: list[tuple[int, int]] = []
    for place in np.flatnonzero(frames.lost).tolist():
        if runs and int(frames.heard[runs[-1][1] : place].sum()) < _LONGEST_GOOD_BETWEEN_FRAMES:
            runs[-1] = (runs[-1][0], place)
        else:
            runs.append((place, place))
    return [run for run in runs if int(frames.lost[run[0] : run[1] + 1].sum()) >= _LEAST_LOST_FRAMES]
