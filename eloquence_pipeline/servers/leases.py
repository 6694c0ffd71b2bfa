"""Leases: who uses a running server.

A lease is a file on which its holder keeps a lock for as long as it uses the server. The kernel
releases the lock when the holder dies, however it dies, so nobody has to be trusted to say goodbye.
Leases are taken, and dead ones removed, only under the lock of their instance.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
from pathlib import Path

from eloquence_pipeline.servers.locks import is_locked, try_lock, unlock


class Lease:
    """One use of one running server."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, folder: Path) -> Lease:
        """Add a lease to a folder of leases."""
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
        descriptor = try_lock(path)
        if descriptor is None:
            raise RuntimeError(f"the new lease {path} is already locked")
        os.write(descriptor, json.dumps({"pid": os.getpid(), "command": Path(sys.argv[0]).name}).encode())
        return cls(path, descriptor)

    def release(self) -> None:
        """Give the lease back; a second call does nothing."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        self._path.unlink(missing_ok=True)
        unlock(descriptor)


def live_leases(folder: Path) -> list[Path]:
    """Return the leases whose holders live."""
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if is_locked(path)]
