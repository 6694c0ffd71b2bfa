"""The bucket itself: whether it is there, made, and does what evidence needs."""

from __future__ import annotations

import secrets
from contextlib import AbstractContextManager
from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.storage.s3_errors import error_code, http_status, translated
from eloquence_pipeline.storage.store_check import PROBE_BYTES, PROBE_KEY, StoreCheck

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

DEFAULT_REGION = "us-east-1"


class Bucket:
    """A bucket, or the part of it below a prefix.

    Parameters
    ----------
    client
        Of its server.
    name, prefix, region
        Of the bucket.
    place
        The server, for people.
    """

    def __init__(self, client: S3Client, name: str, *, prefix: str, region: str, place: str) -> None:
        self._client = client
        self._name = name
        self._prefix = prefix
        self._region = region
        self._place = place

    def ensure(self, *, create: bool) -> bool:
        """Make sure that it is there; returns whether this call created it.

        Raises
        ------
        StorageError
            If it is missing and not to be created, or belongs to someone else.
        StorageUnavailable
            If the store does not answer.
        """
        with self._translated(f"find the bucket {self._name!r}"):
            try:
                # HEAD would do, but its answers have no body that says why.
                self._client.list_objects_v2(Bucket=self._name, Prefix=self._prefix, MaxKeys=1)
            except ClientError as error:
                if error_code(error) != "NoSuchBucket" or not create:
                    raise
                return self._create()
        return False

    def _create(self) -> bool:
        try:
            if self._region == DEFAULT_REGION:
                self._client.create_bucket(Bucket=self._name)
            else:
                self._client.create_bucket(
                    Bucket=self._name,
                    CreateBucketConfiguration={"LocationConstraint": self._region},  # pyright: ignore[reportArgumentType]
                )
        except ClientError as error:
            if error_code(error) != "BucketAlreadyOwnedByYou":  # by another run, a moment ago
                raise
            return False
        return True

    def check(self, *, create: bool) -> StoreCheck:
        """Make sure that it can be listed, written and read; what this writes it removes again, a bucket too.

        Raises
        ------
        StorageError
            If it refuses, or gives back something else.
        StorageUnavailable
            If it does not answer.
        """
        created = self.ensure(create=create)
        key = f"{self._prefix}{PROBE_KEY}-{secrets.token_hex(8)}"
        content = secrets.token_bytes(PROBE_BYTES)
        try:
            with self._translated(f"write to the bucket {self._name!r}"):
                self._client.put_object(Bucket=self._name, Key=key, Body=content)
            with self._translated(f"read from the bucket {self._name!r}"):
                read = self._client.get_object(Bucket=self._name, Key=key)["Body"].read()
            if read != content:
                raise StorageError(
                    f"the bucket {self._name!r} at {self._place} gives back something else than was written",
                    remedy="check the store and what stands before it",
                )
            writes_once = self._refuses_to_overwrite(key, content)
        finally:
            kept = self._remove(key, with_bucket=created)
        return StoreCheck(kept_key=kept, writes_once=writes_once)

    def _refuses_to_overwrite(self, key: str, content: bytes) -> bool:
        try:
            self._client.put_object(Bucket=self._name, Key=key, Body=content, IfNoneMatch="*")
        except ClientError as error:
            return http_status(error) == HTTPStatus.PRECONDITION_FAILED
        except BotoCoreError:
            return False
        return False

    def _remove(self, key: str, *, with_bucket: bool) -> str:
        try:
            self._client.delete_object(Bucket=self._name, Key=key)
            if with_bucket:
                self._client.delete_bucket(Bucket=self._name)
        except (BotoCoreError, ClientError):
            return key
        return ""

    def _translated(self, action: str) -> AbstractContextManager[None]:
        return translated(action, self._place, self._name)
