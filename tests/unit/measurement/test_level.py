"""Level, dropouts and clipping against signals that are known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eloquence_pipeline.measurement.level import clipped_ratio, dropouts, level_difference_db
from tests.simulated import RATE, babble

pytestmark = pytest.mark.unit

SPEECH = babble(3, 1.2)
SILENCE = np.zeros_like(SPEECH)


def louder(samples: npt.NDArray[np.int16], db: float) -> npt.NDArray[np.int16]:
    return np.rint(samples * 10 ** (db / 20)).astype(np.int16)


def with_gap(samples: npt.NDArray[np.int16], start: int, count: int) -> npt.NDArray[np.int16]:
    silenced = samples.copy()
    silenced[start : start + count] = 0
    return silenced


@given(db=st.floats(-30, 6))
@settings(max_examples=20, deadline=None)
def test_a_gain_is_found_exactly(db: float) -> None:
    assert level_difference_db(SPEECH, louder(SPEECH, db), RATE) == pytest.approx(db, abs=0.02)


def test_a_pause_does_not_count_in_the_level() -> None:
    paused = np.concatenate((SPEECH, SILENCE))
    noise = np.random.default_rng(1).standard_normal(len(paused)) * 20
    assert level_difference_db(paused, (paused + noise).astype(np.int16), RATE) == pytest.approx(0, abs=0.01)


def test_silence_has_no_level() -> None:
    assert level_difference_db(SILENCE, SPEECH, RATE) is None
    assert level_difference_db(SPEECH, SILENCE, RATE) is None


def test_what_arrived_whole_has_no_dropout() -> None:
    noise = np.random.default_rng(2).standard_normal(len(SPEECH)) * 30
    assert dropouts(SPEECH, (SPEECH + noise).astype(np.int16), RATE) == (0, 0)


@given(start=st.integers(8000, 40_000), length_ms=st.integers(15, 100))
@settings(max_examples=20, deadline=None)
def test_a_gap_of_15_ms_and_more_is_found_and_measured(start: int, length_ms: int) -> None:
    # Noise without a pause, so that the whole gap lies in speech.
    speech = (np.random.default_rng(4).standard_normal(RATE) * 3000).astype(np.int16)
    found = dropouts(speech, with_gap(speech, start, length_ms * RATE // 1000), RATE)
    assert found.number == 1
    assert length_ms - 10 < found.total_ms <= length_ms


def test_a_quieter_phrase_is_no_dropout_and_its_gap_is_one() -> None:
    quiet = louder(SPEECH, -35)
    assert dropouts(SPEECH, quiet, RATE).number == 0
    # In the middle of a syllable: this one is at its loudest at 0.25 s.
    assert dropouts(SPEECH, with_gap(quiet, round(0.23 * RATE), round(0.04 * RATE)), RATE).number == 1


def test_each_gap_is_counted() -> None:
    speech = (np.random.default_rng(5).standard_normal(RATE) * 3000).astype(np.int16)
    gaps = with_gap(with_gap(speech, 4800, 1920), 24_000, 960)
    assert dropouts(speech, gaps, RATE) == (2, 60)


def test_a_phrase_that_is_silent_altogether_has_dropped_out_once() -> None:
    speech = (np.random.default_rng(6).standard_normal(RATE) * 3000).astype(np.int16)
    assert dropouts(speech, np.zeros_like(speech), RATE) == (1, 1000)


@pytest.mark.parametrize("clipped", [0, 1, 17, 500])
def test_samples_at_full_scale_are_counted_exactly(clipped: int) -> None:
    samples = (np.arange(1000) % 100).astype(np.int16)
    places = np.random.default_rng(7).choice(1000, clipped, replace=False)
    samples[places] = np.random.default_rng(8).choice([-32768, -32767, 32767], clipped)
    assert clipped_ratio(samples) == clipped / 1000


def test_a_sine_driven_beyond_full_scale_is_clipped_where_it_exceeds_it() -> None:
    sine = np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE) * 40_000
    expected = float((np.abs(np.rint(sine)) >= 32767).mean())
    assert clipped_ratio(np.clip(np.rint(sine), -32768, 32767).astype(np.int16)) == expected


def test_flat_tops_below_full_scale_are_clipped_too() -> None:
    sine = np.sin(np.arange(RATE) * 2 * np.pi * 100 / RATE) * 40_000
    flat = np.clip(np.rint(sine), -20_000, 20_000).astype(np.int16)
    assert clipped_ratio(flat) == pytest.approx(float((np.abs(flat) == 20_000).mean()), abs=1e-3)


def test_the_crest_of_a_low_voice_is_not_clipped() -> None:
    crest = np.rint(np.sin(np.arange(RATE) * 2 * np.pi * 60 / RATE) * 30_000).astype(np.int16)
    assert clipped_ratio(crest) == 0
    assert clipped_ratio(SPEECH) == 0
    assert clipped_ratio(SILENCE) == 0
