"""Short phrases that the jitter buffer took to pieces: heard whole, though at no single delay.

Half a second of speech is two or three windows: where a pitch period is put into it, or some packets come
late, no window may be left that lies on one side. So such a phrase is fitted by frames of 10 ms. That many
places are too many to choose from in 3 s of speech; but phrases of the same speaker that were surely received
before or after it say about when it came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import MILLISECONDS_PER_SECOND
from eloquence_pipeline.measurement.coarse import CoarseAudio, Span
from eloquence_pipeline.measurement.course import (
    Course,
    nearest_places,
    peak_along,
    typical_windows,
)
from eloquence_pipeline.measurement.method import AGREEMENT_MS
from eloquence_pipeline.signal.alignment import MAIN_LOBE_SECONDS, normalised_cross_correlation, refine, taken
from eloquence_pipeline.signal.pieces import fit_pieces
from eloquence_pipeline.signal.tracking import ACTIVE_ENERGY_RATIO

Int16Array = npt.NDArray[np.int16]
IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

_LONGEST_SECONDS = 1.5
"""A longer phrase has windows enough."""
_AROUND_SECONDS = 0.1
"""How far from the delays of the phrases around it a phrase is looked for."""
WIDEST_SECONDS = 0.4
"""In how much at most."""
_FRAME_SECONDS = 0.01
_LEAST_PIECE_FRAMES = 8
_LEAST_PIECE_PEAK = 0.8
"""A piece is surely received from 80 ms and this normalised correlation on, if it is nowhere more at home
within 30 ms; shorter ones fit in most vowels. The figures are in docs/adr/0020-short-phrases.md."""
_RIVAL_SECONDS = 0.03
_LEAST_WINDOW_PEAK = 0.7
_SETTLED_FRAMES = 15
_LEAST_CHANGE_MS = 2.0
"""A pitch period is longer, and a frame of the codec too: what changes by less is at another speed."""
_WINDOW_MS, _HOP_MS = 100.0, 50.0
"""Half of what they are elsewhere: a piece is seldom longer than 200 ms."""
_MOSTLY = 0.5
_COARSE_STEPS_OFF = 2


@dataclass(frozen=True)
class Neighbour:
    """A phrase that was received, before or after the one that is looked for."""

    span: Span
    course: Course

    @property
    def lowest(self) -> int:
        """The least displacement along it, in samples."""
        return int(np.floor(self.course.displacements[self.course.found].min()))

    @property
    def highest(self) -> int:
        """The greatest."""
        return int(np.ceil(self.course.displacements[self.course.found].max()))


@dataclass(frozen=True)
class Room:
    """Where a phrase is expected.

    Attributes
    ----------
    lowest, highest
        Displacements, in coarse samples.
    free_from, free_to
        What is left between the phrases around it, in coarse samples of the recording; None is its end.
    """

    lowest: int
    highest: int
    free_from: int
    free_to: int | None


def room_between(
    audio: CoarseAudio, span: Span, before: Neighbour | None, after: Neighbour | None
) -> Room | None:
    """Return where a phrase is expected between two others, of which one may be missing.

    None if there is neither, if the phrase is long, or if what is known of them is too far apart to say.
    """
    known = [each for each in (before, after) if each is not None]
    if not known or span.sample_count >= _LONGEST_SECONDS * audio.sample_rate_hz:
        return None
    around = round(_AROUND_SECONDS * audio.sample_rate_hz)
    least, most = audio.displacements(span)
    lowest = max(least, (min(each.lowest for each in known) - around) // audio.step)
    highest = min(most, (max(each.highest for each in known) + around) // audio.step)
    if not 0 < highest - lowest <= WIDEST_SECONDS * audio.sample_rate_hz / audio.step:
        return None
    ends = before.span.start_sample + before.span.sample_count + before.highest if before else 0
    begins = after.span.start_sample + after.lowest if after else None
    return Room(
        lowest, highest, max(0, ends) // audio.step, None if begins is None else -(-begins // audio.step)
    )


@dataclass(frozen=True)
class _Piece:
    # First and last frame, and where it was received.
    first: int
    last: int
    displacement: float
    peak: float

    @property
    def frames(self) -> int:
        return self.last - self.first


def follow_in_pieces(
    audio: CoarseAudio, sent: Int16Array, received: Int16Array, span: Span, room: Room
) -> Course | None:
    """Follow a short phrase whose delay changed while it was said.

    Parameters
    ----------
    audio
        Both ends at the coarse rate.
    sent, received
        Both ends at the full rate, int16 of shapes (n,) and (m,).
    span, room
        The phrase, and where it is expected.

    Returns
    -------
    Course or None
        None if no piece is like what was sent. Its windows are half as long as those of other phrases.
    """
    reference = audio.reference(span)
    frame = _coarse_frame(audio)
    if len(reference) < _LEAST_PIECE_FRAMES * frame or not reference.any():
        return None
    stretch = audio.stretch(span, room.lowest, room.highest, room.free_from, room.free_to)
    lags = fit_pieces(reference, stretch, frame, room.highest - room.lowest).lags
    phrase = _Phrase(taken(sent, span.start_sample, span.sample_count), received, audio, span)
    bounds = [0, *(np.flatnonzero(np.diff(lags)) + 1).tolist(), phrase.frame_count]
    pieces = [
        phrase.piece(first, last, (room.lowest + lag) * audio.step)
        for (first, last), lag in zip(pairwise(bounds), lags[bounds[:-1]].tolist(), strict=True)
    ]
    like = _without_excursions(pieces, phrase.samples_of(AGREEMENT_MS))
    changes = np.abs(np.diff([piece.displacement for piece in like]))
    drifts = (changes > phrase.samples_of(AGREEMENT_MS)) & (changes < phrase.samples_of(_LEAST_CHANGE_MS))
    return phrase.course(like) if like and not drifts.any() else None


def _coarse_frame(audio: CoarseAudio) -> int:
    return round(_FRAME_SECONDS * audio.sample_rate_hz / audio.step)


@dataclass(frozen=True)
class _Phrase:
    said: FloatArray
    received: Int16Array
    audio: CoarseAudio
    span: Span

    @property
    def frame(self) -> int:
        return _coarse_frame(self.audio) * self.audio.step

    @property
    def frame_count(self) -> int:
        return -(-len(self.said) // self.frame)

    def samples_of(self, milliseconds: float) -> float:
        return milliseconds / MILLISECONDS_PER_SECOND * self.audio.sample_rate_hz

    def piece(self, first: int, last: int, displacement: int) -> _Piece:
        # Just where the delay changes is not known to a frame: the first and the last are left out.
        edge = int(last - first >= _LEAST_PIECE_FRAMES)
        begin, end = (first + edge) * self.frame, min((last - edge) * self.frame, len(self.said))
        samples = self.said[begin:end]
        if not samples.any() or self._is_rivalled(begin, end, displacement):
            return _Piece(first, last, float(displacement), 0.0)
        expected = self.span.start_sample + begin + displacement
        match = refine(samples, self.received, expected, _COARSE_STEPS_OFF * self.audio.step)
        return _Piece(first, last, match.position_samples - self.span.start_sample - begin, match.peak)

    def _is_rivalled(self, begin: int, end: int, displacement: int) -> bool:
        # Whether another place within some pitch periods is more like a piece.
        step, rate = self.audio.step, self.audio.sample_rate_hz / self.audio.step
        reach, lobe = round(_RIVAL_SECONDS * rate), round(MAIN_LOBE_SECONDS * rate)
        first, count = (self.span.start_sample + begin) // step, (end - begin) // step
        piece = taken(self.audio.sent, first, count)
        if not piece.any():
            return True
        heard = taken(self.audio.received, first + displacement // step - reach, count + 2 * reach)
        ncc = normalised_cross_correlation(piece, heard)
        there = float(ncc[reach - _COARSE_STEPS_OFF : reach + _COARSE_STEPS_OFF + 1].max())
        ncc[reach - lobe : reach + lobe + 1] = -1.0
        return there <= float(ncc.max())

    def course(self, pieces: Sequence[_Piece]) -> Course | None:
        frames = np.arange(self.frame_count)
        away = [np.maximum(piece.first - frames, frames - piece.last + 1) for piece in pieces]
        places = np.asarray([piece.displacement for piece in pieces])
        along = np.repeat(places[np.argmin(away, axis=0)], self.frame)[: len(self.said)]
        starts, length = self._windows()
        # A window in which the delay changes has that of its greater part.
        shares = np.asarray([_shares(np.asarray(each) <= 0, self.frame, starts, length) for each in away])
        owners = np.argmax(shares, axis=0)
        displacements = places[owners]
        peaks = np.asarray(
            [self._window_peak(*each) for each in zip(starts.tolist(), displacements.tolist(), strict=True)]
        )
        found = (shares.max(axis=0) > _MOSTLY) & (peaks >= _LEAST_WINDOW_PEAK)
        found &= np.asarray([_is_settled(pieces, owner) for owner in owners.tolist()])
        found[found] = [
            not self._is_rivalled(start, start + length, round(displacement))
            for start, displacement in zip(starts[found].tolist(), displacements[found].tolist(), strict=True)
        ]
        if not found.any():
            return None
        displacements = displacements[found][nearest_places(starts[found], starts)]
        displacement = float(np.quantile(displacements[found], 0.5, method="lower"))
        steady = float(typical_windows(displacements, found, self.samples_of(AGREEMENT_MS))[found].mean())
        peak = peak_along(self.audio, self.received, self.span, self.said, along)
        return Course(displacement, peak, starts, length, displacements, peaks, found, steady)

    def _windows(self) -> tuple[IntArray, int]:
        # First samples of the windows that are no pauses, the last one ending with the phrase; their length.
        length = min(round(self.samples_of(_WINDOW_MS)), len(self.said))
        hop = round(self.samples_of(_HOP_MS))
        last = len(self.said) - length
        starts = np.unique(np.asarray([*range(0, last + 1, hop), last], dtype=np.int64))
        energy = np.asarray([np.sum(self.said[start : start + length] ** 2) for start in starts.tolist()])
        return starts[energy > ACTIVE_ENERGY_RATIO * energy.max()], length

    def _window_peak(self, start: int, displacement: float) -> float:
        window = self.said[start : start + round(self.samples_of(_WINDOW_MS))]
        return refine(window, self.received, self.span.start_sample + start + round(displacement), 1).peak


def _without_excursions(pieces: Sequence[_Piece], agreement: float) -> list[_Piece]:
    # The pieces that are surely like what was sent. What concealment makes up is like what was said some
    # pitch periods away: a short piece between two at one delay is that.
    like = [p for p in pieces if p.frames >= _LEAST_PIECE_FRAMES and p.peak >= _LEAST_PIECE_PEAK]
    kept: list[_Piece] = []
    for number, piece in enumerate(like):
        around = like[max(0, number - 1) : number] + like[number + 1 : number + 2]
        returns = len(around) > 1 and abs(around[0].displacement - around[1].displacement) <= agreement
        if not returns or piece.frames >= sum(other.frames for other in around):
            kept.append(piece)
    return kept


def _is_settled(pieces: Sequence[_Piece], number: int) -> bool:
    # While the delay goes up or down in steps, a short piece between two others may lie between two steps.
    return number in {0, len(pieces) - 1} or pieces[number].frames >= _SETTLED_FRAMES


def _shares(inside: BoolArray, frame: int, starts: IntArray, length: int) -> FloatArray:
    # How much of each window lies in a piece.
    cumulated = np.concatenate(([0], np.cumsum(np.repeat(inside, frame))))
    ends = np.minimum(starts + length, len(cumulated) - 1)
    return (cumulated[ends] - cumulated[starts]) / length
