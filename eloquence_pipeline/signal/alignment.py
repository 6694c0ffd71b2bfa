"""Find a known signal inside a longer recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from scipy.signal import correlate

FloatArray = npt.NDArray[np.float64]


class Samples(Protocol):
    """Numbers of which stretches can be taken; an array of shape (m,) is one."""

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def __getitem__(self, stretch: slice, /) -> npt.NDArray[Any]:
        """Return a stretch."""
        ...


MAIN_LOBE_SECONDS = 0.0025
"""Half width of the peak itself; what lies further away counts as a rival place."""

_LOWEST_SIDELOBE = 1e-3
"""Keeps the ratio finite where the window holds nothing but the reference."""

_ENERGY_FLOOR = 1e-4
"""Windows more than 40 dB below the reference are measured against this, so that near-silence
cannot correlate perfectly by chance."""


@dataclass(frozen=True)
class Match:
    """The best place of a reference in a window, and how sure that is.

    Attributes
    ----------
    position_samples
        Offset of the reference's first sample from the window's first, with sub-sample resolution.
    peak
        Normalised cross-correlation there, 0 to 1.
    peak_to_sidelobe_ratio
        The peak over the highest absolute value further than 2.5 ms away from it; at most 1000.
    """

    position_samples: float
    peak: float
    peak_to_sidelobe_ratio: float

    @classmethod
    def over_rivals(cls, position_samples: float, peak: float, sidelobe: float) -> Match:
        """Return the match of `peak` against the highest absolute value elsewhere, both -1 to 1."""
        return cls(position_samples, min(max(peak, 0.0), 1.0), peak / max(sidelobe, _LOWEST_SIDELOBE))


def normalised_cross_correlation(reference: FloatArray, window: FloatArray) -> FloatArray:
    """Correlate `reference` with every place of `window`, each normalised by its own energy.

    Parameters
    ----------
    reference
        float64 of shape (n,).
    window
        float64 of shape (m,), m >= n.

    Returns
    -------
    ndarray
        float64 of shape (m - n + 1,), within -1 and 1 up to rounding.

    Raises
    ------
    ValueError
        If the window is shorter than the reference, or the reference is silent.
    """
    n = len(reference)
    if len(window) < n:
        raise ValueError(f"the window ({len(window)} samples) is shorter than the reference ({n})")
    reference_energy = scalar_product(reference, reference)
    if reference_energy == 0:
        raise ValueError("the reference is silent")
    correlation = correlate(window, reference, mode="valid", method="fft")
    if _is_whole(reference) and _is_whole(window):
        # Scalar products of 16-bit samples are whole numbers. The transform misses them by 1e-5 to 0.05, how
        # much depends on the processor. Rounded they are exact, as the energies are (all below 2^53), and
        # the same recording gives the same figures everywhere.
        correlation = np.rint(correlation)
    cumulated = np.concatenate(([0.0], np.cumsum(window**2)))
    window_energy = cumulated[n:] - cumulated[:-n]
    floor = _ENERGY_FLOOR * reference_energy
    return correlation / np.sqrt(reference_energy * np.maximum(window_energy, floor))


def scalar_product(first: FloatArray, second: FloatArray) -> float:
    """Return the scalar product of two float64 arrays of shape (n,), the same on every processor.

    NumPy's own goes through BLAS, whose order of adding, and so the last digit, is that of the processor.
    """
    return float(np.sum(first * second))


def normalised(correlation: float, reference_energy: float, energy: float) -> float:
    """Return a scalar product divided by both energies, within 0 and 1; near-silence counts as 40 dB down."""
    floored = max(energy, _ENERGY_FLOOR * reference_energy)
    return min(max(correlation / np.sqrt(reference_energy * floored), 0.0), 1.0)


def _is_whole(values: FloatArray) -> bool:
    return bool((values == np.rint(values)).all())


def locate(reference: FloatArray, window: FloatArray, sample_rate_hz: int) -> Match:
    """Find the place in `window` that is most like `reference`.

    Sub-sample resolution comes from the parabola through the peak and its neighbours.

    Parameters
    ----------
    reference, window
        float64 of shapes (n,) and (m,), m >= n, at the same rate.
    sample_rate_hz
        Rate of both.

    Returns
    -------
    Match
        Always the best place; whether it is good enough is for the caller to judge.

    Raises
    ------
    ValueError
        If the window is shorter than the reference, or the reference is silent.
    """
    ncc = normalised_cross_correlation(reference, window)
    best = int(np.argmax(ncc))
    peak = float(ncc[best])
    lobe = round(MAIN_LOBE_SECONDS * sample_rate_hz)
    rivals = np.concatenate((ncc[: max(0, best - lobe)], ncc[best + lobe + 1 :]))
    sidelobe = float(np.max(np.abs(rivals))) if len(rivals) else 0.0
    return Match.over_rivals(best + _parabolic_offset(ncc, best), peak, sidelobe)


def refine(reference: FloatArray, samples: Samples, expected: int, reach: int) -> Match:
    """Find the place of `reference` that is already known to a few samples, without any transform.

    Parameters
    ----------
    reference
        float64 of shape (n,).
    samples
        Numbers of shape (m,); silent beyond both ends.
    expected, reach
        The places from ``expected - reach`` to ``expected + reach`` are compared.

    Returns
    -------
    Match
        Its position counts from the first of `samples`. Nothing further away is looked at, so
        ``peak_to_sidelobe_ratio`` is 1.

    Raises
    ------
    ValueError
        If the reference is silent.
    """
    n = len(reference)
    reference_energy = scalar_product(reference, reference)
    if reference_energy == 0:
        raise ValueError("the reference is silent")
    window = taken(samples, expected - reach, n + 2 * reach)
    correlation = np.correlate(window, reference, mode="valid")
    # Energy that enters at one end and leaves at the other, rather than a sum for every place.
    steps = window[n:] ** 2 - window[: 2 * reach] ** 2
    energy = scalar_product(window[:n], window[:n]) + np.concatenate(([0.0], np.cumsum(steps)))
    ncc = correlation / np.sqrt(reference_energy * np.maximum(energy, _ENERGY_FLOOR * reference_energy))
    best = int(np.argmax(ncc))
    position = expected - reach + best + _parabolic_offset(ncc, best)
    return Match(position, min(max(float(ncc[best]), 0.0), 1.0), 1.0)


def taken(samples: Samples, start: int, count: int) -> FloatArray:
    """Return `count` samples from `start` on as float64, with silence beyond both ends.

    Parameters
    ----------
    samples
        Numbers of shape (m,).
    start, count
        Any integers, `count` not negative.
    """
    result = np.zeros(count)
    first, last = max(start, 0), min(start + count, len(samples))
    if first < last:
        result[first - start : last - start] = samples[first:last]
    return result


def _parabolic_offset(values: FloatArray, index: int) -> float:
    if not 0 < index < len(values) - 1:
        return 0.0
    left, centre, right = values[index - 1 : index + 2]
    curvature = left - 2 * centre + right
    return float(0.5 * (left - right) / curvature) if curvature < 0 else 0.0
