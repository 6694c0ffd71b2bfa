"""Sound files that people bring: any format, rate and sample type, mono or stereo.

What the pipeline writes itself is read by :mod:`~eloquence_pipeline.signal.wav`, which accepts nothing else.
"""

from __future__ import annotations

import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt
import soundfile

from eloquence_pipeline.errors import ConfigurationError

Float32Samples = npt.NDArray[np.float32]

SHORTEST_SECONDS = 0.1
LONGEST_SECONDS = 60.0
LOWEST_RATE_HZ, HIGHEST_RATE_HZ = 4_000, 384_000

# libsndfile takes some files that are no sound at all for one of its rarer formats.
_FORMATS = {"WAV", "WAVEX", "RF64", "W64", "FLAC", "OGG", "AIFF", "AU", "CAF", "MP3"}
_MOST_CHANNELS = 2
_BLOCK_FRAMES = 65_536
_MISSING_AT_MOST_SECONDS = 0.1
"""By how much the length in a header may be too long; that of an MP3 is an estimate."""

_REMEDY = (
    f"give a WAV, FLAC or OGG file, mono or stereo, of {SHORTEST_SECONDS:g} to {LONGEST_SECONDS:g} s; "
    "another can be converted: ffmpeg -i FILE -ac 1 phrase.wav"
)
# What soundfile raises for files that it cannot make sense of; its LibsndfileError is a RuntimeError.
_UNREADABLE = (RuntimeError, ValueError, TypeError, AssertionError, OverflowError, MemoryError)


class SoundHeader(NamedTuple):
    """What a sound file says about itself."""

    sample_rate_hz: int
    channel_count: int
    frame_count: int
    """Samples of one channel."""

    @property
    def duration_seconds(self) -> float:
        """Length of the sound."""
        return self.frame_count / self.sample_rate_hz


def read_header(path: Path) -> SoundHeader:
    """Read how long a sound file is, and at what rate, without decoding it.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    ConfigurationError
        If it is missing, no sound, empty, shorter than 0.1 s or longer than 60 s, has more than two channels,
        or a rate outside 4,000 to 384,000 Hz.
    """
    with _opened(path) as file:
        return _checked_header(path, file)


def read_sound(path: Path) -> tuple[Float32Samples, int]:
    """Read a sound file as one channel, the mean of its channels.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    samples
        float32, shape (n,), all finite; full scale is 1, which files of floats may exceed.
    sample_rate_hz
        Samples per second, as in the file.

    Raises
    ------
    ConfigurationError
        As :func:`read_header`, and if the file is damaged or holds values that are no numbers.
    """
    with _opened(path) as file:
        header = _checked_header(path, file)
        samples = _mono(path, file)
    missing_seconds = header.duration_seconds - samples.size / header.sample_rate_hz
    if missing_seconds > _MISSING_AT_MOST_SECONDS:
        raise ConfigurationError(
            f"{path} is damaged: it breaks off {missing_seconds:.1f} s before its end", remedy=_REMEDY
        )
    _check_length(path, samples.size, header.sample_rate_hz)
    return samples, header.sample_rate_hz


@contextmanager
def _opened(path: Path) -> Generator[Any]:
    _require_file(path)
    try:
        # By its descriptor: by its name, libsndfile would go by the ending where the content says nothing.
        with (
            path.open("rb") as content,
            cast(Any, soundfile).SoundFile(content.fileno(), closefd=False) as file,
        ):
            yield file
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror or error}", remedy=_REMEDY
        ) from None
    except _UNREADABLE as error:
        reason = getattr(error, "error_string", None) or error
        raise ConfigurationError(f"{path} cannot be read as sound: {reason}", remedy=_REMEDY) from None


def _require_file(path: Path) -> None:
    # Before it is opened: opening a pipe waits for somebody to write.
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", remedy=_REMEDY) from None
    except ValueError:
        raise ConfigurationError(f"{str(path)!r} cannot be the name of a file", remedy=_REMEDY) from None
    if stat.S_ISDIR(status.st_mode):
        raise ConfigurationError(f"{path} is a folder", remedy=_REMEDY)
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"{path} is no ordinary file", remedy=_REMEDY)
    if status.st_size == 0:
        raise ConfigurationError(f"{path} is an empty file", remedy=_REMEDY)


def _checked_header(path: Path, file: Any) -> SoundHeader:
    header = SoundHeader(int(file.samplerate), int(file.channels), int(file.frames))
    if file.format not in _FORMATS:
        raise ConfigurationError(f"{path} is no sound file of a known kind", remedy=_REMEDY)
    if not LOWEST_RATE_HZ <= header.sample_rate_hz <= HIGHEST_RATE_HZ:
        raise ConfigurationError(
            f"{path} has a sample rate of {header.sample_rate_hz} Hz, "
            f"not one of {LOWEST_RATE_HZ} to {HIGHEST_RATE_HZ} Hz",
            remedy=_REMEDY,
        )
    if header.channel_count > _MOST_CHANNELS:
        raise ConfigurationError(f"{path} has {header.channel_count} channels", remedy=_REMEDY)
    # A FLAC file that was written to a pipe: libsndfile gives the largest number, and cannot read to its end.
    if header.frame_count == np.iinfo(np.int64).max:
        raise ConfigurationError(f"{path} does not say how long it is", remedy=_REMEDY)
    _check_length(path, header.frame_count, header.sample_rate_hz)
    return header


def _check_length(path: Path, frame_count: int, sample_rate_hz: int) -> None:
    seconds = frame_count / sample_rate_hz
    if frame_count <= 0:
        raise ConfigurationError(f"{path} holds no sound, or breaks off before its end", remedy=_REMEDY)
    if seconds < SHORTEST_SECONDS:
        raise ConfigurationError(f"{path} lasts {seconds:.3f} s, which is no phrase", remedy=_REMEDY)
    if seconds > LONGEST_SECONDS:
        raise ConfigurationError(
            f"{path} lasts {seconds:.1f} s, a phrase at most {LONGEST_SECONDS:g} s", remedy=_REMEDY
        )


def _mono(path: Path, file: Any) -> Float32Samples:
    mono: list[Float32Samples] = [np.zeros(0, dtype=np.float32)]
    while len(block := file.read(_BLOCK_FRAMES, dtype="float32", always_2d=True)):
        if not np.isfinite(block).all():
            raise ConfigurationError(
                f"{path} is damaged: it holds samples that are no numbers", remedy=_REMEDY
            )
        mono.append(block.mean(axis=1, dtype=np.float64).astype(np.float32))
    return np.concatenate(mono)
