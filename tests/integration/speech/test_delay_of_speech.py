"""Real phrases are measured within a sample, or not at all."""

from __future__ import annotations

import random

import numpy as np
import numpy.typing as npt
import pytest

from eloquence_pipeline.measurement.delay import Ends, find_phrases
from eloquence_pipeline.measurement.gaps import hear
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.speech.catalogue import load_catalogue
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer
from tests.simulated import RATE, ends_of, said

pytestmark = pytest.mark.integration

PACKET = 960
Int16Array = npt.NDArray[np.int16]


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Int16Array]:
    synthesizer = VoiceSynthesizer(tmp_path_factory.mktemp("phrases"))
    phrases = load_catalogue().phrases("greetings", "coaching", "technical_short")
    return [read_wav(synthesizer.synthesise(phrase).audio_path)[0] for phrase in phrases]


def call(clips: list[Int16Array]) -> tuple[Ends, list[tuple[int, int]], list[int], npt.NDArray[np.float64]]:
    """Return ten phrases with their places and delays, and what was received as floats."""
    draw = random.Random(3)
    chosen = draw.sample(clips, 10)
    delays = [draw.randrange(480, 20_000) for _ in chosen]
    sent, received, places = said(chosen, delays)
    return ends_of(sent, received), places, delays, received


def level(clips: list[Int16Array]) -> float:
    return float(np.sqrt(np.mean(np.concatenate(clips).astype(np.float64) ** 2)))


@pytest.mark.parametrize("damage", ["white noise at 0 dB", "babble at 0 dB", "30 % of the packets missing"])
def test_delay_holds_within_one_sample(clips: list[Int16Array], damage: str) -> None:
    ends, places, delays, received = call(clips)
    generator = np.random.default_rng(1)
    if damage.startswith("white"):
        received += generator.standard_normal(len(received)) * level(clips)
    elif damage.startswith("babble"):
        voices = [np.concatenate(random.Random(n).sample(clips, len(clips))) for n in range(8)]
        together = np.zeros(len(received))
        for voice in voices:
            together += np.resize(voice, len(received))
        received += together * level(clips) / np.sqrt(np.mean(together**2))
    else:
        received *= (generator.random(len(received) // PACKET + 1) >= 0.3).repeat(PACKET)[: len(received)]
    damaged = Ends(ends.sent, ends_of(received, received).received)
    for arrival, delay in zip(find_phrases(damaged, places), delays, strict=True):
        assert arrival.received
        assert abs(arrival.one_way_delay_ms * RATE / 1000 - delay) < 1


def test_the_share_of_missing_packets_is_found_in_the_sound(clips: list[Int16Array]) -> None:
    ends, places, _, received = call(clips)
    kept = np.random.default_rng(1).random(len(received) // PACKET + 1) >= 0.3
    received *= kept.repeat(PACKET)[: len(received)]
    damaged = Ends(ends.sent, ends_of(received, received).received)
    heard = [hear(damaged.audio, arrival.span, arrival.course) for arrival in find_phrases(damaged, places)]
    decided = sum(each.active_samples - each.undecided_samples for each in heard)
    assert sum(each.lost_samples for each in heard) / decided == pytest.approx(0.3, abs=0.02)


def test_other_speech_is_never_received(clips: list[Int16Array]) -> None:
    sent, _, places = said(clips[:12], [None] * 12, pause_seconds=0.5)
    other = np.resize(np.concatenate(clips[12:]), len(sent))
    assert not any(arrival.received for arrival in find_phrases(ends_of(sent, other), places))
