"""Sound files that people bring: read, or refused in one sentence."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.signal.sound_file import read_header, read_sound

pytestmark = pytest.mark.unit

RATE = 8_000
HERE = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tone(seconds: float = 0.5, rate: int = RATE, peak: float = 0.5) -> npt.NDArray[np.float64]:
    return peak * np.sin(2 * np.pi * 300 * np.arange(round(seconds * rate)) / rate)


def encoded(samples: npt.NDArray[Any], rate: int = RATE, kind: str = "WAV", subtype: str = "PCM_16") -> bytes:
    buffer = BytesIO()
    cast(Any, soundfile).write(buffer, samples, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def saved(folder: Path, content: bytes, name: str = "sound") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("kind", "subtype", "tolerance"),
    [
        ("WAV", "PCM_U8", 1e-2),
        ("WAV", "PCM_16", 1e-4),
        ("WAV", "PCM_24", 1e-6),
        ("WAV", "PCM_32", 1e-6),
        ("WAV", "FLOAT", 1e-6),
        ("WAV", "DOUBLE", 1e-6),
        ("WAV", "ULAW", 2e-2),
        ("WAVEX", "PCM_24", 1e-6),
        ("FLAC", "PCM_16", 1e-4),
        ("FLAC", "PCM_24", 1e-6),
        ("OGG", "VORBIS", 0.1),
        ("OGG", "OPUS", 0.1),
        ("AIFF", "PCM_16", 1e-4),
    ],
)
def test_formats_give_the_same_samples(
    tmp_path: Path, kind: str, subtype: str, tolerance: float, channels: int
) -> None:
    sound = tone(rate=48_000)
    path = saved(tmp_path, encoded(np.stack([sound] * channels, axis=1), 48_000, kind, subtype))
    samples, rate = read_sound(path)
    header = read_header(path)
    assert (samples.dtype, rate) == (np.float32, 48_000)
    assert (header.channel_count, header.frame_count, header.duration_seconds) == (channels, 24_000, 0.5)
    whole = slice(0, -960)  # the last 20 ms of a tone that breaks off are not Opus's strength
    np.testing.assert_allclose(samples[whole], sound[whole], atol=tolerance)


@pytest.mark.parametrize("rate", [4_000, 8_000, 44_056, 44_100, 96_000, 192_000, 384_000])
def test_any_rate_is_kept(tmp_path: Path, rate: int) -> None:
    samples, read_rate = read_sound(saved(tmp_path, encoded(tone(0.2, rate), rate)))
    assert (samples.size, read_rate) == (rate // 5, rate)


def test_stereo_becomes_the_mean_of_both_channels(tmp_path: Path) -> None:
    left = tone()
    stereo = np.stack([left, np.zeros_like(left)], axis=1)
    samples, _ = read_sound(saved(tmp_path, encoded(stereo, subtype="FLOAT")))
    np.testing.assert_allclose(samples, left / 2, atol=1e-6)


def test_the_ending_of_the_name_does_not_matter(tmp_path: Path) -> None:
    for name in ("phrase.txt", "phrase.raw", "phrase.ogg", "été 1.WAV"):
        assert read_sound(saved(tmp_path, encoded(tone()), name))[0].size == RATE // 2


def test_a_wav_file_from_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    content = bytearray(encoded(tone()))
    place = content.index(b"data") + 4
    content[4:8] = content[place : place + 4] = b"\xff\xff\xff\xff"
    assert read_sound(saved(tmp_path, bytes(content)))[0].size == RATE // 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty file"),
        (b"Bonjour, je suis un texte.", "cannot be read as sound"),
        (b"RIFF\x24\x00\x00\x00WAVE", "cannot be read as sound"),
        (encoded(np.zeros(0)), "no sound"),
        (encoded(tone(0.05)), "0.050 s"),
        (encoded(tone(60.5)), "60.5 s"),
        (encoded(tone(0.5, 3_000), 3_000), "3000 Hz"),
        (encoded(tone(0.2, 500_000), 500_000), "500000 Hz"),
        (encoded(np.stack([tone()] * 3, axis=1)), "3 channels"),
        (encoded(np.full(RATE, np.nan), subtype="FLOAT"), "no numbers"),
        (encoded(np.full(RATE, np.inf), subtype="FLOAT"), "no numbers"),
        (encoded(np.full(RATE, 1e300), subtype="DOUBLE"), "no numbers"),
        (encoded(tone(2), kind="MAT4", subtype="PCM_16"), "known kind"),
    ],
)
def test_what_is_no_phrase_is_refused_with_its_name(tmp_path: Path, content: bytes, problem: str) -> None:
    path = saved(tmp_path, content)
    with pytest.raises(ConfigurationError, match=problem) as caught:
        read_sound(path)
    assert str(path) in caught.value.message
    assert caught.value.remedy


def test_a_damaged_flac_file_is_refused(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, 4 * RATE)
    content = encoded(noise, kind="FLAC")
    path = saved(tmp_path, content[: len(content) // 2])
    assert read_header(path).duration_seconds == 4
    with pytest.raises(ConfigurationError, match=r"damaged|cannot be read as sound"):
        read_sound(path)


def test_a_flac_file_that_does_not_know_its_length_is_refused(tmp_path: Path) -> None:
    content = bytearray(encoded(tone(), kind="FLAC"))
    content[21] &= 0xF0  # "fLaC", 4 bytes of block header, 13 bytes, then 36 bits of length
    content[22:26] = bytes(4)
    with pytest.raises(ConfigurationError, match="how long"):
        read_header(saved(tmp_path, bytes(content)))


def test_what_is_no_ordinary_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, problem in [
        (tmp_path, "a folder"),
        (tmp_path / "pipe", "no ordinary file"),
        (tmp_path / "none.wav", "No such file"),
        (tmp_path / ("x" * 300), "too long"),
        (Path("a\0b"), "name of a file"),
        (Path("a\ud800b"), "name of a file"),
    ]:
        with pytest.raises(ConfigurationError, match=problem):
            read_header(path)


def expect_samples_or_a_configuration_error(path: Path) -> None:
    try:
        samples, rate = read_sound(path)
    except ConfigurationError:
        return
    assert samples.dtype == np.float32
    assert 0.1 * rate <= samples.size <= 60 * rate
    assert np.isfinite(samples).all()


@given(content=st.binary(max_size=300))
@example(content=b"fLaC" + bytes(100))
@example(content=b"OggS" + bytes(100))
@example(content=b"ID3" + bytes(100))
@example(content=b"FORM" + bytes(4) + b"AIFF" + bytes(100))
@HERE
def test_any_bytes_are_sound_or_a_configuration_error(tmp_path: Path, content: bytes) -> None:
    expect_samples_or_a_configuration_error(saved(tmp_path, content))


VALID = {
    kind: encoded(tone(0.3, 48_000), 48_000, kind, subtype)
    for kind, subtype in [("WAV", "PCM_24"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("AIFF", "PCM_16")]
}


@given(
    kind=st.sampled_from(sorted(VALID)),
    changes=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    kept=st.floats(0, 1),
)
@HERE
def test_a_damaged_file_is_sound_or_a_configuration_error(
    tmp_path: Path, kind: str, changes: list[tuple[int, int]], kept: float
) -> None:
    content = bytearray(VALID[kind])
    for place, value in changes:
        content[place % len(content)] = value
    expect_samples_or_a_configuration_error(saved(tmp_path, bytes(content[: round(kept * len(content))])))
