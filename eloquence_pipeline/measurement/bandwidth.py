"""Up to which frequency speech has arrived."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.signal import welch

FloatArray = npt.NDArray[np.float64]
Int16Array = npt.NDArray[np.int16]

BAND_HZ = 250
_BINS_PER_BAND = 10
_PRESENT_WITHIN_DB = 60.0
"""Of the strongest band: what is weaker in the sent speech is rounding and the skirts of filters."""
_ARRIVED_WITHIN_DB = 20.0


class Bandwidth(NamedTuple):
    """Upper ends of two spectra, in hertz."""

    sent_hz: float
    received_hz: float


def bandwidth(reference: Int16Array, degraded: Int16Array, sample_rate_hz: int, gain_db: float) -> Bandwidth:
    """Return up to where what was sent has a spectrum, and up to where that has arrived.

    Parameters
    ----------
    reference, degraded
        int16, both of shape (n,), aligned.
    sample_rate_hz
        Of both; a multiple of 500.
    gain_db
        Difference of level, which is taken out.

    Notes
    -----
    Power by Welch's method (Hann windows of 40 ms, half overlapping) in bands of 250 Hz. A band belongs to
    what was sent within 60 dB of its strongest band, and has arrived within 20 dB of what was sent.
    Noise in a band counts as arrival.
    """
    sent, received = _bands(reference, sample_rate_hz), _bands(degraded, sample_rate_hz)
    present = sent > sent.max(initial=0.0) * 10 ** (-_PRESENT_WITHIN_DB / 10)
    arrived = present & (received >= sent * 10 ** ((gain_db - _ARRIVED_WITHIN_DB) / 10))
    return Bandwidth(_upper_end(present), _upper_end(arrived))


def _bands(samples: Int16Array, sample_rate_hz: int) -> FloatArray:
    window = sample_rate_hz * _BINS_PER_BAND // BAND_HZ
    padded = np.pad(samples.astype(np.float64), (0, max(0, window - len(samples))))
    power = np.asarray(welch(padded, sample_rate_hz, nperseg=window, detrend=False)[1], dtype=np.float64)
    whole = len(power) // _BINS_PER_BAND * _BINS_PER_BAND
    return np.asarray(power[:whole].reshape(-1, _BINS_PER_BAND).sum(axis=1), dtype=np.float64)


def _upper_end(bands: npt.NDArray[np.bool_]) -> float:
    return float((np.flatnonzero(bands)[-1] + 1) * BAND_HZ) if bands.any() else 0.0
