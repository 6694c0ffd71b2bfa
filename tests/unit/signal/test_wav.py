from __future__ import annotations

import hashlib
import tempfile
import wave
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.signal.wav import (
    map_wav,
    read_stretch,
    read_wav,
    release,
    wav_sample_count,
    write_wav,
)

pytestmark = pytest.mark.unit

RATE = 48_000


def tone(sample_count: int = 4800) -> npt.NDArray[np.int16]:
    return (8000 * np.sin(2 * np.pi * 440 * np.arange(sample_count) / RATE)).astype(np.int16)


def write_any(path: Path, samples: npt.NDArray[Any], **options: Any) -> None:
    cast(Any, soundfile).write(str(path), samples, RATE, **options)


@given(
    samples=arrays(np.int16, st.integers(1, 400)),
    rate=st.sampled_from([8000, 16_000, 22_050, 44_100, 48_000]),
)
def test_every_sample_survives_the_round_trip(samples: npt.NDArray[np.int16], rate: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.wav")
        write_wav(path, samples, rate)
        read, read_rate = read_wav(path)
    assert read_rate == rate
    assert read.dtype == np.int16
    np.testing.assert_array_equal(read, samples)


def test_reference_describes_the_file_that_was_written(tmp_path: Path) -> None:
    reference = write_wav(tmp_path / "clip.wav", tone(), RATE)
    content = (tmp_path / "clip.wav").read_bytes()
    assert reference.name == "clip.wav"
    assert reference.byte_count == len(content)
    assert reference.sha256 == hashlib.sha256(content).hexdigest()


def test_file_is_mono_16_bit_for_other_readers(tmp_path: Path) -> None:
    write_wav(tmp_path / "clip.wav", tone(), RATE)
    with wave.open(str(tmp_path / "clip.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        assert file.getnframes() == 4800


def test_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "clip.wav"
    write_wav(path, tone(), RATE)
    before = path.read_bytes()

    def fail(name: str, *_: object, **__: object) -> None:
        Path(name).write_bytes(b"half a file")
        raise OSError("disk full")

    monkeypatch.setattr(soundfile, "write", fail)
    with pytest.raises(OSError, match="disk full"):
        write_wav(path, tone(), RATE)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["clip.wav"]


@pytest.mark.parametrize(
    "samples", [np.zeros((10, 2), np.int16), np.zeros(10, np.float32)], ids=["stereo", "float"]
)
def test_what_is_not_mono_16_bit_is_not_written(tmp_path: Path, samples: Any) -> None:
    with pytest.raises(ValueError, match="int16"):
        write_wav(tmp_path / "clip.wav", samples, RATE)


@pytest.mark.parametrize("kept", [4, 20, 44, 45, 500, 9643], ids=lambda kept: f"{kept} bytes left")
def test_truncated_file_is_an_error_not_a_shorter_clip(tmp_path: Path, kept: int) -> None:
    path = tmp_path / "clip.wav"
    write_wav(path, tone(), RATE)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(MeasurementError, match=r"truncated|no WAV") as caught:
        read_wav(path)
    assert caught.value.remedy


def test_empty_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "clip.wav").touch()
    with pytest.raises(MeasurementError, match="empty file"):
        read_wav(tmp_path / "clip.wav")


def test_file_without_samples_is_an_error(tmp_path: Path) -> None:
    write_any(tmp_path / "clip.wav", np.zeros(0, np.int16), subtype="PCM_16")
    with pytest.raises(MeasurementError, match="no samples"):
        read_wav(tmp_path / "clip.wav")


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="cannot be read"):
        read_wav(tmp_path / "clip.wav")


def test_something_else_is_no_wav_file(tmp_path: Path) -> None:
    (tmp_path / "clip.wav").write_bytes(b"<html>404 Not Found, or some other text</html>")
    with pytest.raises(MeasurementError, match="no WAV"):
        read_wav(tmp_path / "clip.wav")


def test_garbage_behind_a_wav_header_is_an_error(tmp_path: Path) -> None:
    garbage = b"\xff" * 100
    (tmp_path / "clip.wav").write_bytes(
        b"RIFF" + (len(garbage) + 4).to_bytes(4, "little") + b"WAVE" + garbage
    )
    with pytest.raises(MeasurementError):
        read_wav(tmp_path / "clip.wav")


def test_stereo_is_refused(tmp_path: Path) -> None:
    write_any(tmp_path / "clip.wav", np.zeros((100, 2), np.int16), subtype="PCM_16")
    with pytest.raises(MeasurementError, match="2 channels"):
        read_wav(tmp_path / "clip.wav")


def test_other_sample_formats_are_refused(tmp_path: Path) -> None:
    write_any(tmp_path / "clip.wav", np.zeros(100, np.float32), subtype="FLOAT")
    with pytest.raises(MeasurementError, match="FLOAT"):
        read_wav(tmp_path / "clip.wav")


def test_a_stretch_is_read_without_the_rest(tmp_path: Path) -> None:
    write_wav(tmp_path / "clip.wav", tone(), RATE)
    assert np.array_equal(read_stretch(tmp_path / "clip.wav", 100, 50), tone()[100:150])


def test_a_stretch_beyond_the_ends_is_silent_there_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "clip.wav"
    write_wav(path, tone(), RATE)
    padded = read_stretch(path, -10, 4820, pad=True)
    assert np.array_equal(padded, np.concatenate((np.zeros(10), tone(), np.zeros(10))))
    assert np.array_equal(read_stretch(path, 9000, 7, pad=True), np.zeros(7))
    assert np.array_equal(read_stretch(path, -9, 7, pad=True), np.zeros(7))
    with pytest.raises(MeasurementError, match="holds 4800 samples, not those from 4790 to 4801"):
        read_stretch(path, 4790, 11)


def test_a_stretch_of_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match="cannot be read as audio"):
        read_stretch(tmp_path / "missing.wav", 0, 1)


@given(samples=arrays(np.int16, st.integers(1, 400)))
def test_a_mapped_file_has_the_samples_of_a_read_one_also_after_it_was_let_go_of(
    samples: npt.NDArray[np.int16],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "clip.wav")
        write_wav(path, samples, 16_000)
        mapped, rate = map_wav(path)
        assert (rate, mapped.dtype, wav_sample_count(path)) == (16_000, np.int16, len(samples))
        for _ in range(2):
            np.testing.assert_array_equal(mapped, samples)
            release(mapped[1:])
    release(samples)


def test_chunks_before_the_samples_are_passed_over(tmp_path: Path) -> None:
    write_any(tmp_path / "plain.wav", tone(), subtype="PCM_16")
    content = (tmp_path / "plain.wav").read_bytes()
    extra = b"LIST" + (5).to_bytes(4, "little") + b"abcde\0"
    size = (len(content) - 8 + len(extra)).to_bytes(4, "little")
    (tmp_path / "more.wav").write_bytes(b"RIFF" + size + b"WAVE" + extra + content[12:])
    np.testing.assert_array_equal(map_wav(tmp_path / "more.wav")[0], tone())


@pytest.mark.parametrize("content", [b"", b"RIFF", b"no sound at all, but long enough for a header"])
def test_what_cannot_be_read_cannot_be_mapped(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(MeasurementError, match=r"bad\.wav"):
        map_wav(tmp_path / "bad.wav")


def test_a_file_without_samples_cannot_be_mapped(tmp_path: Path) -> None:
    write_any(tmp_path / "empty.wav", tone(0), subtype="PCM_16")
    with pytest.raises(MeasurementError, match="holds no samples"):
        map_wav(tmp_path / "empty.wav")
