from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eloquence_pipeline.signal.resampling import resample, to_float, to_int16

pytestmark = pytest.mark.unit

PAIRS = [(22_050, 48_000), (48_000, 16_000), (16_000, 48_000), (44_100, 48_000)]


def tone(frequency_hz: float, rate_hz: int, seconds: float = 0.5) -> npt.NDArray[np.float64]:
    return np.sin(2 * np.pi * frequency_hz * np.arange(round(rate_hz * seconds)) / rate_hz)


def phasor(samples: npt.NDArray[Any], frequency_hz: float, rate_hz: int) -> complex:
    """Complex amplitude at one frequency, without the ends, where the filter runs in and out."""
    instants = np.arange(samples.size) / rate_hz
    middle = slice(samples.size // 5, -samples.size // 5)
    window = np.blackman(samples[middle].size)
    turned = samples[middle] * np.exp(-2j * np.pi * frequency_hz * instants[middle])
    return complex(2j * np.sum(turned * window) / window.sum())


def decibel(amplitude: float) -> float:
    return float(20 * np.log10(amplitude))


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
@pytest.mark.parametrize("part", [0.02, 0.5, 0.8, 0.9])
def test_tone_keeps_amplitude_and_phase(from_hz: int, to_hz: int, part: float) -> None:
    frequency_hz = part * min(from_hz, to_hz) / 2
    result = phasor(resample(tone(frequency_hz, from_hz), from_hz, to_hz), frequency_hz, to_hz)
    assert decibel(abs(result)) == pytest.approx(0, abs=0.002)
    assert np.angle(result) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("part", [1.005, 1.05, 1.5, 2.5])
def test_what_would_alias_is_removed(part: float) -> None:
    result = resample(tone(part * 8000, 48_000), 48_000, 16_000)
    middle = result[result.size // 5 : -result.size // 5]
    assert decibel(float(np.sqrt(2 * np.mean(middle**2)))) < -90


def test_no_image_appears_above_the_old_band() -> None:
    frequency_hz = 0.9 * 11_025
    result = resample(tone(frequency_hz, 22_050), 22_050, 48_000)
    assert decibel(abs(phasor(result, 22_050 - frequency_hz, 48_000))) < -90


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_an_impulse_stays_at_its_instant(from_hz: int, to_hz: int) -> None:
    impulse = np.zeros(4410)
    impulse[2205] = 1.0
    result = resample(impulse, from_hz, to_hz)
    assert np.argmax(np.abs(result)) / to_hz == pytest.approx(2205 / from_hz, abs=0.5 / to_hz)


@given(count=st.integers(1, 500), pair=st.sampled_from(PAIRS))
def test_length_is_that_of_the_same_time(count: int, pair: tuple[int, int]) -> None:
    from_hz, to_hz = pair
    assert resample(np.zeros(count), from_hz, to_hz).shape == (-(-count * to_hz // from_hz),)


def test_float32_stays_float32_and_agrees_with_float64() -> None:
    samples = tone(1000, 22_050)
    single = resample(samples.astype(np.float32), 22_050, 48_000)
    assert single.dtype == np.float32
    assert np.max(np.abs(single - resample(samples, 22_050, 48_000))) < 2e-6


def test_equal_rates_change_nothing() -> None:
    samples = tone(1000, 16_000)
    assert resample(samples, 16_000, 16_000) is samples


@pytest.mark.parametrize(("from_hz", "to_hz"), [(0, 48_000), (48_000, -1)])
def test_rates_must_be_positive(from_hz: int, to_hz: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        resample(np.zeros(10), from_hz, to_hz)


@pytest.mark.parametrize("samples", [np.zeros(10, np.int16), np.zeros((10, 2))], ids=["int16", "stereo"])
def test_only_mono_floats_are_resampled(samples: Any) -> None:
    with pytest.raises(ValueError, match="floats of shape"):
        resample(samples, 48_000, 16_000)


@given(arrays(np.int16, st.integers(0, 300)))
def test_16_bit_samples_survive_the_way_through_floats(samples: npt.NDArray[np.int16]) -> None:
    np.testing.assert_array_equal(to_int16(to_float(samples)), samples)


def test_rounding_is_to_the_nearest_step_and_overshoot_is_clipped() -> None:
    steps = np.array([0.4, 0.6, -0.4, -0.6]) / 32_768
    np.testing.assert_array_equal(to_int16(steps), [0, 1, 0, -1])
    np.testing.assert_array_equal(
        to_int16(np.array([1.0, 1.5, -1.0, -1.5])), [32_767, 32_767, -32_768, -32_768]
    )


def test_full_scale_square_wave_does_not_wrap_around() -> None:
    square = np.where(np.arange(2205) // 50 % 2, 32_767, -32_768).astype(np.int16)
    result = to_int16(resample(to_float(square), 22_050, 48_000))
    middle_of_half_periods = result[np.arange(2, 40) * 50 * 48_000 // 22_050 + 50]
    assert np.all(np.abs(np.diff(middle_of_half_periods.astype(int))) > 50_000)
