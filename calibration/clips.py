"""The phrases that are said: all of the catalogue, spoken by the project's own synthesizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.models import Clip
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer

FloatArray = npt.NDArray[np.float64]

RATE_HZ = 48_000


@dataclass(frozen=True)
class SpokenClip:
    """One phrase as sound.

    Attributes
    ----------
    text
        What is said.
    samples
        float64 of shape (n,), at 48 kHz, in units of int16.
    """

    text: str
    samples: FloatArray

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return len(self.samples) / RATE_HZ

    @property
    def level(self) -> float:
        """Root mean square over all of it, in units of int16."""
        return float(np.sqrt(np.mean(self.samples**2)))


def synthesise(folder: Path, *categories: str) -> list[Clip]:
    """Speak the phrases of some categories, or of all, into `folder`."""
    synthesizer = VoiceSynthesizer(folder)
    return [synthesizer.synthesise(phrase) for phrase in load_catalogue().phrases(*categories)]


def as_sound(clips: Sequence[Clip]) -> list[SpokenClip]:
    """Read clips.

    Raises
    ------
    ValueError
        If one is not at 48 kHz.
    """
    sounds: list[SpokenClip] = []
    for clip in clips:
        samples, rate = read_wav(clip.audio_path)
        if rate != RATE_HZ:
            raise ValueError(f"{clip.phrase.text!r} is at {rate} Hz, not {RATE_HZ}")
        sounds.append(SpokenClip(clip.phrase.text, samples.astype(np.float64)))
    return sounds
