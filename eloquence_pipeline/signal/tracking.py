"""Follow a known signal whose delay changes while it is under way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft
from scipy.ndimage import maximum_filter1d

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

ACTIVE_ENERGY_RATIO = 1e-4
"""A window more than 40 dB below the loudest of its signal is a pause: it has no delay."""

_JUMP_COST = 0.4
"""What one change of delay costs, in units of one window's correlation: a jump has to be borne out by two
windows, while a single one that looks like its neighbour a pitch period away does not make one."""

_SLIDE_COST = 0.01
"""What a change by one lag costs, up to the furthest slide: a slow drift is followed, a jitter is not."""


@dataclass(frozen=True)
class WindowCorrelations:
    """Windows of a reference against every lag of a stretch of samples.

    Attributes
    ----------
    starts
        int64 of shape (windows,); first sample of each window in the reference.
    correlation
        float64 of shape (windows, lags); scalar product of each window with the stretch.
    reference_energy
        float64 of shape (windows,).
    stretch_energy
        float64 of shape (windows, lags).
    """

    starts: IntArray
    correlation: FloatArray
    reference_energy: FloatArray
    stretch_energy: FloatArray

    @property
    def active(self) -> npt.NDArray[np.bool_]:
        """Which windows are no pauses; bool of shape (windows,)."""
        return self.reference_energy > ACTIVE_ENERGY_RATIO * self.reference_energy.max()

    def normalised(self) -> FloatArray:
        """Return the correlation of each window divided by both energies; 0 in pauses."""
        floor = ACTIVE_ENERGY_RATIO * self.reference_energy.max()
        energy = np.maximum(self.stretch_energy, floor) * np.maximum(self.reference_energy, floor)[:, None]
        return self.correlation / np.sqrt(energy) * self.active[:, None]

    def joint_peak(self, path: IntArray) -> float:
        """Return the normalised correlation of all windows together, each at its own lag of `path`.

        For a path of one lag this is the normalised cross-correlation of the whole signal there.
        """
        windows = np.arange(len(path))
        correlation, energy = self.correlation[windows, path], self.stretch_energy[windows, path]
        return float(self._normalised_sum(correlation, energy))

    def joint_peaks(self) -> FloatArray:
        """Return the same for all windows at one lag, for each lag: float64 of shape (lags,)."""
        return np.asarray(self._normalised_sum(self.correlation, self.stretch_energy))

    def _normalised_sum(self, correlation: FloatArray, energy: FloatArray) -> FloatArray:
        reference = self.reference_energy.sum()
        floored = np.maximum(energy.sum(axis=0), ACTIVE_ENERGY_RATIO * reference)
        return correlation.sum(axis=0) / np.sqrt(reference * floored)


def correlate_windows(
    reference: npt.NDArray[np.float32], stretch: npt.NDArray[np.float32], length: int, hop: int
) -> WindowCorrelations:
    """Correlate overlapping windows of `reference` with `stretch`.

    Parameters
    ----------
    reference
        float32 of shape (n,), not silent.
    stretch
        float32 of shape (m,), m >= n. Lag 0 puts the reference's first sample on the stretch's first.
    length, hop
        Of the windows, in samples; a reference shorter than a window is one window.

    Returns
    -------
    WindowCorrelations
        Of ``1 + (n - length) // hop`` windows and ``m - n + 1`` lags.
    """
    length = min(length, len(reference))
    lags = len(stretch) - len(reference) + 1
    starts = np.arange(0, len(reference) - length + 1, hop)
    windows = np.stack([reference[start : start + length] for start in starts])
    pieces = np.stack([stretch[start : start + length + lags - 1] for start in starts])
    size = fft.next_fast_len(length + lags - 1, real=True)
    spectra = np.conj(fft.rfft(windows, size, axis=1)) * fft.rfft(pieces, size, axis=1)
    correlation = fft.irfft(spectra, size, axis=1)[:, :lags].astype(np.float64)
    cumulated = np.concatenate(([0.0], np.cumsum(stretch.astype(np.float64) ** 2)))
    energies = cumulated[length:] - cumulated[:-length]
    return WindowCorrelations(
        starts,
        correlation,
        np.sum(windows.astype(np.float64) ** 2, axis=1),
        np.stack([energies[start : start + lags] for start in starts]),
    )


def best_path(scores: FloatArray, furthest_jump: int, furthest_slide: int) -> IntArray:
    """Return the lag of each window such that all together fit best, with few changes between them.

    The Viterbi algorithm: the sum of the scores on the path, less what its changes cost, is the greatest
    there is. One window alone may be more like another place; it does not get there against its neighbours.

    Parameters
    ----------
    scores
        float64 of shape (windows, lags), each within -1 and 1.
    furthest_jump
        Largest change from one window to the next, in lags.
    furthest_slide
        Changes up to this many lags cost less than a jump.

    Returns
    -------
    ndarray
        int64 of shape (windows,).
    """
    totals = [scores[0]]
    for score in scores[1:]:
        totals.append(score + _best_before(totals[-1], furthest_jump, furthest_slide))
    path = [int(np.argmax(totals[-1]))]
    for total in reversed(totals[:-1]):
        first = max(0, path[-1] - furthest_jump)
        before = total[first : path[-1] + furthest_jump + 1]
        changes = np.abs(np.arange(first, first + len(before)) - path[-1])
        costs = np.where(changes <= furthest_slide, np.minimum(_SLIDE_COST * changes, _JUMP_COST), _JUMP_COST)
        path.append(first + int(np.argmax(before - costs)))
    return np.asarray(path[::-1], dtype=np.int64)


def _best_before(total: FloatArray, furthest_jump: int, furthest_slide: int) -> FloatArray:
    # The best that a path can have before it comes to each lag.
    best = maximum_filter1d(total, 2 * furthest_jump + 1, mode="nearest") - _JUMP_COST
    np.maximum(best, total, out=best)
    for slide in range(1, min(furthest_slide, len(total) - 1) + 1):
        cost = _SLIDE_COST * slide
        np.maximum(best[slide:], total[:-slide] - cost, out=best[slide:])
        np.maximum(best[:-slide], total[slide:] - cost, out=best[:-slide])
    return best
