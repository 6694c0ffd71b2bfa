"""Short phrases of which each part comes at a delay of its own, and what may be in their place instead."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from calibration import damage
from calibration.clips import RATE_HZ, SpokenClip
from calibration.truth import KnownCall, add, call_of, later, lay_out
from calibration.warped import WarpedArrival, WarpedPhrases
from calibration.warping import Warp, concealed_inside, left_out, periods, run_dry
from eloquence_pipeline.measurement.coarse import Span
from eloquence_pipeline.measurement.delay import find_phrases
from eloquence_pipeline.measurement.method import min_correlation_peak
from eloquence_pipeline.measurement.pieces import WIDEST_SECONDS, Room, follow_in_pieces

FloatArray = npt.NDArray[np.float64]

SHORTEST_SECONDS, LONGEST_SECONDS = 0.4, 0.8
_PAUSE_SECONDS = 0.3
_EARLIEST_MS, _LATEST_MS = 100.0, 160.0
_LEAST_LEVEL = 300.0
_FADE_SAMPLES = RATE_HZ // 200
_BIT_RATE = 32_000
PHRASES = 100
WRONG_PHRASES = 250

MILLISECONDS = (10, 20, 30, 40, 60)
WARPS: dict[str, Callable[[int], Warp]] = {
    "pitch periods said twice": periods,
    "pitch periods left out": lambda ms: periods(-ms),
    "ran dry: concealment, then the rest": run_dry,
    "something left out": left_out,
    "packets concealed": concealed_inside,
}


class WrongPeaks(BaseModel):
    """How much like a short phrase the pieces are that are found where something else was received.

    Attributes
    ----------
    seconds, peaks
        Of each phrase: its length, and the normalised correlation of its pieces, 0 where there are none.
    """

    received_instead: str
    seconds: list[float]
    peaks: list[float]

    @property
    def in_pieces(self) -> int:
        """Of how many phrases something was found at all."""
        return sum(peak > 0 for peak in self.peaks)

    @property
    def least_distance(self) -> float:
        """How far below its gate the peak is that comes closest to it; negative if it is above."""
        return min(
            min_correlation_peak(seconds) - peak
            for seconds, peak in zip(self.seconds, self.peaks, strict=True)
        )


def measure_short(clips: Sequence[SpokenClip], progress: Callable[[str], object]) -> list[WarpedPhrases]:
    """Say short pieces of the clips, every second one bent in one of all ways by one of all amounts."""
    measured: list[WarpedPhrases] = []
    for name, make in WARPS.items():
        progress(f"short phrases: {name}")
        arrivals = [
            each
            for milliseconds in MILLISECONDS
            for each in short_arrivals(clips, make(milliseconds), PHRASES // len(MILLISECONDS), milliseconds)
        ]
        measured.append(WarpedPhrases.of(name, arrivals))
    return measured


def short_arrivals(
    clips: Sequence[SpokenClip], warp: Warp, count: int, seed: int, bit_rate: int = _BIT_RATE
) -> list[WarpedArrival]:
    """Say `count` short phrases, bent by `warp`, each between two that are not; return what became of them.

    All of it goes through Opus, as in a call.
    """
    generator = np.random.default_rng((seed, 11))
    chosen = short_clips(clips, 2 * count + 1, generator)
    sent, places = lay_out(chosen, _PAUSE_SECONDS)
    received, truths = np.zeros(len(sent)), list[FloatArray]()
    for number, (clip, (start, length)) in enumerate(zip(chosen, places, strict=True)):
        delay = float(generator.uniform(_EARLIEST_MS, _LATEST_MS)) * RATE_HZ / 1000
        samples, shifts = clip.samples, np.zeros(length)
        if number % 2:
            bent = warp(samples, generator)
            samples, shifts = bent.samples, bent.shifts
        first, moved = later(samples, delay)
        add(received, start + first, moved)
        truths.append(delay + shifts)
    heard = damage.opus(received, bit_rate)[0]
    found = find_phrases(KnownCall(tuple(chosen), sent, heard, places, (None,) * len(chosen)).ends(), places)
    return [WarpedArrival(*pair) for pair in list(zip(found, truths, strict=True))[1::2]]


def measure_wrong(
    clips: Sequence[SpokenClip], progress: Callable[[str], object], phrases: int = WRONG_PHRASES
) -> list[WrongPeaks]:
    """Look for the pieces of short phrases around where they ought to be, when they did not come."""
    generator = np.random.default_rng(13)
    said = short_clips(clips[::2], phrases, generator)
    call = call_of(said, [None] * len(said), _PAUSE_SECONDS)
    count = len(call.sent)
    level = float(np.mean([clip.level for clip in said]))
    speech: FloatArray = np.resize(np.concatenate([clip.samples for clip in clips[1::2]]), count)
    instead = {
        "silence": generator.standard_normal(count),
        "pink noise": damage.pink(count, generator) * level,
        "music": damage.music(count, generator) * level,
        "other phrases of the same voice": speech,
        "these, 30 % of the packets concealed": damage.concealed(
            speech, damage.missing(count, 0.3, generator)
        ),
        "eight voices": damage.babble(count, generator, clips[1::2]) / damage.VOICES_OF_BABBLE**0.5,
    }
    return [_wrong_peaks(name, call.hearing(sound), progress) for name, sound in instead.items()]


def _wrong_peaks(name: str, call: KnownCall, progress: Callable[[str], object]) -> WrongPeaks:
    progress(f"short phrases that did not come: {name}")
    ends = call.hearing(damage.opus(call.received, _BIT_RATE)[0]).ends()
    widest = round(WIDEST_SECONDS * RATE_HZ / ends.audio.step)
    peaks: list[float] = []
    for start, length in call.places:
        # As wide as phrases around it can make it: the wider, the more there is to be mistaken for it.
        span = Span(start, length, start, start + 3 * RATE_HZ)
        course = follow_in_pieces(
            ends.audio, ends.sent.samples, ends.received.samples, span, Room(0, widest, 0, None)
        )
        peaks.append(course.peak if course else 0.0)
    seconds = [length / RATE_HZ for _, length in call.places]
    return WrongPeaks(received_instead=name, seconds=seconds, peaks=peaks)


def short_clips(clips: Sequence[SpokenClip], count: int, generator: np.random.Generator) -> list[SpokenClip]:
    """Cut pieces of 0.4 to 0.8 s out of clips, none of them silent."""
    pieces: list[SpokenClip] = []
    while len(pieces) < count:
        clip = clips[int(generator.integers(len(clips)))]
        length = min(
            round(float(generator.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)) * RATE_HZ), len(clip.samples)
        )
        begin = int(generator.integers(len(clip.samples) - length + 1))
        piece = SpokenClip(clip.text, _faded(clip.samples[begin : begin + length]))
        if piece.level >= _LEAST_LEVEL:
            pieces.append(piece)
    return pieces


def _faded(samples: FloatArray) -> FloatArray:
    edge = np.minimum(np.arange(len(samples)), np.arange(len(samples))[::-1]) / _FADE_SAMPLES
    return samples * np.minimum(edge, 1.0)
