"""Phrases become clips."""

from __future__ import annotations

import asyncio
from os import PathLike
from pathlib import Path
from typing import Self

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, monotonic_ns
from eloquence_pipeline.models import Clip, Phrase, Voice
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings import FolderSettings, Settings, SpeechSettings, ThresholdSettings
from eloquence_pipeline.speech.cache import PhraseCache, Synthesis
from eloquence_pipeline.speech.conversion import SAMPLE_RATE_HZ, clip_samples
from eloquence_pipeline.speech.engine import SpeechEngine, speech_engine
from eloquence_pipeline.speech.text import spoken_text

PHRASE_FOLDER = "phrases"
"""Name of the folder of clips inside the cache folder."""


class VoiceSynthesizer:
    """Speak phrases with one voice and keep them as mono 16-bit WAV files at 48,000 Hz.

    Parameters
    ----------
    temp_dir
        Folder that keeps the clips; a phrase that is already there, said by the same voice, is not
        synthesised again. Default: ``phrases`` in the user's cache folder.
    speech
        Voice, rate and volume.
    thresholds
        Bounds of the classes that its log lines show.

    Raises
    ------
    SynthesisError
        "Moteur TTS non disponible", with what to install.

    Examples
    --------
    >>> synthesizer = VoiceSynthesizer(temp_dir="./audio")
    >>> clip = await synthesizer.generate_audio("Texte à synthétiser")
    """

    def __init__(
        self,
        temp_dir: str | PathLike[str] | None = None,
        *,
        speech: SpeechSettings | None = None,
        thresholds: ThresholdSettings | None = None,
    ) -> None:
        folder = (
            FolderSettings.model_construct().cache / PHRASE_FOLDER if temp_dir is None else Path(temp_dir)
        )
        self.speech = speech or SpeechSettings.model_construct()
        self._logger = PipelineLogger("VOICE_SYNTHESIZER", thresholds)
        self._cache = PhraseCache(folder)
        self._engine: SpeechEngine = speech_engine()
        self.voice = Voice(
            voice=self.speech.voice,
            rate_wpm=self.speech.rate_wpm,
            volume=self.speech.volume,
            engine=self._engine.name,
            engine_version=self._engine.version,
        )

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Return the synthesizer that the settings describe.

        Raises
        ------
        SynthesisError
            "Moteur TTS non disponible", with what to install.
        """
        return cls(
            settings.folders.cache / PHRASE_FOLDER, speech=settings.speech, thresholds=settings.thresholds
        )

    async def generate_audio(self, text: str, category: str = "custom") -> Clip:
        """Speak a text in a thread of its own, so that the event loop goes on.

        Parameters
        ----------
        text
            What is to be said.
        category
            What the phrase is counted under.

        Raises
        ------
        ConfigurationError
            If the text is no text, the voice unknown, or the folder of the clips not writable.
        SynthesisError
            If no sound came out.
        """
        spoken_text(text)  # before the model complains in its own words
        return await asyncio.to_thread(self.synthesise, Phrase(text=text, category=category))

    def synthesise(self, phrase: Phrase) -> Clip:
        """Speak a phrase, or take it from the folder of clips; blocks.

        Parameters
        ----------
        phrase
            What is to be said.

        Returns
        -------
        Clip
            With at most 20 ms of silence at either end. `generation_ms` is the time of the original synthesis
            and conversion, also when `from_cache` is true; it counts no waiting and no writing of files.

        Raises
        ------
        ConfigurationError
            If the text is no text, the voice unknown, or the folder of the clips not writable.
        SynthesisError
            If no sound came out.
        """
        text = spoken_text(phrase.text)
        found = self._cache.get_or_make(text, self.voice, lambda: self._speak(text))
        self._logger.latency("génération", found.entry.generation_ms)
        return Clip(
            phrase=phrase,
            voice=self.voice,
            audio_path=found.audio_path.absolute(),
            audio_sha256=found.entry.sha256,
            sample_rate_hz=found.entry.sample_rate_hz,
            sample_count=found.entry.sample_count,
            generation_ms=found.entry.generation_ms,
            from_cache=found.was_cached,
        )

    def _speak(self, text: str) -> Synthesis:
        raw = self._engine.speak(text, self.speech)
        begun_ns = monotonic_ns()
        samples = clip_samples(raw.samples, raw.sample_rate_hz)
        conversion_ms = (monotonic_ns() - begun_ns) / NANOSECONDS_PER_MILLISECOND
        return Synthesis(samples, SAMPLE_RATE_HZ, raw.synthesis_ms + conversion_ms)
