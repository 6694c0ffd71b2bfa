"""From what the engine said to what is transmitted."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.errors import SynthesisError
from eloquence_pipeline.signal.resampling import Float, resample, to_float, to_int16
from eloquence_pipeline.signal.wav import Int16Samples

SAMPLE_RATE_HZ = 48_000
"""Rate of every clip: WebRTC's own, so that the transport never resamples."""

MARGIN_SECONDS = 0.020
"""Silence that is kept at either end, so that no soft onset is cut."""

_SILENCE_RATIO = 0.001
_HIGHEST_PEAK = 0.98


def clip_samples(samples: Int16Samples, sample_rate_hz: int) -> Int16Samples:
    """Trim, resample to `SAMPLE_RATE_HZ`, and keep below full scale.

    espeak-ng puts 14 ms of silence before and 390 ms after a phrase. The pauses between phrases are the
    scenario's business, and a clip's length should be that of its speech.

    Parameters
    ----------
    samples
        int16, shape (n,), at `sample_rate_hz`.

    Returns
    -------
    ndarray
        int16, shape (m,), at `SAMPLE_RATE_HZ`, peak at most 0.98 of full scale.

    Raises
    ------
    SynthesisError
        If there is nothing but silence.
    """
    floats = resample(to_float(trimmed(samples, sample_rate_hz)), sample_rate_hz, SAMPLE_RATE_HZ)
    # The engine stays below 0.7 at full volume; this is for another voice or version.
    return to_int16(below_full_scale(floats))


def below_full_scale(samples: npt.NDArray[Float]) -> npt.NDArray[Float]:
    """Scale floats, shape (n,) and not all zero, down to a peak of 0.98 where they exceed it."""
    scale = min(1.0, _HIGHEST_PEAK / float(np.abs(samples).max()))
    return (samples * scale).astype(samples.dtype)


def trimmed(samples: Int16Samples, sample_rate_hz: int) -> Int16Samples:
    """Cut silence (60 dB below the peak) at both ends down to `MARGIN_SECONDS`.

    Raises
    ------
    SynthesisError
        If there is nothing but silence.
    """
    loudness = np.abs(samples.astype(np.int32))
    if not loudness.any():
        raise SynthesisError("the engine had nothing to say but silence", remedy="give a text with words")
    return samples[audible_part(loudness, sample_rate_hz)]


def audible_part(loudness: npt.NDArray[Any], sample_rate_hz: int) -> slice:
    """Return the part of a sound that is within 60 dB of its peak, and `MARGIN_SECONDS` at both ends.

    Parameters
    ----------
    loudness
        Absolute values, shape (n,), not all zero.
    sample_rate_hz
        Samples per second.
    """
    audible = np.flatnonzero(loudness > loudness.max() * _SILENCE_RATIO)
    margin = round(MARGIN_SECONDS * sample_rate_hz)
    return slice(max(0, int(audible[0]) - margin), int(audible[-1]) + 1 + margin)
