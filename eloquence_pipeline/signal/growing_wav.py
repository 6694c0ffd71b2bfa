"""A WAV file that grows while it is recorded, and can be read at any moment."""

from __future__ import annotations

import os
import struct
from pathlib import Path

_HEADER = struct.Struct("<4sI4s4sIHHIIHH4sI")
_RIFF_OVERHEAD = 8
_FORMAT_BYTES = 16
_PCM, _MONO, _SAMPLE_BYTES = 1, 1, 2

HEADER_BYTES = _HEADER.size
MOST_DATA_BYTES = (1 << 32) - 1 - (_HEADER.size - _RIFF_OVERHEAD)
"""Lengths in a RIFF file have 32 bits: 12.4 hours of mono 48 kHz 16 bit."""


class GrowingWav:
    """A mono 16-bit WAV file to which samples are appended.

    After each :meth:`append` the header says what is there, so that the file stays readable whatever becomes
    of the process. The header is one write of 44 bytes, made after the samples it speaks of: there is no
    moment at which it promises more than the file holds.

    Parameters
    ----------
    path
        Where the file is; one that is there is emptied.
    sample_rate_hz
        Samples per second.

    Raises
    ------
    OSError
        If the file cannot be written.
    """

    def __init__(self, path: Path, sample_rate_hz: int) -> None:
        self._file = path.open("wb", buffering=0)
        self._rate = sample_rate_hz
        self._data_bytes = 0
        self._file.write(self._header())

    def append(self, samples: bytes) -> None:
        """Append samples, little-endian and of 16 bits.

        Raises
        ------
        OSError
            If the disk is full, or the file would be longer than a WAV file can be; what was there before
            stays readable.
        """
        if self._data_bytes + len(samples) > MOST_DATA_BYTES:
            raise OSError(f"{self._file.name}: a WAV file holds no more than 4 GiB")
        write_all(self._file.fileno(), samples)
        self._data_bytes += len(samples)
        os.pwrite(self._file.fileno(), self._header(), 0)

    def close(self) -> None:
        """Close the file; calling it again changes nothing."""
        self._file.close()

    def _header(self) -> bytes:
        return _HEADER.pack(
            b"RIFF",
            _HEADER.size - _RIFF_OVERHEAD + self._data_bytes,
            b"WAVE",
            b"fmt ",
            _FORMAT_BYTES,
            _PCM,
            _MONO,
            self._rate,
            self._rate * _SAMPLE_BYTES,
            _SAMPLE_BYTES,
            8 * _SAMPLE_BYTES,
            b"data",
            self._data_bytes,
        )


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`; one call of the system may write a part only.

    Raises
    ------
    OSError
        If the disk is full.
    """
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
