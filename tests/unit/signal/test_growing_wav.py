"""A WAV file that grows can be read at any moment, whatever was cut off of it."""

from __future__ import annotations

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.io import wavfile

from eloquence_pipeline.signal import growing_wav
from eloquence_pipeline.signal.growing_wav import HEADER_BYTES, GrowingWav
from eloquence_pipeline.signal.wav import read_wav, wav_sample_count

pytestmark = pytest.mark.unit

RATE = 48_000

blocks = st.lists(st.integers(1, 700), min_size=1, max_size=8)
in_one_folder = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def noise(count: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.random.default_rng(count).integers(-32768, 32768, count, dtype=np.int16)


def growing(path: Path, counts: list[int]) -> tuple[GrowingWav, np.ndarray[tuple[int], np.dtype[np.int16]]]:
    samples = noise(sum(counts))
    file = GrowingWav(path, RATE)
    for block in np.split(samples, np.cumsum(counts)[:-1]):
        file.append(block.tobytes())
    return file, samples


@in_one_folder
@given(counts=blocks)
def test_what_was_appended_is_there_while_the_file_is_still_open(tmp_path: Path, counts: list[int]) -> None:
    file, samples = growing(tmp_path / "growing.wav", counts)
    shutil.copy(tmp_path / "growing.wav", tmp_path / "killed.wav")
    file.close()
    read, rate = read_wav(tmp_path / "killed.wav")
    assert rate == RATE
    assert np.array_equal(read, samples)
    assert wav_sample_count(tmp_path / "killed.wav") == len(samples)


@in_one_folder
@given(counts=blocks, cut_off=st.data())
def test_samples_that_no_header_speaks_of_yet_do_no_harm(
    tmp_path: Path, counts: list[int], cut_off: st.DataObject
) -> None:
    # A process that is killed between the samples and the header leaves any part of the samples behind.
    path = tmp_path / "growing.wav"
    file, samples = growing(path, counts)
    file.close()
    more = noise(701).tobytes()
    with path.open("ab") as end:
        end.write(more[: cut_off.draw(st.integers(0, len(more)))])
    assert np.array_equal(read_wav(path)[0], samples)
    with wave.open(str(path)) as other_reader:
        assert other_reader.readframes(1 << 20) == samples.tobytes()
    assert np.array_equal(wavfile.read(path)[1], samples)


def test_a_file_that_is_longer_than_a_wav_can_be_is_refused_and_stays_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growing_wav, "MOST_DATA_BYTES", 1000)
    file, samples = growing(tmp_path / "long.wav", [480])
    with pytest.raises(OSError, match="no more than 4 GiB"):
        file.append(noise(21).tobytes())
    file.close()
    assert np.array_equal(read_wav(tmp_path / "long.wav")[0], samples)


def test_twelve_hours_fit() -> None:
    assert 12 * 3600 * RATE * 2 < growing_wav.MOST_DATA_BYTES < 1 << 32
    assert HEADER_BYTES == 44
