"""Evidence in a folder: a disk of this machine, or one that is mounted."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from eloquence_pipeline.errors import ConfigurationError, StorageError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.settings.values import FOLDER_SCHEME
from eloquence_pipeline.storage.keys import file_name, store_prefix
from eloquence_pipeline.storage.store_check import PROBE_BYTES, PROBE_KEY, StoreCheck

_BLOCK_BYTES = 1 << 20


def _nothing() -> None: ...


class FolderStore:
    """A folder, or the part of it below a prefix.

    Parameters
    ----------
    root
        The folder, as an absolute path.
    prefix
        What stands before every key; keys given and returned here do not contain it.

    Raises
    ------
    ConfigurationError
        If the prefix is malformed.
    """

    def __init__(self, root: Path, prefix: str = "") -> None:
        self.prefix = store_prefix(prefix)
        self.place = f"{FOLDER_SCHEME}{root}"
        self._root = root

    def uri(self, key: str) -> str:
        """Return ``file:///folder/prefix/key``."""
        return f"{self.place}/{self.prefix}{key}"

    def ensure(self, *, create: bool) -> bool:
        """Make sure that the folder is there.

        Parameters
        ----------
        create
            Whether to make it when it is missing: a disk that is not mounted looks like a folder that is
            missing.

        Returns
        -------
        bool
            Whether this call made it.

        Raises
        ------
        StorageError
            If it is missing and not to be made, or cannot be read.
        """
        if self._root.is_dir():
            return False
        if not create:
            raise StorageError(
                f"there is no folder {self._root}",
                remedy="make it, mount its disk, or set ELOQUENCE_STORAGE__CREATE_BUCKET=true",
            )
        with self._translated("make the folder"):
            self._root.mkdir(parents=True, exist_ok=True)
        return True

    def check(self, *, create: bool = False) -> StoreCheck:
        """Make sure that the folder can be written and read; what this writes it removes again.

        Raises
        ------
        StorageError
            If it cannot, or gives back something else.
        """
        created = self.ensure(create=create)
        probe = self._root / f"{PROBE_KEY}-{secrets.token_hex(8)}"
        content = secrets.token_bytes(PROBE_BYTES)
        try:
            with self._translated("write to the folder"):
                probe.write_bytes(content)
                if probe.read_bytes() != content:
                    raise StorageError(
                        f"{self.place} gives back something else than was written", remedy="check the disk"
                    )
        finally:
            with suppress(OSError):
                probe.unlink(missing_ok=True)
                if created:
                    self._root.rmdir()
        return StoreCheck()

    def put_file(
        self,
        key: str,
        path: Path,
        sha256: str,
        content_type: str,
        moved: Callable[[], None] = _nothing,
    ) -> None:
        """Copy a file to a name that is written once and never again, and verify it.

        Parameters
        ----------
        key, path, sha256
            As for an S3 store.
        content_type
            Not kept.
        moved
            Called whenever a part of it has been written.

        Raises
        ------
        StorageError
            If the key holds other content, the file does not have this SHA-256, or the disk refuses.
        """
        target = self._inside(key)
        if not target.exists():
            with self._translated(f"store {key}"):
                target.parent.mkdir(parents=True, exist_ok=True)
                self._copy(path, target, sha256, moved)
        if self.stored_sha256(key) != sha256:
            raise StorageError(
                f"{self.uri(key)} already holds something else",
                remedy="evidence is never overwritten: look at that file, or choose another prefix",
            )

    def _copy(self, path: Path, target: Path, sha256: str, moved: Callable[[], None]) -> None:
        temporary = target.with_name(f".{target.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
        digest = hashlib.sha256()
        try:
            with path.open("rb") as source, temporary.open("xb") as copy:
                while block := source.read(_BLOCK_BYTES):
                    digest.update(block)
                    copy.write(block)
                    moved()
                copy.flush()
                os.fsync(copy.fileno())
            if digest.hexdigest() != sha256:
                raise StorageError(
                    f"{path}: the content is not what its SHA-256 says",
                    remedy="the file was changed or damaged: restore it",
                )
            _appear(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)

    def stored_sha256(self, key: str) -> str:
        """Return the hexadecimal SHA-256 of an object.

        Raises
        ------
        StorageError
            If there is none, or it cannot be read.
        """
        with self._translated(f"verify {key}"):
            return sha256_of_file(self._inside(key))

    def get_bytes(self, key: str) -> bytes:
        """Return the content of an object.

        Raises
        ------
        StorageError
            If there is none, or it cannot be read.
        """
        return b"".join(self.blocks(key))

    def blocks(self, key: str) -> Generator[bytes]:
        """Yield the content of an object piece by piece.

        Raises
        ------
        StorageError
            If there is none, or it cannot be read.
        """
        with self._translated(f"read {key}"), self._inside(key).open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                yield block

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return all keys that begin with `prefix`, in lexicographic order.

        Raises
        ------
        StorageError
            If the folder cannot be read.
        """
        begin = self._inside(prefix.rpartition("/")[0])
        base = self._root / self.prefix
        with self._translated(f"list {prefix or 'all keys'}"):
            found = [
                (Path(folder) / name).relative_to(base).as_posix()
                for folder, _, names in os.walk(begin)
                for name in names
                if not name.startswith(".")
            ]
        return sorted(key for key in found if key.startswith(prefix))

    def list_folders(self, prefix: str = "") -> list[str]:
        """Return the names of the folders right below `prefix`, in lexicographic order.

        Raises
        ------
        StorageError
            If the folder cannot be read.
        """
        begin = self._inside(prefix.strip("/"))
        with self._translated(f"list {prefix or 'all keys'}"):
            if not begin.is_dir():
                return []
            return sorted(path.name for path in begin.iterdir() if path.is_dir() and path.name[0] != ".")

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects, in this order, and the folders that become empty.

        Raises
        ------
        StorageError
            If one cannot be removed.
        """
        for key in keys:
            path = self._inside(key)
            with self._translated(f"remove {key}"):
                path.unlink(missing_ok=True)
            with suppress(OSError):  # not empty
                for folder in path.parents:
                    if folder == self._root:
                        break
                    folder.rmdir()

    def presign(self, key: str, seconds: int) -> str:
        """Return the ``file://`` address of one object; it opens on machines that have the disk."""
        return self._inside(key).as_uri()

    def _inside(self, key: str) -> Path:
        """Return the path of a key; neither its name nor a link in the folder leads out of it."""
        try:
            path = self._root / self.prefix / (file_name(key) if key else "")
        except ConfigurationError as error:
            raise StorageError(error.message, remedy=error.remedy) from None
        if not path.resolve().is_relative_to(self._root.resolve()):
            raise StorageError(f"{path} leads out of {self._root}", remedy="remove that link")
        return path

    @contextmanager
    def _translated(self, action: str) -> Generator[None]:
        try:
            yield
        except FileNotFoundError:
            raise StorageError(f"cannot {action} at {self.place}: it is not there") from None
        except OSError as error:
            raise StorageError(
                f"cannot {action} at {self.place}: {error.strerror or type(error).__name__}",
                remedy="check the disk, its free space, and who may write there",
            ) from None


def _appear(temporary: Path, target: Path) -> None:
    """Give a file its name, unless there is one of that name."""
    try:
        # A link, unlike a rename, does not take the place of what another process has put there.
        target.hardlink_to(temporary)
    except FileExistsError:
        pass
    except OSError:  # a disk that knows no links
        if not target.exists():
            temporary.replace(target)
