"""Times that are written down while they come: a file that only grows, and can be read at any moment.

Its first line is a JSON list of names. After it come rows of two little-endian int64: which of the names, and
a value of it. A row that was cut off at the end is left out by whoever reads it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.signal.growing_wav import write_all

SUFFIX = ".timings"
"""By which such a file is known."""

_VALUE = np.dtype("<i8")
_ROW_BYTES = 2 * _VALUE.itemsize
_LONGEST_FIRST_LINE = 1000

Row = tuple[int, int]


class TimingLog:
    """A file to which rows are appended.

    Parameters
    ----------
    path
        Where the file is; one that is there is emptied.
    names
        What the values are called.

    Raises
    ------
    OSError
        If the file cannot be written.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._file = path.open("wb", buffering=0)
        self._file.write(f"{json.dumps(list(names))}\n".encode())

    def append(self, rows: bytes) -> None:
        """Append rows, as :func:`encode_rows` makes them.

        Raises
        ------
        OSError
            If the disk is full.
        """
        write_all(self._file.fileno(), rows)

    def close(self) -> None:
        """Close the file; calling it again changes nothing."""
        self._file.close()


def encode_rows(rows: Sequence[Row]) -> bytes:
    """Return rows of number of name and value as they are written."""
    return np.asarray(rows, dtype=_VALUE).tobytes()


def read_timing_log(path: Path) -> dict[str, npt.NDArray[np.int64]]:
    """Read the values under each name, in their order.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is no such file.
    """
    with path.open("rb") as file:
        first_line = file.readline(_LONGEST_FIRST_LINE)
        content = file.read()
    names: Any = json.loads(first_line)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in cast(list[Any], names)):
        raise ValueError("its first line is no list of names")
    whole = len(content) // _ROW_BYTES * _ROW_BYTES
    rows = np.frombuffer(content[:whole], dtype=_VALUE).astype(np.int64).reshape(-1, 2)
    return {name: rows[rows[:, 0] == number, 1].copy() for number, name in enumerate(cast(list[str], names))}
