"""The confidence gate lies between what a phrase looks like to itself and to every other phrase."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from eloquence_pipeline.measurement.method import MIN_PEAK_TO_SIDELOBE_RATIO, min_correlation_peak
from eloquence_pipeline.signal.alignment import locate
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer

pytestmark = pytest.mark.integration

RATE = 48_000
PAIRS = 120


@pytest.mark.parametrize("categories", [("greetings", "coaching"), ("technical_short", "very_short")])
def test_no_phrase_is_taken_for_another(categories: tuple[str, ...], tmp_path: Path) -> None:
    synthesizer = VoiceSynthesizer(tmp_path)
    phrases = load_catalogue().phrases(*categories)
    clips = [read_wav(synthesizer.synthesise(phrase).audio_path)[0].astype(np.float64) for phrase in phrases]
    pairs = list(itertools.permutations(clips, 2))
    for spoken, heard in random.Random(1).sample(pairs, PAIRS):
        window = np.concatenate((heard, np.zeros(3 * RATE + len(spoken))))
        match = locate(spoken, window, RATE)
        assert (
            match.peak < min_correlation_peak(len(spoken) / RATE)
            or match.peak_to_sidelobe_ratio < MIN_PEAK_TO_SIDELOBE_RATIO
        ), match
