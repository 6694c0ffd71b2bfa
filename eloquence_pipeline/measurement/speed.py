"""Whether a short phrase was received faster or slower than it was sent.

Speech at another speed is out of step with itself within half a second, and may then be more like itself a
pitch period away than where it is. A long phrase is out of step everywhere and is not found at all; a short
one may pass its gate there, with a delay that is some 10 ms off.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.measurement.coarse import CoarseAudio, Span
from eloquence_pipeline.signal.alignment import normalised_cross_correlation

FloatArray = npt.NDArray[np.float64]

_LONGEST_SECONDS = 2.5
_FOUND_BY_WINDOWS_SECONDS = 1.5
"""From here on a phrase is found by its windows: it is told apart as one in pieces is."""
_SURE_PEAK = 0.95
_REACH_SECONDS = 0.02
_OTHER_SPEEDS = (0.97, 0.98, 0.99, 1.01, 1.02, 1.03)
_FINE, _COARSE = range(1, 10), range(10, 61, 5)
_ALL_SPEEDS = tuple(1 + sign * per_mille / 1000 for per_mille in (*_FINE, *_COARSE) for sign in (-1, 1))
"""Pieces are told apart from these. The slower the change, the more like it are pieces a pitch period away.
With steps of half a per cent alone, phrases 0.3 and 0.4 % off were received in pieces, and windows of them
10 ms off."""


def is_at_another_speed(audio: CoarseAudio, span: Span, displacement: float, peak: float) -> bool:
    """Return whether what was received is more like the phrase at another speed.

    Of phrases of the catalogue that were received at their own speed, with noise or with 30 % of the packets
    missing, the likeness at 1 to 3 % faster or slower is lower by 0.1 and more.

    Parameters
    ----------
    audio
        Both ends at the coarse rate.
    span
        The phrase; of 2.5 s and more the answer is always no.
    displacement
        Where it was found: received less sent position, in samples of the full rate.
    peak
        Normalised correlation there; from 0.95 on the answer is always no.
    """
    rate_hz = audio.sample_rate_hz / audio.step
    if peak >= _SURE_PEAK or span.sample_count >= _LONGEST_SECONDS * audio.sample_rate_hz:
        return False
    reach, place = round(_REACH_SECONDS * rate_hz), round(displacement / audio.step)
    if span.sample_count >= _FOUND_BY_WINDOWS_SECONDS * audio.sample_rate_hz:
        return is_like_one_speed(audio, span, place - reach, place + reach, peak)
    reference = audio.reference(span).astype(np.float64)
    longest = round(len(reference) * max(_OTHER_SPEEDS)) + 1
    heard = audio.stretch(span, place - reach, place + reach + longest - len(reference))
    own, *others = (
        _likeness(_at_speed(reference, speed), heard.astype(np.float64), reach)
        for speed in (1.0, *_OTHER_SPEEDS)
    )
    return max(others) > own


def is_like_one_speed(audio: CoarseAudio, span: Span, lowest: int, highest: int, peak: float) -> bool:
    """Return whether what was received is more like the phrase at one other speed than in pieces.

    Parameters
    ----------
    audio, span
        What is looked for in what.
    lowest, highest
        Displacements between which it was received, in coarse samples.
    peak
        Normalised correlation of the pieces.
    """
    reference = audio.reference(span).astype(np.float64)
    longest = round(len(reference) * max(_ALL_SPEEDS)) + 1
    heard = audio.stretch(span, lowest, highest + longest - len(reference)).astype(np.float64)
    return any(
        float(normalised_cross_correlation(_at_speed(reference, speed), heard).max()) > peak
        for speed in _ALL_SPEEDS
    )


def _at_speed(samples: FloatArray, length_ratio: float) -> FloatArray:
    places = np.arange(round(len(samples) * length_ratio)) / length_ratio
    return np.interp(places, np.arange(len(samples)), samples)


def _likeness(reference: FloatArray, heard: FloatArray, reach: int) -> float:
    return float(normalised_cross_correlation(reference, heard[: len(reference) + 2 * reach]).max())
