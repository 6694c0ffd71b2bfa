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
_APART_SAMPLES = RATE_HZ * 3 // 100


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
            change = -period if speed_per_mille > 0 else period
            piece, begin = _spliced(samples, begin, place, change)
            pieces.append(piece)
            shift += change
            shifts[place + period :] = shift
            place += max(2 * period, round(period * 1000 / abs(speed_per_mille)))
        return Warped(np.concatenate([*pieces, samples[begin:]]), shifts)

    return warp


def periods(milliseconds: int) -> Warp:
    """Say pitch periods twice, or, negative, leave some out, from one place on until that much is gained.

    One every 30 ms, as NetEq does it when the delay it aims at changes.
    """
    wanted = milliseconds * RATE_HZ // 1000

    def warp(samples: FloatArray, generator: np.random.Generator) -> Warped:
        place = _inside(samples, generator)
        pieces: list[FloatArray] = []
        shifts = np.zeros(len(samples))
        begin = shift = 0
        while abs(shift) < abs(wanted) and place + 2 * _LONGEST_PERIOD_SAMPLES + _COMPARED_SAMPLES < len(
            samples
        ):
            period = _pitch_period(samples, place)
            change = period if wanted > 0 else -period
            piece, begin = _spliced(samples, begin, place, change)
            pieces.append(piece)
            shift += change
            shifts[place + period :] = shift
            place += max(2 * period, _APART_SAMPLES)
        return Warped(np.concatenate([*pieces, samples[begin:]]), shifts)

    return warp


def run_dry(milliseconds: int) -> Warp:
    """Make up the sound of what came late from the last pitch period, ever fainter; then say the rest."""
    count = milliseconds * RATE_HZ // 1000

    def warp(samples: FloatArray, generator: np.random.Generator) -> Warped:
        place = _inside(samples, generator)
        shifts = np.zeros(len(samples))
        shifts[place:] = count
        return Warped(
            np.concatenate((samples[:place], _made_up(samples, place, count), samples[place:])), shifts
        )

    return warp


def left_out(milliseconds: int) -> Warp:
    """Leave something out, anywhere."""
    count = milliseconds * RATE_HZ // 1000

    def warp(samples: FloatArray, generator: np.random.Generator) -> Warped:
        place = _inside(samples[:-count], generator)
        shifts = np.zeros(len(samples))
        shifts[place:] = -count
        shifts[place : place + count] = np.nan
        return Warped(np.concatenate((samples[:place], samples[place + count :])), shifts)

    return warp


def concealed_inside(milliseconds: int) -> Warp:
    """Replace something by what would be made up for it; the rest is where it was."""
    count = milliseconds * RATE_HZ // 1000

    def warp(samples: FloatArray, generator: np.random.Generator) -> Warped:
        place = _inside(samples[:-count], generator)
        bent = samples.copy()
        bent[place : place + count] = _made_up(samples, place, count)
        return Warped(bent, np.zeros(len(samples)))

    return warp


def _spliced(samples: FloatArray, begin: int, place: int, period: int) -> tuple[FloatArray, int]:
    # What is said from `begin` on when a period at `place` is said twice (or, negative, left out), and where
    # to go on. The edges are faded into each other.
    length = abs(period)
    fade = np.linspace(0, 1, length, endpoint=False)
    here, there = samples[place : place + length], samples[place + length : place + 2 * length]
    if period > 0:
        return np.concatenate(
            (samples[begin : place + length], there * (1 - fade) + here * fade)
        ), place + length
    return np.concatenate((samples[begin:place], here * (1 - fade) + there * fade)), place + 2 * length


def _inside(samples: FloatArray, generator: np.random.Generator) -> int:
    # Somewhere, but with a period on either side.
    first = 2 * _LONGEST_PERIOD_SAMPLES + _COMPARED_SAMPLES
    return int(generator.integers(first, max(first + 1, len(samples) - first)))


def _made_up(samples: FloatArray, place: int, count: int) -> FloatArray:
    # Concealment: the period before, over and over.
    period = _pitch_period(samples, place - 2 * _LONGEST_PERIOD_SAMPLES)
    return np.resize(samples[place - period : place], count) * np.linspace(1, 0.3, count)


def _pitch_period(samples: FloatArray, place: int) -> int:
    # The lag at which the speech is most like itself.
    reference = samples[place : place + _COMPARED_SAMPLES]
    lags = range(_SHORTEST_PERIOD_SAMPLES, _LONGEST_PERIOD_SAMPLES)
    pieces = np.stack([samples[place + lag : place + lag + _COMPARED_SAMPLES] for lag in lags])
    energy = np.sqrt(np.sum(pieces**2, axis=1) * np.dot(reference, reference)) + 1
    return _SHORTEST_PERIOD_SAMPLES + int(np.argmax(pieces @ reference / energy))
