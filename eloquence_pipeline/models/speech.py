"""What is said: phrases, their sound, and who says what when."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.models.base import Record


class Phrase(Record):
    """One spoken unit (the seed's "packet")."""

    text: Annotated[str, Field(min_length=1)]
    category: str
    recording: Path | None = None
    """A sound file in which somebody says it; without one it is synthesised."""


class Voice(Record):
    """Everything the sound of a synthesised phrase depends on besides its text."""

    voice: str
    rate_wpm: PositiveInt
    volume: Annotated[float, Field(gt=0, le=1)]
    engine: str
    engine_version: str


class Clip(Record):
    """One phrase as audio: a mono 16-bit WAV file on this machine."""

    phrase: Phrase
    voice: Voice | None
    """None where somebody said it and nothing was synthesised."""
    audio_path: Path
    audio_sha256: str
    sample_rate_hz: PositiveInt
    sample_count: PositiveInt
    generation_ms: NonNegativeFloat
    """How long the synthesis took; that of the original synthesis when the clip came from the cache, and 0
    for a recording."""
    from_cache: bool

    @property
    def duration_seconds(self) -> float:
        """Length of the audio."""
        return self.sample_count / self.sample_rate_hz


class ScheduledPhrase(Record):
    """A clip and its place on the sender's timeline, in samples of the script's rate."""

    index: PositiveInt
    clip: Clip
    start_sample: NonNegativeInt
    sample_count: PositiveInt

    @property
    def end_sample(self) -> int:
        """First sample after the phrase."""
        return self.start_sample + self.sample_count


class SpeechScript(Record):
    """Who says what when: the plan of one transmission."""

    seed: int
    sample_rate_hz: PositiveInt
    sample_count: PositiveInt
    phrases: tuple[ScheduledPhrase, ...]

    @property
    def duration_seconds(self) -> float:
        """Length of the transmission, silence at both ends included."""
        return self.sample_count / self.sample_rate_hz
