"""The endless stream with the real engine and the real clock."""

from __future__ import annotations

import threading
import time
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import PhraseSettings
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.script import draw_phrases
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer

pytestmark = pytest.mark.integration


async def test_phrases_are_spoken_one_after_the_other(tmp_path: Path) -> None:
    synthesizer = VoiceSynthesizer(tmp_path)
    begun = time.monotonic()
    first_after_seconds = 0.0
    heard: list[np.ndarray] = []
    async with aclosing(
        synthesizer.generate_continuous_stream("very_short", pause_seconds=(0.1, 0.2), seed=5)
    ) as frames:
        async for frame in frames:
            first_after_seconds = first_after_seconds or time.monotonic() - begun
            heard.append(frame)
            if len(heard) == 200:
                break
    took_seconds = time.monotonic() - begun
    assert first_after_seconds < 1
    assert took_seconds >= 1.99  # 200 frames of 10 ms, the first at once
    assert all(frame.shape == (480,) and frame.dtype == np.int16 for frame in heard)
    first = draw_phrases(load_catalogue().phrases("very_short"), 5, 1)[0]
    clip, _ = read_wav(synthesizer.synthesise(first).audio_path)
    samples = np.concatenate(heard)
    np.testing.assert_array_equal(samples[: clip.size], clip[: samples.size])
    for thread in threading.enumerate():
        if thread.name.startswith("phrase-stream"):
            thread.join(5)
            assert not thread.is_alive()


async def test_own_categories_are_spoken(tmp_path: Path) -> None:
    catalogue = load_catalogue(PhraseSettings(categories={"mine": ("Un.", "Deux.")}))
    async with aclosing(
        VoiceSynthesizer(tmp_path).generate_continuous_stream("mine", frame_ms=20, catalogue=catalogue)
    ) as frames:
        assert (await anext(frames)).shape == (960,)


def test_an_unknown_category_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'nobody'"):
        VoiceSynthesizer(tmp_path).generate_continuous_stream("nobody")
