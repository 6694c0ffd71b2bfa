"""A store in memory, for faults that a real server does not have on demand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.files import sha256_of_file


class MemoryStore:
    """Keeps objects in a dict; `failures` are raised one after the other, before anything is stored."""

    def __init__(self, failures: Sequence[StorageError | None] = ()) -> None:
        self.objects: dict[str, bytes] = {}
        self.attempts: list[str] = []
        self._failures = list(failures)

    def uri(self, key: str) -> str:
        return f"s3://memory/{key}"

    def put_file(
        self, key: str, path: Path, sha256: str, content_type: str, moved: Callable[[], None] = lambda: None
    ) -> None:
        self.attempts.append(key)
        failure = self._failures.pop(0) if self._failures else None
        if failure:
            raise failure
        assert content_type
        assert key not in self.objects
        if sha256_of_file(path) != sha256:
            raise StorageError("the content is not what its SHA-256 says")
        self.objects[key] = path.read_bytes()
        moved()
