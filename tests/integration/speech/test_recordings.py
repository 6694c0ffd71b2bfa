"""Recorded phrases through the real synthesizer, beside synthesised ones."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import soundfile

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Phrase
from eloquence_pipeline.settings import PhraseSettings, SpeechSettings
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.script import lay_out, render
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer

pytestmark = pytest.mark.integration


@pytest.fixture
def phrase(tmp_path: Path) -> Phrase:
    sound = 0.3 * np.sin(np.arange(44_100) / 20)
    cast(Any, soundfile).write(str(tmp_path / "a.ogg"), np.stack([sound, sound], axis=1), 44_100)
    (tmp_path / "mine.json").write_text(json.dumps({"voix": [{"text": "Bonjour.", "audio": "a.ogg"}]}))
    return load_catalogue(PhraseSettings(file=tmp_path / "mine.json")).phrases("voix")[0]


def test_a_recording_becomes_a_clip_without_a_voice(tmp_path: Path, phrase: Phrase) -> None:
    clip = VoiceSynthesizer(tmp_path / "phrases").synthesise(phrase)
    samples, rate = read_wav(clip.audio_path)
    assert (clip.phrase, clip.voice, clip.generation_ms, clip.from_cache) == (phrase, None, 0, False)
    assert (rate, samples.size) == (48_000, clip.sample_count)
    assert clip.duration_seconds == pytest.approx(1, abs=0.01)


def test_a_recording_is_converted_once_whoever_speaks_and_whatever_it_says(
    tmp_path: Path, phrase: Phrase
) -> None:
    first = VoiceSynthesizer(tmp_path / "phrases").synthesise(phrase)
    other = VoiceSynthesizer(tmp_path / "phrases", speech=SpeechSettings(rate_wpm=300))
    again = other.synthesise(phrase.model_copy(update={"text": "Autre chose"}))
    assert (again.from_cache, again.audio_sha256) == (True, first.audio_sha256)
    elsewhere = VoiceSynthesizer(tmp_path / "elsewhere").synthesise(phrase)
    assert (elsewhere.from_cache, elsewhere.audio_sha256) == (False, first.audio_sha256)


def test_a_recording_that_changes_is_converted_again(tmp_path: Path, phrase: Phrase) -> None:
    synthesizer = VoiceSynthesizer(tmp_path / "phrases")
    first = synthesizer.synthesise(phrase)
    assert phrase.recording is not None
    cast(Any, soundfile).write(str(phrase.recording), np.sin(np.arange(30_000) / 9), 44_100, format="OGG")
    assert synthesizer.synthesise(phrase).audio_sha256 != first.audio_sha256


def test_no_generation_is_logged_for_a_recording(
    tmp_path: Path, phrase: Phrase, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="eloquence"):
        synthesizer = VoiceSynthesizer(tmp_path / "phrases")
        synthesizer.synthesise(phrase)
        assert "génération" not in caplog.text
        synthesizer.synthesise(Phrase(text="Bonjour.", category="voix"))
    assert "génération" in caplog.text


def test_recorded_and_synthesised_phrases_go_into_one_script(tmp_path: Path, phrase: Phrase) -> None:
    synthesizer = VoiceSynthesizer(tmp_path / "phrases")
    clips = [synthesizer.synthesise(each) for each in (phrase, Phrase(text="Bonjour.", category="voix"))]
    script = lay_out(clips, 1, 0.5, 0.5)
    assert render(script).size == script.sample_count


def test_a_recording_that_went_away_is_a_configuration_error(tmp_path: Path, phrase: Phrase) -> None:
    assert phrase.recording is not None
    phrase.recording.unlink()
    with pytest.raises(ConfigurationError, match=r"a\.ogg cannot be read"):
        VoiceSynthesizer(tmp_path / "phrases").synthesise(phrase)


def test_the_text_of_a_recording_is_checked_as_well(tmp_path: Path, phrase: Phrase) -> None:
    with pytest.raises(ConfigurationError, match="control character"):
        VoiceSynthesizer(tmp_path / "phrases").synthesise(phrase.model_copy(update={"text": "a\x00"}))
