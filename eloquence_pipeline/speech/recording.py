"""A phrase that somebody has recorded becomes a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy.signal import butter, lfilter, lfilter_zi

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.signal.resampling import resample, simple_rates, to_int16
from eloquence_pipeline.signal.sound_file import SHORTEST_SECONDS, Float32Samples, read_header, read_sound
from eloquence_pipeline.signal.wav import Int16Samples
from eloquence_pipeline.speech.conversion import SAMPLE_RATE_HZ, audible_part, below_full_scale

_INAUDIBLE_PEAK = 0.003
"""-50 dB of full scale; below that lies the noise of a room, not a voice."""
_OFFSET_THAT_MATTERS = 0.001
"""As much of full scale hides the silence at both ends from trimming."""
_HIGH_PASS_HZ = 20.0


def recording_sha256(path: Path) -> str:
    """Return the SHA-256 of a recording, after a look at its header.

    Raises
    ------
    ConfigurationError
        If it is no sound of 0.1 to 60 s.
    """
    read_header(path)
    return sha256_of_file(path)


def recorded_clip(path: Path) -> Int16Samples:
    """Read a recording and make of it what is transmitted.

    A constant offset is removed, silence is trimmed and the rate changed as in synthesised phrases. The level
    stays as it is, unless the peak exceeds 0.98 of full scale.

    Parameters
    ----------
    path
        Any file that :func:`~eloquence_pipeline.signal.sound_file.read_sound` reads.

    Returns
    -------
    ndarray
        int16, shape (n,), at 48,000 Hz; the same for the same file each time.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, or nothing in it can be heard.
    """
    samples, sample_rate_hz = read_sound(path)
    samples = _audible(path, _without_offset(samples, sample_rate_hz), sample_rate_hz)
    # Before as well as after: files of floats can hold numbers with which the resampler would overflow.
    part = below_full_scale(samples)
    from_hz, to_hz = simple_rates(sample_rate_hz, SAMPLE_RATE_HZ)
    return to_int16(below_full_scale(resample(part, from_hz, to_hz)))


def _audible(path: Path, samples: Float32Samples, sample_rate_hz: int) -> Float32Samples:
    loudness = np.abs(samples)
    peak = float(loudness.max())
    if peak >= _INAUDIBLE_PEAK:
        part = samples[audible_part(loudness, sample_rate_hz)]
        if part.size >= SHORTEST_SECONDS * sample_rate_hz:
            return part
    raise ConfigurationError(
        f"{path} holds nothing that can be heard: its peak is {peak:.4f} of full scale",
        remedy="record it again, louder; in stereo, see that the channels do not cancel each other out",
    )


def _without_offset(samples: Float32Samples, sample_rate_hz: int) -> Float32Samples:
    if abs(float(samples.mean(dtype=np.float64))) < _OFFSET_THAT_MATTERS:
        return samples
    # A filter, since the offset of a recording may drift or begin late; its state starts at the first sample.
    numerator, denominator = cast(Any, butter)(1, _HIGH_PASS_HZ, "highpass", fs=sample_rate_hz)
    state = cast(Any, lfilter_zi)(numerator, denominator) * float(samples[0])
    filtered, _ = cast(Any, lfilter)(numerator, denominator, samples.astype(np.float64), zi=state)
    return cast(npt.NDArray[np.float64], filtered).astype(np.float32)
