"""Sound files that a client says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.models import Clip, Phrase
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.signal.resampling import resample, simple_rates, to_int16
from eloquence_pipeline.signal.sound_file import read_sound
from eloquence_pipeline.transport.audio_format import SAMPLE_RATE_HZ

OWN_CATEGORY = "custom"
"""Of a sound that says of itself nothing else."""


def load_clip(path: Path, metadata: Clip | Mapping[str, Any] | None) -> tuple[Clip, npt.NDArray[np.int16]]:
    """Read a sound file as it is to be sent.

    Returns
    -------
    clip
        `metadata` itself where that is a clip, otherwise what it and the file say.
    samples
        int16 of shape (n,), mono at 48 kHz.

    Raises
    ------
    ConfigurationError
        If the file is no audio.
    """
    samples = read_samples(path)
    if isinstance(metadata, Clip):
        # What a test says stands in results and tables, whatever it made its texts of.
        text = redact(metadata.phrase.text)
        phrase = metadata.phrase.model_copy(update={"text": text})
        return metadata.model_copy(update={"phrase": phrase}), samples
    given: Mapping[str, Any] = metadata or {}
    clip = Clip(
        phrase=Phrase(
            text=redact(str(given.get("text") or path.stem)),
            category=str(given.get("category") or OWN_CATEGORY),
            recording=path.absolute(),
        ),
        voice=None,
        audio_path=path.absolute(),
        audio_sha256=sha256_of_file(path),
        sample_rate_hz=SAMPLE_RATE_HZ,
        sample_count=len(samples),
        generation_ms=0.0,
        from_cache=False,
    )
    return clip, samples


def read_samples(path: Path) -> npt.NDArray[np.int16]:
    """Read a sound file of any rate, mono or stereo, as int16 of shape (n,), mono at 48 kHz.

    Raises
    ------
    ConfigurationError
        If the file is no audio of 0.1 to 60 s.
    """
    samples, sample_rate_hz = read_sound(path)
    return to_int16(resample(samples, *simple_rates(sample_rate_hz, SAMPLE_RATE_HZ)))
