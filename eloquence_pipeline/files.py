"""Files that are either whole or not there, and their checksums."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.models import FileReference


@contextmanager
def atomic_path(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path` that takes its place when the block ends well.

    Readers in other processes see the old file or the new one, never a part. When the block
    raises, the temporary file is removed and `path` is left as it was.

    Parameters
    ----------
    path
        Where the file is to appear; its folder exists.

    Yields
    ------
    Path
        A hidden path in the same folder, not yet there.

    Raises
    ------
    OSError
        If the file cannot be moved into place.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` so that `path` holds all of it or is left as it was.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def sha256_of_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes as 64 lower-case hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_reference(path: Path, name: str = "") -> FileReference:
    """Describe a file by name, SHA-256 and size.

    Parameters
    ----------
    path
        The file.
    name
        How it is called within its run; its own name when empty.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    return FileReference(name=name or path.name, sha256=sha256_of_file(path), byte_count=path.stat().st_size)


def write_bytes(path: Path, content: bytes) -> FileReference:
    """Write `content` atomically and describe the file."""
    write_atomically(path, content)
    return file_reference(path)


def write_npz(path: Path, **arrays: npt.NDArray[np.int64]) -> FileReference:
    """Write named int64 arrays as a compressed NPZ file and describe it."""
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return write_bytes(path, buffer.getvalue())
