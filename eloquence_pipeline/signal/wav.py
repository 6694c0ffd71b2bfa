"""WAV files: mono, 16 bit, written whole or not at all."""

from __future__ import annotations

import struct
from mmap import MADV_DONTNEED, mmap
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
import soundfile

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.files import atomic_path, file_reference
from eloquence_pipeline.models import FileReference

Int16Samples = npt.NDArray[np.int16]

_RIFF_HEADER = struct.Struct("<4sI4s")
_CHUNK_HEADER = struct.Struct("<4sI")
_RIFF_OVERHEAD = 8
_REMEDY = "record or synthesise the file again; audio of the pipeline is mono 16-bit WAV"


def write_wav(path: Path, samples: Int16Samples, sample_rate_hz: int) -> FileReference:
    """Write a mono 16-bit WAV file in one step, so that no reader ever sees a part of it.

    Parameters
    ----------
    path
        Where the file is to appear; its folder exists.
    samples
        int16, shape (n,).
    sample_rate_hz
        Samples per second.

    Returns
    -------
    FileReference
        Name without folder, SHA-256 and size in bytes.

    Raises
    ------
    ValueError
        If the samples are not int16 of one dimension, or the rate is not positive.
    OSError
        If the folder cannot be written.
    """
    if samples.ndim != 1 or samples.dtype != np.int16:
        raise ValueError(f"samples must be int16 of shape (n,), not {samples.dtype} of {samples.shape}")
    if sample_rate_hz <= 0:
        raise ValueError(f"the sample rate must be positive, not {sample_rate_hz} Hz")
    with atomic_path(path) as temporary:
        cast(Any, soundfile).write(str(temporary), samples, sample_rate_hz, format="WAV", subtype="PCM_16")
        return file_reference(temporary, path.name)


def read_wav(path: Path) -> tuple[Int16Samples, int]:
    """Read a mono 16-bit WAV file.

    Parameters
    ----------
    path
        The file.

    Returns
    -------
    samples
        int16, shape (n,), n > 0.
    sample_rate_hz
        Samples per second.

    Raises
    ------
    MeasurementError
        If the file is missing, no WAV, truncated, empty, or not mono 16-bit.
    """
    _require_whole(path)
    try:
        with cast(Any, soundfile).SoundFile(str(path)) as file:
            _require_mono_16_bit(path, str(file.format), str(file.subtype), int(file.channels))
            samples = np.asarray(file.read(dtype="int16"), dtype=np.int16)
            sample_rate_hz = int(file.samplerate)
    except soundfile.LibsndfileError as error:
        raise MeasurementError(
            f"{path} cannot be read as audio: {error.error_string}", remedy=_REMEDY
        ) from None
    if samples.size == 0:
        raise MeasurementError(f"{path} holds no samples", remedy=_REMEDY)
    return samples, sample_rate_hz


def map_wav(path: Path) -> tuple[Int16Samples, int]:
    """Map a mono 16-bit WAV file into memory: what is looked at is read from disk, and the rest never.

    Parameters
    ----------
    path
        The file; it must not become shorter while the samples are used.

    Returns
    -------
    samples
        int16, shape (n,), n > 0, read-only.
    sample_rate_hz
        Samples per second.

    Raises
    ------
    MeasurementError
        As :func:`read_wav` does.
    """
    count = wav_sample_count(path)
    if not count:
        raise MeasurementError(f"{path} holds no samples", remedy=_REMEDY)
    with path.open("rb") as file:
        offset, rate = _data_place(file, path)
    return np.asarray(np.memmap(path, dtype="<i2", mode="r", offset=offset, shape=(count,))), rate


def _data_place(file: BinaryIO, path: Path) -> tuple[int, int]:
    """Return where the samples begin, and their rate; the file is known to be a whole WAV file."""
    file.seek(_RIFF_HEADER.size)
    rate = 0
    while len(header := file.read(_CHUNK_HEADER.size)) == _CHUNK_HEADER.size:
        name, length = cast(tuple[bytes, int], _CHUNK_HEADER.unpack(header))
        if name == b"data":
            return file.tell(), rate
        begin = file.tell()
        if name == b"fmt ":
            rate = int.from_bytes(file.read(8)[4:], "little")
        file.seek(begin + length + length % 2)
    raise MeasurementError(f"{path} cannot be read as audio: it has no samples", remedy=_REMEDY)


def release(samples: npt.NDArray[Any]) -> None:
    """Let go of the memory of samples that :func:`map_wav` gave; they are read again where they are needed.

    Whoever goes through hours of sound calls this now and then. For other arrays it does nothing.
    """
    base: Any = samples
    while isinstance(base, np.ndarray):
        base = cast(Any, base).base
    if isinstance(base, mmap) and hasattr(mmap, "madvise"):
        base.madvise(MADV_DONTNEED)


def wav_sample_count(path: Path) -> int:
    """Return how many samples a mono 16-bit WAV file holds by its header, without reading them.

    Raises
    ------
    MeasurementError
        If the file is missing, no WAV, truncated, or not mono 16-bit.
    """
    _require_whole(path)
    try:
        with cast(Any, soundfile).SoundFile(str(path)) as file:
            _require_mono_16_bit(path, str(file.format), str(file.subtype), int(file.channels))
            return int(file.frames)
    except soundfile.LibsndfileError as error:
        raise MeasurementError(
            f"{path} cannot be read as audio: {error.error_string}", remedy=_REMEDY
        ) from None


def read_stretch(path: Path, first: int, count: int, *, pad: bool = False) -> Int16Samples:
    """Read a part of a mono 16-bit WAV or FLAC file, without reading the rest.

    Parameters
    ----------
    path
        A file that :func:`write_wav` has written, or the FLAC file in its place.
    first, count
        First sample, and how many.
    pad
        Put silence where the stretch goes beyond an end of the file, instead of refusing it.

    Returns
    -------
    ndarray
        int16, shape (count,).

    Raises
    ------
    MeasurementError
        If the file cannot be read as mono 16-bit audio, or the stretch is not in it and `pad` is not set.
    """
    try:
        with cast(Any, soundfile).SoundFile(str(path)) as file:
            container = "WAV" if file.format == "FLAC" else str(file.format)
            _require_mono_16_bit(path, container, str(file.subtype), int(file.channels))
            length = int(file.frames)
            start, end = min(max(first, 0), length), min(max(first + count, 0), length)
            file.seek(start)
            samples = np.asarray(file.read(end - start, dtype="int16"), dtype=np.int16)
    except soundfile.LibsndfileError as error:
        raise MeasurementError(
            f"{path} cannot be read as audio: {error.error_string}", remedy=_REMEDY
        ) from None
    if len(samples) < count and not pad:
        raise MeasurementError(
            f"{path} holds {length} samples, not those from {first} to {first + count}", remedy=_REMEDY
        )
    before = min(max(-first, 0), count)
    return np.pad(samples, (before, count - before - len(samples)))


def _require_whole(path: Path) -> None:
    # libsndfile silently shortens a truncated file, so its length is compared with its own header.
    try:
        byte_count = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(_RIFF_HEADER.size)
    except OSError as error:
        raise MeasurementError(f"{path} cannot be read: {error.strerror}", remedy=_REMEDY) from None
    if byte_count == 0:
        raise MeasurementError(f"{path} is an empty file", remedy=_REMEDY)
    if len(header) < _RIFF_HEADER.size:
        raise MeasurementError(f"{path} is no WAV file", remedy=_REMEDY)
    magic, riff_bytes, kind = cast(tuple[bytes, int, bytes], _RIFF_HEADER.unpack(header))
    if magic != b"RIFF" or kind != b"WAVE":
        raise MeasurementError(f"{path} is no WAV file", remedy=_REMEDY)
    if byte_count < riff_bytes + _RIFF_OVERHEAD:
        raise MeasurementError(
            f"{path} is truncated: {byte_count} of {riff_bytes + _RIFF_OVERHEAD} bytes are there",
            remedy=_REMEDY,
        )


def _require_mono_16_bit(path: Path, container: str, subtype: str, channels: int) -> None:
    if channels != 1:
        raise MeasurementError(f"{path} has {channels} channels instead of one", remedy=_REMEDY)
    if subtype != "PCM_16" or not container.startswith("WAV"):
        raise MeasurementError(f"{path} is {container} {subtype} instead of 16-bit WAV", remedy=_REMEDY)
