"""A known signal is found where it is, to a fraction of a sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import resample_poly

from eloquence_pipeline.signal.alignment import locate, normalised_cross_correlation

pytestmark = pytest.mark.unit

RATE = 48_000


def speech_like(seed: int, seconds: float = 0.6) -> np.ndarray:
    """Return band-limited noise with a syllable-like envelope, float64 of shape (seconds × RATE,)."""
    generator = np.random.default_rng(seed)
    narrow = generator.standard_normal(round(seconds * RATE / 4))
    wide = resample_poly(narrow, 4, 1)
    envelope = 0.2 + np.abs(np.sin(np.arange(len(wide)) * 2 * np.pi * 4 / RATE))
    return wide * envelope


@given(seed=st.integers(0, 1000), delay=st.integers(0, 20_000), gain=st.floats(0.05, 4.0))
@settings(max_examples=30, deadline=None)
def test_a_whole_delay_is_found_exactly_at_any_level(seed: int, delay: int, gain: float) -> None:
    reference = speech_like(seed)
    window = np.zeros(len(reference) + 20_000)
    window[delay : delay + len(reference)] = gain * reference
    match = locate(reference, window, RATE)
    assert abs(match.position_samples - delay) < 0.01
    assert match.peak > 0.999


@given(seed=st.integers(0, 1000), fraction=st.floats(0.05, 0.95))
@settings(max_examples=30, deadline=None)
def test_a_fraction_of_a_sample_is_found(seed: int, fraction: float) -> None:
    reference = speech_like(seed)
    frequencies = np.fft.rfftfreq(len(reference) + 4096)
    padded = np.concatenate((np.zeros(2048), reference, np.zeros(2048)))
    shifted = np.fft.irfft(np.fft.rfft(padded) * np.exp(-2j * np.pi * frequencies * fraction), len(padded))
    match = locate(reference, shifted, RATE)
    assert abs(match.position_samples - (2048 + fraction)) < 0.05


@given(seed=st.integers(0, 1000), delay=st.integers(0, 20_000))
@settings(max_examples=20, deadline=None)
def test_the_place_holds_within_a_sample_at_0_db_noise(seed: int, delay: int) -> None:
    reference = speech_like(seed)
    noise = np.random.default_rng(seed + 1).standard_normal(len(reference) + 20_000)
    window = noise * np.sqrt(np.mean(reference**2))
    window[delay : delay + len(reference)] += reference
    assert abs(locate(reference, window, RATE).position_samples - delay) <= 1


@given(seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_correlation_stays_within_one(seed: int) -> None:
    reference = speech_like(seed, 0.1)
    window = np.concatenate((np.zeros(3000), speech_like(seed + 1, 0.3), np.zeros(3000)))
    ncc = normalised_cross_correlation(reference, window)
    assert ncc.shape == (len(window) - len(reference) + 1,)
    assert np.abs(ncc).max() <= 1 + 1e-9


def test_another_signal_does_not_look_like_the_reference() -> None:
    match = locate(speech_like(1), np.concatenate((speech_like(2), speech_like(3))), RATE)
    assert match.peak < 0.3


def test_near_silence_cannot_match_by_chance() -> None:
    reference = speech_like(1)
    window = np.random.default_rng(5).standard_normal(len(reference) + 9600) * 1e-6
    assert locate(reference, window, RATE).peak < 1e-3


def test_a_window_shorter_than_the_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter than the reference"):
        locate(speech_like(1), speech_like(1)[:-1], RATE)


def test_a_silent_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="silent"):
        locate(np.zeros(100), speech_like(1), RATE)


@pytest.mark.parametrize(("seconds", "loudest"), [(1.5, 3000), (5, 32_767), (60, 8000)])
def test_correlations_of_16_bit_samples_are_exact(seconds: float, loudest: int) -> None:
    generator = np.random.default_rng(1)
    reference = generator.integers(-loudest, loudest, round(seconds * RATE)).astype(np.float64)
    window = generator.integers(-loudest, loudest, len(reference) + RATE).astype(np.float64)
    ncc = normalised_cross_correlation(reference, window)
    whole = reference.astype(np.int64)
    for place in (0, 17, RATE // 2, RATE):
        piece = window[place : place + len(reference)].astype(np.int64)
        energy = float(np.dot(whole, whole)) * float(np.dot(piece, piece))
        assert ncc[place] == float(np.dot(whole, piece)) / np.sqrt(energy)
