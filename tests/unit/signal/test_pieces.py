"""The frames of a signal are found where each of them is, with few changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eloquence_pipeline.signal.pieces import MOST_CHANGES, fit_pieces

pytestmark = pytest.mark.unit

FRAME = 80


def noise(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(count).astype(np.float32)


@given(first=st.integers(0, 200), second=st.integers(0, 200), seam=st.integers(5, 35), gain=st.floats(0.1, 9))
@settings(max_examples=25, deadline=None)
def test_both_parts_are_found_to_a_frame_at_any_level(
    first: int, second: int, seam: int, gain: float
) -> None:
    reference, stretch = noise(1, 40 * FRAME), np.zeros(40 * FRAME + 200, dtype=np.float32)
    stretch[first : first + seam * FRAME] = reference[: seam * FRAME]
    stretch[second + seam * FRAME : second + len(reference)] = reference[seam * FRAME :]
    pieces = fit_pieces(reference, np.float32(gain) * stretch, FRAME, 200)
    # What is left out when the second part begins before the first ends was written over.
    lost = max(0, first - second) // FRAME + 2
    assert pieces.lags[: max(0, seam - lost)].tolist() == [first] * max(0, seam - lost)
    assert pieces.lags[seam + 1 :].tolist() == [second] * (39 - seam)
    assert pieces.peak > 0.9


def test_a_signal_in_one_piece_has_one_lag() -> None:
    reference = noise(2, 3000)
    stretch = np.concatenate((np.zeros(70, dtype=np.float32), reference, np.zeros(130, dtype=np.float32)))
    pieces = fit_pieces(reference, stretch, FRAME, 200)
    assert pieces.lags.tolist() == [70] * (3000 // FRAME)
    assert pieces.peak == pytest.approx(1, abs=1e-5)


@given(seed=st.integers(3, 10_000))
@settings(max_examples=15, deadline=None)
def test_the_lag_changes_no_more_often_than_allowed_whatever_is_there(seed: int) -> None:
    pieces = fit_pieces(noise(seed, 2000), noise(seed + 1, 2400), FRAME, 400)
    assert np.count_nonzero(np.diff(pieces.lags)) <= MOST_CHANGES
    assert pieces.peak < 0.5


def test_a_change_is_no_further_than_allowed() -> None:
    reference, stretch = noise(4, 20 * FRAME), np.zeros(20 * FRAME + 200, dtype=np.float32)
    stretch[: 10 * FRAME] = reference[: 10 * FRAME]
    stretch[10 * FRAME + 150 : 20 * FRAME + 150] = reference[10 * FRAME :]
    assert np.abs(np.diff(fit_pieces(reference, stretch, FRAME, 100).lags)).max() <= 100
    assert fit_pieces(reference, stretch, FRAME, 150).lags.tolist() == [0] * 10 + [150] * 10


def test_silence_is_like_nothing() -> None:
    assert fit_pieces(noise(5, 2000), np.zeros(2200, dtype=np.float32), FRAME, 200).peak == 0
