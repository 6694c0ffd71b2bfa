"""Follow a short signal that was taken to pieces on its way: each came at a delay of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from eloquence_pipeline.signal.tracking import correlate_windows

FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

MOST_CHANGES = 3

_CHANGE_COST = 0.03
"""What one change of delay has to explain, as a share of the energy of the whole signal."""
_ENERGY_FLOOR = 1e-4
_ROUNDS = 2
_NEVER = -1e9


@dataclass(frozen=True)
class Pieces:
    """Where each frame of a signal was found.

    Attributes
    ----------
    lags
        int64 of shape (frames,).
    peak
        Normalised correlation of all frames together, each at its lag.
    """

    lags: IntArray
    peak: float


def fit_pieces(reference: Float32Array, stretch: Float32Array, frame: int, furthest: int) -> Pieces:
    """Return the places of the frames of `reference` that explain most of it with few changes of delay.

    Parameters
    ----------
    reference
        float32 of shape (n,), not silent.
    stretch
        float32 of shape (m,), m >= n. Lag 0 puts the reference's first sample on the stretch's first.
    frame
        Samples of a frame; what is left over at the end belongs to none.
    furthest
        Largest change of the lag from one frame to the next.

    Returns
    -------
    Pieces
        Of ``n // frame`` frames and :data:`MOST_CHANGES` changes at most.

    Notes
    -----
    A frame of the reference x is explained by what was received at its lag, y, times one gain h for all. What
    that leaves of its energy is Σ(x - h y)² = Σx² - (2 h Σxy - h² Σy²). The path with the greatest sum of the
    term in brackets, less 3 % of the energy of the reference for each change, is found by the Viterbi
    algorithm with a layer for each number of changes; the gain is that of the best single lag at first, and
    then that of the path.
    """
    frames = correlate_windows(reference, stretch, frame, frame)
    energy = float(frames.reference_energy.sum())
    joint = frames.joint_peaks()
    path = np.full(len(frames.starts), int(np.argmax(joint)), dtype=np.int64)
    best = Pieces(path, float(joint.max()))
    rows = np.arange(len(path))
    for _ in range(_ROUNDS):
        received = max(float(frames.stretch_energy[rows, path].sum()), _ENERGY_FLOOR * energy)
        gain = max(float(frames.correlation[rows, path].sum()), 0.0) / received
        explained = (2 * gain * frames.correlation - gain**2 * frames.stretch_energy) / energy
        path = _best_path(explained, furthest)
        pieces = Pieces(path, frames.joint_peak(path))
        best = max(best, pieces, key=lambda each: each.peak)
    return best


def _best_path(scores: FloatArray, furthest: int) -> IntArray:
    # The greatest sum of scores, less the cost of the changes; layer k has had k of them.
    totals = np.full((len(scores), MOST_CHANGES + 1, scores.shape[1]), _NEVER)
    totals[0, 0] = scores[0]
    for row in range(1, len(scores)):
        before = totals[row - 1]
        changed = maximum_filter1d(before[:-1], 2 * furthest + 1, axis=1, mode="nearest") - _CHANGE_COST
        totals[row, 0] = before[0]
        totals[row, 1:] = np.maximum(before[1:], changed)
        totals[row] += scores[row]
    layer, lag = (int(place) for place in np.unravel_index(np.argmax(totals[-1]), totals[-1].shape))
    path = [lag]
    for row in range(len(scores) - 1, 0, -1):
        before = totals[row - 1]
        first = max(0, lag - furthest)
        if layer:
            near = before[layer - 1, first : lag + furthest + 1]
            place = int(np.argmax(near))
            if near[place] - _CHANGE_COST > before[layer, lag]:
                layer, lag = layer - 1, first + place
        path.append(lag)
    return np.asarray(path[::-1], dtype=np.int64)
