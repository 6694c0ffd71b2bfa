"""A signal whose delay changes is followed, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eloquence_pipeline.signal.alignment import locate, normalised_cross_correlation, refine
from eloquence_pipeline.signal.tracking import best_path, correlate_windows

pytestmark = pytest.mark.unit

RATE = 8_000


def noise(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


def test_windows_at_one_lag_are_the_correlation_of_the_whole() -> None:
    reference, stretch = noise(1, 1600), noise(2, 2400)
    windows = correlate_windows(reference, stretch, 400, 400)
    whole = normalised_cross_correlation(reference.astype(np.float64), stretch.astype(np.float64))
    assert windows.joint_peaks() == pytest.approx(whole, abs=1e-5)
    assert windows.joint_peak(np.full(4, 17)) == pytest.approx(whole[17], abs=1e-5)


@given(first=st.integers(0, 200), second=st.integers(0, 200), jump_at=st.integers(2, 8))
@settings(max_examples=15, deadline=None)
def test_a_jump_of_the_delay_is_followed(first: int, second: int, jump_at: int) -> None:
    reference = noise(3, 4000)
    stretch = np.zeros(4200, dtype=np.float32)
    stretch[second + jump_at * 400 : second + 4000] = reference[jump_at * 400 :]
    stretch[first : first + jump_at * 400] = reference[: jump_at * 400]
    path = best_path(correlate_windows(reference, stretch, 400, 400).normalised(), 200, 8)
    # Where the second part overlaps the first, the window at the seam may be gone.
    assert path[: jump_at - 1].tolist() == [first] * (jump_at - 1)
    assert path[jump_at + 1 :].tolist() == [second] * (9 - jump_at)


def test_one_window_that_looks_like_another_place_does_not_leave_its_neighbours() -> None:
    scores = np.zeros((7, 100))
    scores[:, 40] = 0.8
    scores[3, 40], scores[3, 70] = 0.4, 0.95
    assert best_path(scores, 50, 8).tolist() == [40] * 7


def test_a_slow_drift_is_followed() -> None:
    scores = np.zeros((20, 100))
    lags = 20 + 3 * np.arange(20)
    scores[np.arange(20), lags] = 0.9
    assert best_path(scores, 50, 8).tolist() == lags.tolist()


def test_a_pause_has_no_correlation() -> None:
    reference = noise(4, 1600)
    reference[400:800] = 0
    windows = correlate_windows(reference, noise(5, 2000), 400, 400)
    assert windows.active.tolist() == [True, False, True, True]
    assert not windows.normalised()[1].any()


@given(place=st.integers(-30, 60), off=st.integers(-5, 5))
@settings(max_examples=20, deadline=None)
def test_a_known_place_is_refined_to_what_a_search_would_find(place: int, off: int) -> None:
    reference = noise(6, 800).astype(np.float64)
    samples = 0.1 * noise(7, 1000).astype(np.float64)
    first, last = max(place, 0), min(place + 800, 1000)
    samples[first:last] += reference[first - place : last - place]
    searched = locate(reference, np.concatenate((np.zeros(100), samples, np.zeros(100))), RATE)
    refined = refine(reference, samples, place + off, 6)
    assert refined.position_samples == pytest.approx(searched.position_samples - 100, abs=1e-6)
    assert refined.peak == pytest.approx(searched.peak, abs=1e-9)


def test_a_silent_reference_has_no_place() -> None:
    with pytest.raises(ValueError, match="silent"):
        refine(np.zeros(10), np.ones(100), 5, 2)
