from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from eloquence_pipeline.errors import SynthesisError
from eloquence_pipeline.speech.conversion import SAMPLE_RATE_HZ, clip_samples, trimmed

pytestmark = pytest.mark.unit

RATE = 22_050


def spoken(lead: int, tail: int, *, peak: int = 12_000, count: int = RATE // 2) -> npt.NDArray[np.int16]:
    voice = peak * np.sin(2 * np.pi * 300 * np.arange(count) / RATE + 0.5)
    return np.concatenate([np.zeros(lead), voice, np.zeros(tail)]).astype(np.int16)


@pytest.mark.parametrize("peak", [300, 12_000, 32_000])
def test_silence_is_cut_to_20_ms_at_both_ends_whatever_the_volume(peak: int) -> None:
    result = trimmed(spoken(lead=2000, tail=8577, peak=peak), RATE)
    assert result.size == RATE // 2 + 2 * 441
    assert not result[:441].any()
    assert result[441] != 0


def test_no_silence_is_added() -> None:
    samples = spoken(lead=100, tail=0)
    np.testing.assert_array_equal(trimmed(samples, RATE), samples)


def test_clip_is_as_long_at_the_new_rate() -> None:
    clip = clip_samples(spoken(lead=441, tail=441), RATE)
    assert clip.dtype == np.int16
    assert clip.size / SAMPLE_RATE_HZ == pytest.approx(0.54, abs=1e-4)


def test_level_is_kept() -> None:
    clip = clip_samples(spoken(lead=441, tail=441), RATE)
    assert np.max(np.abs(clip[4800:-4800])) == pytest.approx(12_000, rel=0.002)


def test_overshoot_is_scaled_down_instead_of_clipped() -> None:
    square = np.where(np.arange(RATE) // 50 % 2, 32_767, -32_768).astype(np.int16)
    clip = clip_samples(square, RATE)
    loudness = np.abs(clip.astype(int))
    assert loudness.max() == pytest.approx(0.98 * 32_768, abs=1)
    assert np.count_nonzero(loudness == loudness.max()) < 20  # 440 peaks, no plateaus


@pytest.mark.parametrize("count", [0, 1, 8577])
def test_silence_is_no_speech(count: int) -> None:
    with pytest.raises(SynthesisError, match="silence"):
        clip_samples(np.zeros(count, np.int16), RATE)
