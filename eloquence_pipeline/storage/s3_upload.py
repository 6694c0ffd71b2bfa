"""Putting a file into a bucket once, with checksums from end to end."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.storage.s3_errors import error_code, http_status

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import CompletedPartTypeDef

PART_BYTES = 8 << 20
"""Larger files are sent in parts of this size; S3 takes 10,000 parts, 78 GiB."""

_ONCE: dict[str, Any] = {"IfNoneMatch": "*"}

_SIGNING_BYTES = 1 << 20
"""Signing reads so much at a time, sending some KiB."""


@dataclass(frozen=True)
class Digests:
    """The SHA-256 of a file's content and of its parts.

    Attributes
    ----------
    whole
        Of the content, hexadecimal.
    parts
        Of each part of `PART_BYTES`, in their order; a file without content has one empty part.
    """

    whole: str
    parts: tuple[bytes, ...]

    @classmethod
    def of(cls, path: Path) -> Digests:
        """Read a file and digest it.

        Raises
        ------
        OSError
            If it cannot be read.
        """
        whole, parts = hashlib.sha256(), list[bytes]()
        with path.open("rb") as file:
            while block := file.read(PART_BYTES):
                whole.update(block)
                parts.append(hashlib.sha256(block).digest())
        return cls(whole.hexdigest(), tuple(parts) or (hashlib.sha256(b"").digest(),))

    @property
    def in_s3(self) -> str:
        """What S3 calls ``ChecksumSHA256``: of parts, the checksum of their checksums, and their number."""
        if len(self.parts) == 1:
            return _base64(bytes.fromhex(self.whole))
        return f"{_base64(hashlib.sha256(b''.join(self.parts)).digest())}-{len(self.parts)}"


@dataclass(frozen=True)
class Target:
    """Where an object goes, and what is kept with it."""

    bucket: str
    key: str
    content_type: str
    sha256: str

    @property
    def place(self) -> dict[str, Any]:
        """The arguments of every call."""
        return {"Bucket": self.bucket, "Key": self.key}

    @property
    def kept(self) -> dict[str, Any]:
        """The arguments of the calls that make the object."""
        return {**self.place, "ContentType": self.content_type, "Metadata": {"sha256": self.sha256}}


def put_unless_there(
    client: S3Client, target: Target, path: Path, digests: Digests, moved: Callable[[], None]
) -> None:
    """Make an object of a file, unless there is one of this name.

    The server compares what arrives with the checksums; a part that differs is refused.

    Raises
    ------
    ClientError, BotoCoreError
        What boto3 raises.
    OSError
        If the file cannot be read.
    """
    try:
        if len(digests.parts) == 1:
            _put_whole(client, target, path, digests, moved)
        else:
            _put_in_parts(client, target, path, digests, moved)
    except ClientError as error:
        # Also the answer when a first try arrived and only its acknowledgement was lost.
        if http_status(error) != HTTPStatus.PRECONDITION_FAILED:
            raise
    moved()


class _Watched(BytesIO):
    """A body that tells when more of it is sent: whoever waits for a slow store sees that it moves on.

    What is sent again after a failure is nothing new.
    """

    def __init__(self, content: bytes, moved: Callable[[], None]) -> None:
        super().__init__(content)
        self._moved = moved
        self._furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        if size is not None and 0 < size < _SIGNING_BYTES and self.tell() > self._furthest:
            self._furthest = self.tell()
            with suppress(StorageError):  # botocore would try again: whoever sends parts ends after this one
                self._moved()
        return content


def _put_whole(
    client: S3Client, target: Target, path: Path, digests: Digests, moved: Callable[[], None]
) -> None:
    content = path.read_bytes()

    def put(condition: Mapping[str, Any]) -> None:
        body = _Watched(content, moved)
        client.put_object(**target.kept, **condition, Body=body, ChecksumSHA256=digests.in_s3)

    _once(put)


def _put_in_parts(
    client: S3Client, target: Target, path: Path, digests: Digests, moved: Callable[[], None]
) -> None:
    begun = client.create_multipart_upload(**target.kept, ChecksumAlgorithm="SHA256")
    upload: dict[str, Any] = {**target.place, "UploadId": begun["UploadId"]}
    try:
        sent: list[CompletedPartTypeDef] = []
        with path.open("rb") as file:
            for number, digest in enumerate(digests.parts, start=1):
                checksum = _base64(digest)
                body = _Watched(file.read(PART_BYTES), moved)
                answer = client.upload_part(**upload, PartNumber=number, Body=body, ChecksumSHA256=checksum)
                sent.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum})
                moved()
        _once(
            lambda condition: client.complete_multipart_upload(
                **upload, **condition, MultipartUpload={"Parts": sent}
            )
        )
    except BaseException:
        # What was begun takes room that no listing shows.
        with suppress(BotoCoreError, ClientError):
            client.abort_multipart_upload(**upload)
        raise


def _once(put: Callable[[Mapping[str, Any]], object]) -> None:
    """Ask the server to refuse an object that is there; one that knows no conditions is asked without.

    Whoever calls this has looked before whether the object is there.
    """
    try:
        put(_ONCE)
    except ClientError as error:
        if http_status(error) != HTTPStatus.NOT_IMPLEMENTED and error_code(error) != "NotImplemented":
            raise
        put({})


def digests_of(path: Path, sha256: str) -> Digests:
    """Return the digests of a file that has to have this SHA-256.

    Raises
    ------
    StorageError
        If it cannot be read, or is another one.
    """
    try:
        digests = Digests.of(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}", remedy="restore the file") from None
    if digests.whole != sha256:
        raise StorageError(
            f"{path}: the content is not what its SHA-256 says",
            remedy="the file was changed or damaged: restore it",
        )
    return digests


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
