"""What is found with the real engine before anything is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from eloquence_pipeline.errors import ConfigurationError, ExitCode
from eloquence_pipeline.models import Phrase
from eloquence_pipeline.settings import SpeechSettings
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.preflight import require_speakable
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer

pytestmark = pytest.mark.integration

SHORT = Phrase(text="Très bien.", category="custom")
MIDDLE = Phrase(text="Posez les deux pieds au sol, relâchez les épaules et respirez.", category="custom")
LONG = Phrase(text="Respirez lentement, puis reprenez depuis le début. " * 6, category="custom")
BOOK = Phrase(text=("Respirez lentement, puis reprenez. " * 60)[:2000], category="custom")


def recording(path: Path, seconds: float, peak: float = 0.5) -> Phrase:
    sound = peak * np.sin(np.arange(round(seconds * 16_000)) / 8)
    cast(Any, soundfile).write(str(path), sound, 16_000)
    return Phrase(text="Enregistrée", category="custom", recording=path)


@pytest.mark.parametrize("scenario", [("greetings", "coaching"), ("technical_short",), ("very_short",)])
def test_the_built_in_phrases_need_one_synthesis(tmp_path: Path, scenario: tuple[str, ...]) -> None:
    phrases = load_catalogue().phrases(*scenario)
    assert require_speakable(phrases, VoiceSynthesizer(tmp_path), None) == ()
    assert len(list(tmp_path.glob("*.wav"))) == 1


def test_phrases_that_never_fit_are_returned(tmp_path: Path) -> None:
    synthesizer = VoiceSynthesizer(tmp_path)
    assert require_speakable([LONG, SHORT, MIDDLE], synthesizer, 8) == (LONG,)
    assert require_speakable([LONG, SHORT, MIDDLE], synthesizer, 60) == ()
    assert require_speakable([BOOK, SHORT], synthesizer, 3600) == (BOOK,)
    assert require_speakable([BOOK, SHORT], synthesizer) == (BOOK,)


def test_a_test_that_is_shorter_than_every_phrase_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no phrase fits into a test of 8 s") as caught:
        require_speakable([BOOK, LONG], VoiceSynthesizer(tmp_path), 8)
    shortest = VoiceSynthesizer(tmp_path).synthesise(LONG).duration_seconds
    assert f"takes {shortest:.1f} s" in caught.value.message
    assert LONG.text[:30] in caught.value.message
    assert "--duration" in caught.value.remedy
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_phrase_of_minutes_is_wrong_usage_however_long_the_test_is(tmp_path: Path) -> None:
    for duration_seconds in (None, 3600):
        with pytest.raises(ConfigurationError, match="a phrase may take 60 s") as caught:
            require_speakable([BOOK], VoiceSynthesizer(tmp_path), duration_seconds)
        assert "split" in caught.value.remedy


def test_the_bound_is_exact(tmp_path: Path) -> None:
    synthesizer = VoiceSynthesizer(tmp_path)
    length_seconds = synthesizer.synthesise(MIDDLE).duration_seconds
    assert require_speakable([MIDDLE], synthesizer, length_seconds + 2.001) == ()
    with pytest.raises(ConfigurationError, match="no phrase fits"):
        require_speakable([MIDDLE], synthesizer, length_seconds + 1.999)


def test_recordings_are_measured_and_listened_to(tmp_path: Path) -> None:
    synthesizer = VoiceSynthesizer(tmp_path / "phrases")
    long, short = recording(tmp_path / "long.wav", 20), recording(tmp_path / "short.wav", 1)
    assert require_speakable([long, short], synthesizer, 8) == (long,)
    silent = recording(tmp_path / "silent.wav", 1, peak=0.0001)
    with pytest.raises(ConfigurationError, match="nothing that can be heard"):
        require_speakable([SHORT, silent], synthesizer, 8)


def test_an_unknown_voice_is_found(tmp_path: Path) -> None:
    synthesizer = VoiceSynthesizer(tmp_path, speech=SpeechSettings(voice="zzz"))
    with pytest.raises(ConfigurationError, match="no voice"):
        require_speakable([SHORT], synthesizer, 30)


def test_no_phrase_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no phrase"):
        require_speakable([], VoiceSynthesizer(tmp_path), 30)
