"""The speech engine of this process: pyttsx3 on top of libespeak-ng.

Both keep global state and are not made for threads, so there is one engine a process and one lock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from difflib import get_close_matches
from functools import cache
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, monotonic_ns
from eloquence_pipeline.errors import ConfigurationError, SynthesisError
from eloquence_pipeline.settings import SpeechSettings
from eloquence_pipeline.signal.wav import Int16Samples, read_wav
from eloquence_pipeline.speech.espeak_library import Driver, load_driver, no_engine

ENGINE_NAME = "espeak-ng"

_TIMEOUT_SECONDS = 60.0
_IDLE_POLL_SECONDS = 0.0005
_DONE_POLL_SECONDS = 0.05


class RawSpeech(NamedTuple):
    """What the engine said."""

    samples: Int16Samples
    """int16, shape (n,)."""
    sample_rate_hz: int
    synthesis_ms: float


class SpeechEngine:
    """One initialised engine; get it from :func:`speech_engine`.

    Attributes
    ----------
    name, version
        What the sound depends on besides text and voice, for cache keys and results.
    """

    def __init__(self, driver: Driver) -> None:
        self._native = driver.native
        self._properties = driver.espeak.EspeakDriver
        self._finished = threading.Event()
        self._engine: Any = driver.pyttsx3.init("espeak")
        self._engine.connect("finished-utterance", self._on_finished)
        self._lock = threading.Lock()
        self.name = ENGINE_NAME
        self.version = f"{driver.native.Info(None).decode()}+pyttsx3-{metadata.version('pyttsx3')}"

    def voices(self) -> tuple[str, ...]:
        """Return the ids of all voices, such as ``roa/fr``."""
        with self._lock:
            return tuple(sorted(str(voice.id) for voice in self._engine.getProperty("voices")))

    def speak(self, text: str, speech: SpeechSettings) -> RawSpeech:
        """Say `text` and return the sound; blocks for some 10 ms, one call at a time.

        Parameters
        ----------
        text
            As :func:`~eloquence_pipeline.speech.text.spoken_text` returns it.
        speech
            Voice, rate and volume.

        Raises
        ------
        ConfigurationError
            If there is no such voice.
        SynthesisError
            If no sound came out.
        """
        with self._lock, TemporaryDirectory(prefix="eloquence-speech-") as folder:
            self._set_voice(speech)
            path = Path(folder, "speech.wav")
            begun_ns = monotonic_ns()
            self._finished.clear()
            self._engine.save_to_file(text, str(path))
            self._engine.runAndWait()
            self._await_file()
            synthesis_ms = (monotonic_ns() - begun_ns) / NANOSECONDS_PER_MILLISECOND
            samples, sample_rate_hz = read_wav(path)
        return RawSpeech(samples, sample_rate_hz, synthesis_ms)

    def _set_voice(self, speech: SpeechSettings) -> None:
        # Not by Engine.setProperty, which swallows errors.
        try:
            self._properties.setProperty("voice", speech.voice)
        except ValueError:
            raise self._unknown_voice(speech.voice) from None
        # An unknown variant ("fr+xyz") is dropped without an error.
        if "+" in speech.voice and "+" not in str(self._engine.getProperty("voice")):
            raise self._unknown_voice(speech.voice)
        self._properties.setProperty("rate", speech.rate_wpm)
        self._properties.setProperty("volume", speech.volume)
        # Parameters are queued; Engine.runAndWait cancels whatever is still queued when it begins.
        self._wait_until(lambda: not self._native.IsPlaying(), _IDLE_POLL_SECONDS)

    def _await_file(self) -> None:
        # runAndWait returns after 10 ms, whether the engine's own thread has finished or not.
        def done_or_given_up() -> bool:
            return self._finished.wait(_DONE_POLL_SECONDS) or not self._native.IsPlaying()

        self._wait_until(done_or_given_up, 0)
        if not self._finished.wait(_DONE_POLL_SECONDS):
            raise SynthesisError(
                "the speech engine wrote no audio",
                remedy="check that the folder for temporary files has space",
            )

    def _wait_until(self, condition: Callable[[], bool], poll_seconds: float) -> None:
        give_up_at = time.monotonic() + _TIMEOUT_SECONDS
        while not condition():
            if time.monotonic() > give_up_at:
                self._native.Cancel()
                raise SynthesisError(
                    f"the speech engine did not finish within {_TIMEOUT_SECONDS:.0f} s",
                    remedy="try again with less load on this machine, or with shorter phrases",
                    transient=True,
                )
            time.sleep(poll_seconds)

    def _unknown_voice(self, voice: str) -> ConfigurationError:
        known = [str(each.id) for each in self._engine.getProperty("voices")]
        suggestions = get_close_matches(voice, known, n=3) or [each for each in known if "/fr" in each]
        return ConfigurationError(
            f"the speech engine has no voice {voice!r}",
            remedy=f"set ELOQUENCE_SPEECH__VOICE, for example to {' or '.join(sorted(suggestions))}",
        )

    def _on_finished(self, **_: object) -> None:
        self._finished.set()


@cache
def _start() -> SpeechEngine:
    try:
        return SpeechEngine(load_driver())
    except (RuntimeError, OSError) as error:
        raise no_engine(error) from None


_start_lock = threading.Lock()


def speech_engine() -> SpeechEngine:
    """Return the engine of this process; the first call starts it (some 50 ms).

    Raises
    ------
    SynthesisError
        "Moteur TTS non disponible", with what to install.
    """
    with _start_lock:
        return _start()
