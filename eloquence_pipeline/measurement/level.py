"""How loud what was received is, where it is silent or clipped: figures of the waveform alone.

All functions take the sent phrase and the same stretch of the received audio, aligned to the sample.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Int16Array = npt.NDArray[np.int16]
BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]

_FRAME_SECONDS = 0.005
_ACTIVE_WITHIN_DB = 30.0
"""Of the loudest frame: quieter ones are breath and decay, where a dropout is not heard."""
_SILENT_BELOW_DB = 30.0
_SHORTEST_DROPOUT_FRAMES = 2
_QUIETEST_ACTIVE = 10.0**2
"""Energy of an RMS of 10 in units of int16, -70 dBFS: nothing quieter is speech."""

_HIGHEST_LEVEL = 32767
_FLAT_TOP_LEVEL = 16384
"""Half of full scale; clipping that was made quieter by more than that is not looked for."""
_FLAT_TOP_SAMPLES = 8
"""Fewer equal samples also occur on the crest of a low voice."""


class Dropouts(NamedTuple):
    """Silence in what was received while something was said."""

    number: int
    total_ms: float


def level_difference_db(reference: Int16Array, degraded: Int16Array, sample_rate_hz: int) -> float | None:
    """Return how much louder the received speech is than the sent, in decibels.

    The RMS level over the 5 ms frames that are active in what was sent, that is within 30 dB of its
    loudest; the same frames count on both sides, so a gain is found exactly. This is not the active
    speech level of ITU-T P.56, which finds the speech in each signal by itself.

    Parameters
    ----------
    reference, degraded
        int16, both of shape (n,), aligned.
    sample_rate_hz
        Of both.

    Returns
    -------
    float or None
        Negative if quieter; None if either is silent there.
    """
    sent, received = _energies(reference, sample_rate_hz), _energies(degraded, sample_rate_hz)
    active = _active(sent)
    if not active.any() or not received[active].any():
        return None
    return float(10 * np.log10(received[active].mean() / sent[active].mean()))


def dropouts(reference: Int16Array, degraded: Int16Array, sample_rate_hz: int) -> Dropouts:
    """Find silence in what was received while something was said.

    A frame of 5 ms has dropped out if it is active in what was sent and, once the difference of level is
    taken out, more than 30 dB quieter in what was received. Two frames in a row, 10 ms, are a
    dropout: gaps of 15 ms and more are always found. Gaps that the jitter buffer fills with made-up sound
    are none.

    Parameters
    ----------
    reference, degraded, sample_rate_hz
        As in :func:`level_difference_db`.
    """
    sent, received = _energies(reference, sample_rate_hz), _energies(degraded, sample_rate_hz)
    active = _active(sent)
    gain_db = level_difference_db(reference, degraded, sample_rate_hz)
    bound = 0.0 if gain_db is None else 10 ** ((gain_db - _SILENT_BELOW_DB) / 10)
    _, lengths = _runs(active & (received <= sent * bound))
    lost = lengths[lengths >= _SHORTEST_DROPOUT_FRAMES]
    return Dropouts(len(lost), float(lost.sum()) * _FRAME_SECONDS * 1000)


def clipped_ratio(samples: Int16Array) -> float:
    """Return the share of samples that are clipped.

    Clipped are those at full scale (-32768, -32767, 32767), and 8 or more equal ones in a row above half
    of it: the flat tops of sound that was clipped and made quieter afterwards. A lossy codec rounds flat
    tops off, so behind one this finds clipping at the receiver only.

    Parameters
    ----------
    samples
        int16, shape (n,), n > 0.
    """
    wide = samples.astype(np.int32)
    clipped = np.abs(wide) >= _HIGHEST_LEVEL
    equal = np.diff(wide) == 0
    for start, length in zip(*_runs(equal & (np.abs(wide[1:]) >= _FLAT_TOP_LEVEL)), strict=True):
        if length + 1 >= _FLAT_TOP_SAMPLES:
            clipped[start : start + length + 1] = True
    return float(clipped.mean())


def _energies(samples: Int16Array, sample_rate_hz: int) -> FloatArray:
    """Return the mean square of each whole frame."""
    frame = round(_FRAME_SECONDS * sample_rate_hz)
    whole = samples[: len(samples) // frame * frame].astype(np.float64)
    return np.asarray((whole.reshape(-1, frame) ** 2).mean(axis=1), dtype=np.float64)


def _active(energies: FloatArray) -> BoolArray:
    loudest = float(energies.max(initial=0.0))
    return energies >= max(loudest * 10 ** (-_ACTIVE_WITHIN_DB / 10), _QUIETEST_ACTIVE)


def _runs(flags: BoolArray) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return where each run of True begins, and its length."""
    edges = np.diff(np.concatenate(([0], flags.astype(np.int8), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return starts, ends - starts
