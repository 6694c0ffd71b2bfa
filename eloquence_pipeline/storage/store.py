"""A store of evidence: a bucket of an S3 server, or a folder."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Protocol

from eloquence_pipeline.settings import StorageSettings
from eloquence_pipeline.settings.values import folder_of
from eloquence_pipeline.storage.folder_store import FolderStore
from eloquence_pipeline.storage.object_store import ObjectStore
from eloquence_pipeline.storage.store_check import StoreCheck


class EvidenceStore(Protocol):
    """What both kinds of store can do; keys given and returned do not contain the store's own prefix."""

    prefix: str
    place: str
    """Its address for people, without credentials."""

    def uri(self, key: str) -> str:
        """Return the address of a key."""
        ...

    def ensure(self, *, create: bool) -> bool:
        """Make sure that the bucket or folder is there; returns whether this call created it."""
        ...

    def check(self, *, create: bool = False) -> StoreCheck:
        """Write, read, compare and remove a small object."""
        ...

    def put_file(
        self, key: str, path: Path, sha256: str, content_type: str, moved: Callable[[], None] = ...
    ) -> None:
        """Store a file once and verify it; `moved` is called whenever a part of it has arrived."""
        ...

    def get_bytes(self, key: str) -> bytes:
        """Return the content of an object."""
        ...

    def blocks(self, key: str) -> Generator[bytes]:
        """Yield the content of an object piece by piece."""
        ...

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return the keys that begin with a prefix, in lexicographic order."""
        ...

    def list_folders(self, prefix: str = "") -> list[str]:
        """Return the folders right below a prefix, in lexicographic order."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects, in this order."""
        ...

    def presign(self, key: str, seconds: int) -> str:
        """Return an address that opens one object in a browser."""
        ...


def open_store(storage: StorageSettings) -> EvidenceStore:
    """Return the store of the settings.

    Raises
    ------
    ConfigurationError
        If a setting is malformed.
    """
    if storage.is_folder:
        return FolderStore(folder_of(storage.endpoint_url), prefix=storage.prefix)
    return ObjectStore.from_settings(storage)
