"""Phrases become clips."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from os import PathLike
from pathlib import Path
from typing import Self

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, monotonic_ns
from eloquence_pipeline.models import Clip, Phrase, Voice
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings import FolderSettings, Settings, SpeechSettings, ThresholdSettings
from eloquence_pipeline.signal.wav import Int16Samples
from eloquence_pipeline.speech.cache import Found, Origin, PhraseCache, Sound
from eloquence_pipeline.speech.catalogue import Catalogue, load_catalogue
from eloquence_pipeline.speech.conversion import SAMPLE_RATE_HZ, clip_samples
from eloquence_pipeline.speech.engine import SpeechEngine, speech_engine
from eloquence_pipeline.speech.recording import recorded_clip, recording_sha256
from eloquence_pipeline.speech.stream import spoken_frames
from eloquence_pipeline.speech.text import spoken_text

PHRASE_FOLDER = "phrases"
"""Name of the folder of clips inside the cache folder."""


class VoiceSynthesizer:
    """Speak phrases with one voice, or as recorded, and keep them as mono 16-bit WAV files at 48,000 Hz.

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
    >>> import asyncio
    >>> synthesizer = VoiceSynthesizer(temp_dir="./audio")
    >>> clip = asyncio.run(synthesizer.generate_audio("Texte à synthétiser"))
    >>> clip.audio_path.suffix, clip.sample_rate_hz, clip.duration_seconds > 0.5
    ('.wav', 48000, True)
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

    def generate_continuous_stream(
        self,
        *categories: str,
        frame_ms: int = 10,
        pause_seconds: tuple[float, float] = (2.0, 4.0),
        seed: int = 0,
        catalogue: Catalogue | None = None,
    ) -> AsyncGenerator[Int16Samples]:
        """Speak without end, as a microphone would: phrases in random order, frame by frame, in real time.

        Each frame is given at its own moment, so that lateness does not add up. Frames that are overdue are
        given at once; a consumer that is more than 100 ms behind does not get them in a burst: the stream
        goes on where it stood, with a new schedule, and no sample is lost. Leaving the loop, or ``aclose()``,
        ends the stream.

        Parameters
        ----------
        *categories
            What is spoken; all categories when none is given.
        frame_ms
            Length of a frame, 1 to 1000 ms.
        pause_seconds
            Shortest and longest pause between phrases, up to 60 s.
        seed
            The same seed gives the same phrases and pauses in the same order.
        catalogue
            Phrases to choose from; the built-in ones when left out. ``load_catalogue`` adds the user's own.

        Returns
        -------
        async generator of ndarray
            int16, shape (48 × frame_ms,), mono at 48,000 Hz.

        Raises
        ------
        ConfigurationError
            If there is no such category, or an argument is out of its bounds; at once. While it speaks, the
            stream raises what :meth:`synthesise` does.

        Examples
        --------
        >>> import asyncio
        >>> async def listen(synthesizer: VoiceSynthesizer) -> int:
        ...     sample_count = 0
        ...     async for audio_data in synthesizer.generate_continuous_stream("very_short"):
        ...         sample_count += audio_data.size
        ...         if sample_count >= 4800:
        ...             break
        ...     return sample_count
        >>> asyncio.run(listen(VoiceSynthesizer(temp_dir="./audio")))
        4800
        """
        phrases = (catalogue or load_catalogue()).phrases(*categories)
        return spoken_frames(
            self.synthesise, phrases, frame_ms=frame_ms, pause_seconds=pause_seconds, seed=seed
        )

    def synthesise(self, phrase: Phrase) -> Clip:
        """Speak a phrase, or take it from the folder of clips; blocks.

        Parameters
        ----------
        phrase
            What is to be said; where it has a recording, that is converted instead.

        Returns
        -------
        Clip
            With at most 20 ms of silence at either end. `generation_ms` is the time of the original synthesis
            and conversion, also when `from_cache` is true; it counts no waiting and no writing of files. For
            a recording it is 0, and `voice` is None.

        Raises
        ------
        ConfigurationError
            If the text is no text, the voice unknown, the recording unusable, or the folder of the clips
            not writable.
        SynthesisError
            If no sound came out.
        """
        text = spoken_text(phrase.text)
        found = self._spoken(text) if phrase.recording is None else self._recorded(phrase.recording)
        return Clip(
            phrase=phrase,
            voice=found.entry.voice,
            audio_path=found.audio_path.absolute(),
            audio_sha256=found.entry.sha256,
            sample_rate_hz=found.entry.sample_rate_hz,
            sample_count=found.entry.sample_count,
            generation_ms=found.entry.generation_ms,
            from_cache=found.was_cached,
        )

    def _spoken(self, text: str) -> Found:
        found = self._cache.get_or_make(Origin(text=text, voice=self.voice), lambda: self._speak(text))
        self._logger.latency("génération", found.entry.generation_ms)
        return found

    def _recorded(self, recording: Path) -> Found:
        origin = Origin(recording_sha256=recording_sha256(recording))
        return self._cache.get_or_make(
            origin, lambda: Sound(recorded_clip(recording), SAMPLE_RATE_HZ, generation_ms=0.0)
        )

    def _speak(self, text: str) -> Sound:
        raw = self._engine.speak(text, self.speech)
        begun_ns = monotonic_ns()
        samples = clip_samples(raw.samples, raw.sample_rate_hz)
        conversion_ms = (monotonic_ns() - begun_ns) / NANOSECONDS_PER_MILLISECOND
        return Sound(samples, SAMPLE_RATE_HZ, raw.synthesis_ms + conversion_ms)
