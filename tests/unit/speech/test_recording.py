"""A recording becomes a clip that can be transmitted and found again."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.measurement.scenario import analyse
from eloquence_pipeline.settings import ThresholdSettings
from eloquence_pipeline.signal.resampling import resample, simple_rates
from eloquence_pipeline.speech.recording import recorded_clip, recording_sha256
from tests.simulated import Simulation, babble, run_info

pytestmark = pytest.mark.unit

RATE = 48_000
MARGIN = 960
RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_056, 44_100, 88_200, 96_000, 192_000]


def voice(rate: int, seconds: float = 1.2) -> npt.NDArray[np.float64]:
    """Return something like speech, float64 of shape (seconds × rate,), peak 0.4."""
    wide = babble(3, seconds).astype(np.float64)
    sound = (
        resample(wide, RATE, rate) if rate <= RATE else resample(wide, RATE, RATE * 4)[:: RATE * 4 // rate]
    )
    return 0.4 * sound / np.abs(sound).max()


def saved(path: Path, samples: npt.NDArray[Any], rate: int, subtype: str | None = "PCM_16") -> Path:
    cast(Any, soundfile).write(str(path), samples, rate, subtype=subtype)
    return path


def peak(samples: npt.NDArray[np.int16]) -> float:
    return float(np.abs(samples.astype(float)).max()) / 32_768


@pytest.mark.parametrize("rate", RATES)
def test_any_rate_becomes_48_khz_at_the_same_pitch_and_level(tmp_path: Path, rate: int) -> None:
    tone = 0.4 * np.sin(2 * np.pi * 1000 * np.arange(rate) / rate)
    clip = recorded_clip(saved(tmp_path / "a.wav", tone, rate))
    assert clip.dtype == np.int16
    assert clip.size == pytest.approx(RATE, abs=2)
    middle = clip[4800:-4800].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(middle.size)))
    assert np.argmax(spectrum) * RATE / middle.size == pytest.approx(1000, abs=2)
    assert peak(clip[4800:-4800]) == pytest.approx(0.4, rel=0.01)


@given(st.integers(4_000, 384_000))
def test_odd_rates_become_simple_ones_that_are_right_to_125_millionths(rate: int) -> None:
    from_hz, to_hz = simple_rates(rate, 48_000)
    assert 0 < min(from_hz, to_hz) <= max(from_hz, to_hz) <= 8_000
    assert from_hz / to_hz == pytest.approx(rate / RATE, rel=125e-6)


@pytest.mark.parametrize("rate", RATES)
def test_usual_rates_are_exact(rate: int) -> None:
    from_hz, to_hz = simple_rates(rate, 48_000)
    assert from_hz * RATE == to_hz * rate


def test_the_same_recording_gives_the_same_samples_each_time(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.ogg", np.stack([voice(44_100)] * 2, axis=1), 44_100, "VORBIS")
    np.testing.assert_array_equal(recorded_clip(path), recorded_clip(path))
    assert recording_sha256(path) == recording_sha256(path)


@pytest.mark.parametrize("offset", [0.0, 0.05, -0.3])
def test_silence_at_both_ends_is_cut_also_where_it_has_an_offset(tmp_path: Path, offset: float) -> None:
    sound = np.concatenate([np.zeros(RATE), voice(RATE), np.zeros(RATE)]) + offset
    clip = recorded_clip(saved(tmp_path / "a.wav", sound, RATE, "PCM_24"))
    assert abs(clip.size - 1.2 * RATE - 2 * MARGIN) < RATE // 10
    assert abs(float(clip.mean())) < 30
    assert not clip[:100].any()


def test_noise_before_the_voice_stays(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).normal(0, 0.01, RATE)
    clip = recorded_clip(saved(tmp_path / "a.flac", np.concatenate([noise, voice(RATE)]), RATE))
    assert clip.size == pytest.approx(2.2 * RATE, abs=100)


def test_a_clean_recording_is_not_changed(tmp_path: Path) -> None:
    sound = np.round(voice(RATE) * 32_768).astype(np.int16)
    np.testing.assert_array_equal(recorded_clip(saved(tmp_path / "a.wav", sound, RATE)), sound)


@pytest.mark.parametrize("gain", [3.0, 100.0, 1e30])
def test_what_exceeds_full_scale_is_scaled_down(tmp_path: Path, gain: float) -> None:
    clip = recorded_clip(saved(tmp_path / "a.wav", voice(44_100) * gain, 44_100, "FLOAT"))
    assert peak(clip) == pytest.approx(0.98, abs=0.02)
    assert peak(clip) <= 0.98 + 1 / 32_768


def test_a_clipped_recording_does_not_wrap_around(tmp_path: Path) -> None:
    clip = recorded_clip(saved(tmp_path / "a.wav", np.clip(voice(44_100) * 5, -1, 1), 44_100))
    assert peak(clip) == pytest.approx(0.98, abs=1e-4)


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(RATE),
        np.full(RATE, 0.5),
        np.random.default_rng(1).normal(0, 0.0003, RATE),
        np.concatenate([np.zeros(RATE), np.full(50, 0.5), np.zeros(RATE)]),
        np.stack([voice(RATE), -voice(RATE)], axis=1),
    ],
    ids=["silence", "offset alone", "hiss", "click", "channels that cancel out"],
)
def test_what_cannot_be_heard_is_refused(tmp_path: Path, sound: npt.NDArray[np.float64]) -> None:
    path = saved(tmp_path / "a.wav", sound, RATE)
    with pytest.raises(ConfigurationError, match="nothing that can be heard") as caught:
        recorded_clip(path)
    assert str(path) in caught.value.message
    assert "louder" in caught.value.remedy


@pytest.mark.parametrize(("rate", "channels", "name"), [(44_100, 2, "a.ogg"), (8_000, 1, "a.wav")])
def test_a_recording_is_found_within_one_sample(tmp_path: Path, rate: int, channels: int, name: str) -> None:
    sound = np.stack([voice(rate)] * channels, axis=1)
    clip = recorded_clip(saved(tmp_path / name, sound, rate, None))
    clip = np.pad(clip, (0, 1200))[: round(1.2 * RATE)]
    delays = [1500, 9_001, 40_000]
    transmission = Simulation(list(delays), clip=clip, noise=50).write(tmp_path)
    result = analyse(transmission, tmp_path, run_info(), (), ThresholdSettings())
    for phrase, delay in zip(result.phrases, delays, strict=True):
        assert phrase.one_way_delay_ms is not None
        assert abs(phrase.one_way_delay_ms + 0.1 - delay / RATE * 1000) < 1000 / RATE
