"""How far a measured delay may be off."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.signal import welch

from eloquence_pipeline.measurement.method import WINDOW_HOP_SECONDS, WINDOW_SECONDS

FloatArray = npt.NDArray[np.float64]

_SPECTRUM_SAMPLES = 512
_WORST_PEAK = 0.05


def matching_bound_seconds(reference: npt.NDArray[np.float32], sample_rate_hz: float, peak: float) -> float:
    """Return the least standard deviation that any estimate of the place of `reference` can have.

    Parameters
    ----------
    reference
        float32 of shape (n,).
    sample_rate_hz
        Of the reference.
    peak
        Normalised correlation with what was received, 0 to 1: what is left of the received energy beside the
        reference is noise.

    Notes
    -----
    The Cramér-Rao bound of a delay (C. H. Knapp and G. C. Carter, "The Generalized Correlation Method for
    Estimation of Time Delay", IEEE Trans. ASSP 24(4), 1976), for noise that has the spectrum of the speech
    itself rather than a white one: that is what a codec, concealment and other voices leave, and for white
    noise it is on the safe side. With S(f) the power spectrum of the reference and p the peak,

        variance = (1 - p²) / p² · Σ S² ω² / (Σ S ω²)².
    """
    pieces = min(_SPECTRUM_SAMPLES, len(reference))
    frequencies, power = welch(reference.astype(np.float64), sample_rate_hz, nperseg=pieces)
    squared = (2 * math.pi * frequencies) ** 2
    moment = float(np.sum(power * squared))
    if moment == 0:
        return math.inf
    # The sums are over all the bins of the whole reference, of which these stand for a part, at positive
    # frequencies only.
    shape = float(np.sum(power**2 * squared)) / (2 * moment**2) * pieces / len(reference)
    kept = max(peak, _WORST_PEAK) ** 2
    return math.sqrt(max(1 - kept, 0.0) / kept * shape)


def mean_of_windows_deviation(values: FloatArray) -> float:
    """Return the standard deviation of the mean of overlapping windows, in their unit; 0 for one value.

    Windows that overlap by half count as half a value each.
    """
    if len(values) <= 1:
        return 0.0
    independent = max(1.0, len(values) * WINDOW_HOP_SECONDS / WINDOW_SECONDS)
    return float(values.std(ddof=1)) / math.sqrt(independent)
