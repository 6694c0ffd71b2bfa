"""Phrases that change their speed on the way, and where each of their samples then is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy.signal import resample_poly

from calibration.clips import RATE_HZ

FloatArray = npt.NDArray[np.float64]

_SHORTEST_PERIOD_SAMPLES = RATE_HZ * 25 // 10_000
_LONGEST_PERIOD_SAMPLES = RATE_HZ * 15 // 1_000
_COMPARED_SAMPLES = RATE_HZ // 100
_EDGE_SAMPLES = RATE_HZ // 10


@dataclass(frozen=True)
class Warped:
    """A phrase that was bent in time.

    Attributes
    ----------
    samples
        float64 of shape (m,).
    shifts
        float64 of shape (n,); by how many samples each sample of the original is later (or, negative,
        earlier) than it would be. NaN for those that were left out.
    """

    samples: FloatArray
    shifts: FloatArray


Warp = Callable[[FloatArray, np.random.Generator], Warped]


def resampled(speed_ppm: int) -> Warp:
    """Play everything faster (or, negative, slower) by so many millionths, as by another sample clock."""
    factor = Fraction(1_000_000, 1_000_000 + speed_ppm)

    def warp(samples: FloatArray, generator: np.random.Generator) -> Warped:
        del generator
        bent = cast(Any, resample_poly)(samples, factor.numerator, factor.denominator)
        return Warped(np.asarray(bent), np.arange(len(samples), dtype=np.float64) * (float(factor) - 1))

    return warp


def jumped(milliseconds: int) -> Warp:
    """Put silence into the phrase at one place, or, negative, leave something out there."""
    count = milliseconds * RATE_HZ // 1000

    def warp(samples: FloatArray, generator: np.random.Generator) -> Warped:
        length = len(samples)
        place = int(generator.integers(length // 3, 2 * length // 3))
        shifts = np.zeros(length)
        if count >= 0:
            shifts[place:] = count
            return Warped(np.concatenate((samples[:place], np.zeros(count), samples[place:])), shifts)
        shifts[place:] = count
        shifts[place : place - count] = np.nan
        return Warped(np.concatenate((samples[:place], samples[place - count :])), shifts)

    return warp


def stretched(speed_per_mille: int) -> Warp:
    """Leave out pitch periods, or, negative, say them twice, as a jitter buffer changes its delay.

    The place of each next period is chosen so that the speed is kept on average; the edges are faded into
    each other over one period (as the time stretching of NetEq, WebRTC's jitter buffer, does it).
    """

    def warp(samples: FloatArray, generator: np.random.Generator) -> Warped:
        del generator
        pieces: list[FloatArray] = []
        shifts = np.zeros(len(samples))
        begin, place, shift = 0, _EDGE_SAMPLES, 0
        while place + 2 * _LONGEST_PERIOD_SAMPLES + _COMPARED_SAMPLES < len(samples):
            period = _pitch_period(samples, place)
            fade = np.linspace(0, 1, period, endpoint=False)
            here, there = samples[place : place + period], samples[place + period : place + 2 * period]
            if speed_per_mille > 0:
                pieces += [samples[begin:place], here * (1 - fade) + there * fade]
                begin, shift = place + 2 * period, shift - period
            else:
                pieces += [samples[begin : place + period], there * (1 - fade) + here * fade]
                begin, shift = place + period, shift + period
            shifts[place + period :] = shift
            place += max(2 * period, round(period * 1000 / abs(speed_per_mille)))
        return Warped(np.concatenate([*pieces, samples[begin:]]), shifts)

    return warp


def _pitch_period(samples: FloatArray, place: int) -> int:
    # The lag at which the speech is most like itself.
    reference = samples[place : place + _COMPARED_SAMPLES]
    lags = range(_SHORTEST_PERIOD_SAMPLES, _LONGEST_PERIOD_SAMPLES)
    pieces = np.stack([samples[place + lag : place + lag + _COMPARED_SAMPLES] for lag in lags])
    energy = np.sqrt(np.sum(pieces**2, axis=1) * np.dot(reference, reference)) + 1
    return _SHORTEST_PERIOD_SAMPLES + int(np.argmax(pieces @ reference / energy))
