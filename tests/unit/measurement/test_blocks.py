"""A signal that is computed block by block is the one that is computed in one piece, to the last bit."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, resample_poly, sosfilt

from eloquence_pipeline.measurement import blocks
from eloquence_pipeline.measurement.blocks import decimated, filtered

pytestmark = pytest.mark.unit

SECTIONS = butter(4, (100.0, 2000.0), btype="band", fs=8000, output="sos").astype(np.float32)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK_SAMPLES", 64)


def noise(count: int) -> Any:
    return np.random.default_rng(count).integers(-32768, 32768, count, dtype=np.int16)


@settings(deadline=None)
@given(st.integers(1, 6000), st.sampled_from((1, 2, 5, 6)), st.data())
def test_every_stretch_is_that_of_the_whole(count: int, step: int, data: st.DataObject) -> None:
    samples = noise(count)
    whole = cast(Any, resample_poly)(samples.astype(np.float32), 1, step)
    voice = cast(Any, sosfilt)(SECTIONS, whole)
    coarse = decimated(samples, step)
    assert len(coarse) == len(whole)
    heard = filtered(coarse, SECTIONS)
    assert len(heard) == len(voice)
    for _ in range(5):
        # In any order, so that blocks are thrown away and made again.
        first = data.draw(st.integers(0, len(whole)))
        last = data.draw(st.integers(first, len(whole)))
        assert np.array_equal(coarse[first:last], whole[first:last])
        assert np.array_equal(heard[first:last], voice[first:last])


def test_nothing_has_no_samples() -> None:
    empty = decimated(np.zeros(0, dtype=np.int16), 6)
    assert len(empty) == 0
    assert len(filtered(empty, SECTIONS)[0:0]) == 0


def test_only_some_blocks_stay_in_memory() -> None:
    signal = decimated(noise(6 * 64 * 40), 6)
    for first in range(0, len(signal), 64):
        assert len(signal[first : first + 64]) == 64
    assert len(signal._blocks) <= 16  # pyright: ignore[reportPrivateUsage]
