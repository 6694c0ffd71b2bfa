"""Evidence in a bucket of any S3 server."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Generator
from contextlib import AbstractContextManager
from http import HTTPStatus
from pathlib import Path
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import SecretStr

from eloquence_pipeline.errors import ConfigurationError, StorageError
from eloquence_pipeline.settings import StorageSettings
from eloquence_pipeline.storage.keys import store_prefix
from eloquence_pipeline.storage.s3_client import make_client, place_of, valid_bucket
from eloquence_pipeline.storage.s3_errors import error_code, http_status, translated

DEFAULT_BUCKET = "eloquence"
DEFAULT_REGION = "us-east-1"
LONGEST_PRESIGN_SECONDS = 7 * 24 * 3600

_BLOCK_BYTES = 1 << 20
_PAGE_KEYS = 1000
_PROBE_KEY = ".eloquence-check"
_PROBE_BYTES = 64


class ObjectStore:
    """One bucket, or the part of it below a prefix.

    Parameters
    ----------
    endpoint_url
        URL of the S3 server; AWS when empty.
    bucket
        Name of the bucket; `DEFAULT_BUCKET` when empty.
    prefix
        What stands before every key; keys given and returned here do not contain it.
    region
        Region of the bucket.
    access_key, secret_key
        Credentials; when empty, the usual places of the AWS SDK are searched.

    Raises
    ------
    ConfigurationError
        If the URL, the bucket's name, the prefix or the AWS configuration of this machine is malformed.
    """

    def __init__(
        self,
        *,
        endpoint_url: str = "",
        bucket: str = "",
        prefix: str = "",
        region: str = DEFAULT_REGION,
        access_key: SecretStr | None = None,
        secret_key: SecretStr | None = None,
    ) -> None:
        self.bucket = valid_bucket(bucket or DEFAULT_BUCKET)
        self.prefix = store_prefix(prefix)
        self.region = region
        self.place = place_of(endpoint_url)
        self._client = make_client(endpoint_url, region, access_key, secret_key)

    @classmethod
    def from_settings(cls, storage: StorageSettings) -> Self:
        """Return the user's own store.

        Raises
        ------
        ConfigurationError
            If a setting is malformed.
        """
        return cls(
            endpoint_url=storage.endpoint_url,
            bucket=storage.bucket,
            prefix=storage.prefix,
            region=storage.region,
            access_key=storage.access_key,
            secret_key=storage.secret_key,
        )

    def uri(self, key: str) -> str:
        """Return ``s3://bucket/prefix/key``."""
        return f"s3://{self.bucket}/{self.prefix}{key}"

    def ensure_bucket(self, *, create: bool) -> bool:
        """Make sure that the bucket is there.

        Parameters
        ----------
        create
            Whether to create it when it is missing.

        Returns
        -------
        bool
            Whether this call created it.

        Raises
        ------
        StorageError
            If it is missing and not to be created, or belongs to someone else.
        StorageUnavailable
            If the store does not answer.
        """
        with self._translated(f"find the bucket {self.bucket!r}"):
            try:
                # HEAD would do, but its answers have no body that says why.
                self._client.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix, MaxKeys=1)
            except ClientError as error:
                if error_code(error) != "NoSuchBucket" or not create:
                    raise
                return self._create_bucket()
        return False

    def check(self, *, create: bool = False) -> str:
        """Make sure that the store answers and that the bucket can be listed, written and read.

        What this writes it removes again, a bucket too.

        Parameters
        ----------
        create
            Whether to create the bucket when it is missing, as a run would.

        Returns
        -------
        str
            Key of the small object that could not be removed, where the store forbids that; else empty.

        Raises
        ------
        StorageError
            If it refuses, or gives back something else.
        StorageUnavailable
            If it does not answer.
        """
        created = self.ensure_bucket(create=create)
        key = f"{self.prefix}{_PROBE_KEY}-{secrets.token_hex(8)}"
        content = secrets.token_bytes(_PROBE_BYTES)
        try:
            with self._translated(f"write to the bucket {self.bucket!r}"):
                self._client.put_object(Bucket=self.bucket, Key=key, Body=content)
            with self._translated(f"read from the bucket {self.bucket!r}"):
                read = self._client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            if read != content:
                raise StorageError(
                    f"the bucket {self.bucket!r} at {self.place} gives back something else than was written",
                    remedy="check the store and what stands before it",
                )
        finally:
            kept = self._remove(key, with_bucket=created)
        return kept

    def _remove(self, key: str, *, with_bucket: bool) -> str:
        try:
            self._client.delete_object(Bucket=self.bucket, Key=key)
            if with_bucket:
                self._client.delete_bucket(Bucket=self.bucket)
        except (BotoCoreError, ClientError):
            return key
        return ""

    def put_file(self, key: str, path: Path, sha256: str, content_type: str) -> None:
        """Store a file under a key that is written once and never again, and verify it.

        Parameters
        ----------
        key
            Where, below the prefix.
        path
            The file.
        sha256
            Hexadecimal SHA-256 that the content must have. An object that is already there with this
            content counts as success.
        content_type
            MIME type for those who open it in a browser.

        Raises
        ------
        StorageError
            If the key holds other content, the file does not have this SHA-256 or cannot be read, or
            the store refuses.
        StorageUnavailable
            If the store does not answer.
        """
        was_there = self._put_unless_there(key, path, sha256, content_type)
        if self.stored_sha256(key) == sha256:
            return
        if was_there:
            raise StorageError(
                f"{self.uri(key)} already holds something else",
                remedy="evidence is never overwritten: look at that object, or choose another prefix",
            )
        raise StorageError(
            f"{self.uri(key)} is not what was sent", remedy="check the store, then send it again"
        )

    def stored_sha256(self, key: str) -> str:
        """Return the hexadecimal SHA-256 of an object, as the store computed it.

        A store that keeps no such checksum has the object read and hashed here.

        Raises
        ------
        StorageError
            If there is no such object, or the store refuses.
        StorageUnavailable
            If the store does not answer.
        """
        with self._translated(f"verify {key}"):
            head = self._client.head_object(Bucket=self.bucket, Key=self.prefix + key, ChecksumMode="ENABLED")
            checksum = head.get("ChecksumSHA256", "")
            # A checksum of a multipart upload ends in "-<parts>" and is not that of the content.
            if checksum and "-" not in checksum:
                return base64.b64decode(checksum).hex()
            content = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"]
            digest = hashlib.sha256()
            for block in content.iter_chunks(_BLOCK_BYTES):
                digest.update(block)
            return digest.hexdigest()

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
            return self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"].read()

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
            body = self._client.get_object(Bucket=self.bucket, Key=self.prefix + key)["Body"]
            yield from body.iter_chunks(_BLOCK_BYTES)

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
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=self.prefix + prefix, PaginationConfig={"PageSize": _PAGE_KEYS}
            )
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
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=below, Delimiter="/", PaginationConfig={"PageSize": _PAGE_KEYS}
            )
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
        if not 0 < seconds <= LONGEST_PRESIGN_SECONDS:
            raise ConfigurationError(
                f"a link cannot live for {seconds} s",
                remedy=f"choose 1 to {LONGEST_PRESIGN_SECONDS} s (7 days)",
            )
        with self._translated(f"sign a link to {key}"):
            return self._client.generate_presigned_url(
                "get_object", Params={"Bucket": self.bucket, "Key": self.prefix + key}, ExpiresIn=seconds
            )

    def _create_bucket(self) -> bool:
        try:
            if self.region == DEFAULT_REGION:
                self._client.create_bucket(Bucket=self.bucket)
            else:
                self._client.create_bucket(
                    Bucket=self.bucket,
                    CreateBucketConfiguration={"LocationConstraint": self.region},  # pyright: ignore[reportArgumentType]
                )
        except ClientError as error:
            if error_code(error) != "BucketAlreadyOwnedByYou":  # by another run, a moment ago
                raise
            return False
        return True

    def _put_unless_there(self, key: str, path: Path, sha256: str, content_type: str) -> bool:
        try:
            with path.open("rb") as body, self._translated(f"store {key}"):
                try:
                    self._client.put_object(
                        Bucket=self.bucket,
                        Key=self.prefix + key,
                        Body=body,
                        ContentType=content_type,
                        ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),
                        Metadata={"sha256": sha256},
                        IfNoneMatch="*",
                    )
                except ClientError as error:
                    # Also the answer when a first try arrived and only its acknowledgement was lost.
                    if http_status(error) == HTTPStatus.PRECONDITION_FAILED:
                        return True
                    raise
        except OSError as error:
            raise StorageError(
                f"{path} cannot be read: {error.strerror}", remedy="restore the file"
            ) from None
        return False

    def _translated(self, action: str) -> AbstractContextManager[None]:
        return translated(action, self.place, self.bucket)
