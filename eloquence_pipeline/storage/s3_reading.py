"""Reading a bucket: its objects, their names, and links to them."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import LONGEST_LINK_SECONDS
from eloquence_pipeline.storage.s3_errors import translated

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from types_boto3_s3.client import S3Client
    from types_boto3_s3.type_defs import ListObjectsV2OutputTypeDef, ListObjectsV2RequestPaginateTypeDef

BLOCK_BYTES = 1 << 20

_PAGE_KEYS = 1000


class S3Reading:
    """A bucket, or the part of it below a prefix.

    Parameters
    ----------
    client
        Of its server.
    bucket, prefix
        Its name, and what stands before every key.
    place
        The server, for people.
    """

    def __init__(self, client: S3Client, bucket: str, prefix: str, place: str) -> None:
        self._client = client
        self.bucket = bucket
        self.prefix = prefix
        self.place = place

    def uri(self, key: str) -> str:
        """Return ``s3://bucket/prefix/key``."""
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def get_bytes(self, key: str) -> bytes:
        """Return the content of an object.

        Raises
        ------
        StorageError
            If there is no such object, or the store refuses.
        StorageUnavailable
            If the store does not answer.
        """
        with self._translated(f"read {key}"):
            return self._body(key).read()

    def blocks(self, key: str) -> Generator[bytes]:
        """Yield the content of an object piece by piece.

        Raises
        ------
        StorageError
            If there is no such object, or the store refuses.
        StorageUnavailable
            If the store does not answer.
        """
        with self._translated(f"read {key}"):
            yield from self._body(key).iter_chunks(BLOCK_BYTES)

    def list_keys(self, prefix: str = "") -> list[str]:
        """Return all keys that begin with `prefix`, in lexicographic order.

        Raises
        ------
        StorageError
            If the store refuses.
        StorageUnavailable
            If the store does not answer.
        """
        with self._translated(f"list {prefix or 'all keys'}"):
            pages = self._pages(self.prefix + prefix)
            keys = [entry.get("Key", "") for page in pages for entry in page.get("Contents", [])]
        return [key.removeprefix(self.prefix) for key in keys]

    def list_folders(self, prefix: str = "") -> list[str]:
        """Return the names of the folders right below `prefix`, in lexicographic order.

        Raises
        ------
        StorageError
            If the store refuses.
        StorageUnavailable
            If the store does not answer.
        """
        below = self.prefix + prefix
        with self._translated(f"list {prefix or 'all keys'}"):
            pages = self._pages(below, "/")
            folders = [entry.get("Prefix", "") for page in pages for entry in page.get("CommonPrefixes", [])]
        return [folder.removeprefix(below).rstrip("/") for folder in folders]

    def presign(self, key: str, seconds: int) -> str:
        """Return a URL that lets whoever has it read one object for some time.

        Parameters
        ----------
        key
            Which object.
        seconds
            How long, at most seven days.

        Raises
        ------
        ConfigurationError
            If the time is out of bounds.
        StorageError
            If there are no credentials to sign with.
        """
        if not 0 < seconds <= LONGEST_LINK_SECONDS:
            raise ConfigurationError(
                f"a link cannot live for {seconds} s",
                remedy=f"choose 1 to {LONGEST_LINK_SECONDS} s (7 days)",
            )
        with self._translated(f"sign a link to {key}"):
            return self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self.bucket, "Key": self.prefix + key}, ExpiresIn=seconds
            )

    def _body(self, key: str) -> StreamingBody:
        return self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"]

    def _pages(self, prefix: str, delimiter: str = "") -> Iterable[ListObjectsV2OutputTypeDef]:
        asked: ListObjectsV2RequestPaginateTypeDef = {
            "Bucket": self.bucket,
            "Prefix": prefix,
            "PaginationConfig": {"PageSize": _PAGE_KEYS},
        }
        if delimiter:
            asked["Delimiter"] = delimiter
        return self._client.get_paginator("list_objects_v2").paginate(**asked)

    def _translated(self, action: str) -> AbstractContextManager[None]:
        return translated(action, self.place, self.bucket)
