"""Stretches of sound are counted while they are heard."""

from __future__ import annotations

import numpy as np
import pytest

from eloquence_pipeline.transport.audio_format import SAMPLE_RATE_HZ
from eloquence_pipeline.transport.sound_counter import SoundCounter
from tests.simulated import babble

pytestmark = pytest.mark.unit


def silence(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.random.default_rng(3).integers(-20, 20, round(seconds * SAMPLE_RATE_HZ), dtype=np.int16)


def test_what_has_a_pause_before_it_counts_once_however_it_is_cut() -> None:
    call = np.concatenate(
        (silence(1), babble(1, 1.0), silence(0.5), babble(2, 1.0), silence(2), babble(3, 0.5), silence(2))
    )
    content = call[: len(call) // 480 * 480].tobytes()
    for frames in (1, 7, 50):
        counter = SoundCounter()
        size = frames * 960
        for first in range(0, len(content), size):
            counter.hear(content[first : first + size])
        assert counter.count == 2


def test_the_loudest_negative_sample_is_loud() -> None:
    counter = SoundCounter()
    counter.hear(np.full(480, -32768, dtype=np.int16).tobytes())
    assert counter.count == 1
