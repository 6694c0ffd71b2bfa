"""Evidence in a bucket of any S3 server."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Self

from botocore.exceptions import ClientError
from pydantic import SecretStr

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.settings import StorageSettings
from eloquence_pipeline.storage.keys import store_prefix
from eloquence_pipeline.storage.s3_bucket import DEFAULT_REGION, Bucket
from eloquence_pipeline.storage.s3_client import ClientOptions, make_client, place_of, valid_bucket
from eloquence_pipeline.storage.s3_errors import http_status
from eloquence_pipeline.storage.s3_reading import BLOCK_BYTES, S3Reading
from eloquence_pipeline.storage.s3_upload import Digests, Target, digests_of, put_unless_there
from eloquence_pipeline.storage.store_check import StoreCheck

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import ObjectIdentifierTypeDef

DEFAULT_BUCKET = "eloquence"

_DELETE_KEYS = 1000
"""S3 removes no more at once."""


def _nothing() -> None: ...


class ObjectStore(S3Reading):
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
    options
        How the server is spoken to.

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
        options: ClientOptions = ClientOptions(),  # noqa: B008 - it is frozen
    ) -> None:
        self.region = region
        place = place_of(endpoint_url)  # the first to look at the URL
        super().__init__(
            make_client(endpoint_url, region, access_key, secret_key, options),
            valid_bucket(bucket or DEFAULT_BUCKET),
            store_prefix(prefix),
            place,
        )
        self._bucket = Bucket(self._client, self.bucket, prefix=self.prefix, region=region, place=self.place)

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
            options=ClientOptions(storage.addressing, storage.ca_file, storage.session_token),
        )

    def ensure(self, *, create: bool) -> bool:
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
        return self._bucket.ensure(create=create)

    def check(self, *, create: bool = False) -> StoreCheck:
        """Make sure that the store answers and that the bucket can be listed, written and read.

        What this writes it removes again, a bucket too.

        Parameters
        ----------
        create
            Whether to create the bucket when it is missing, as a run would.

        Raises
        ------
        StorageError
            If it refuses, or gives back something else.
        StorageUnavailable
            If it does not answer.
        """
        return self._bucket.check(create=create)

    def put_file(
        self, key: str, path: Path, sha256: str, content_type: str, moved: Callable[[], None] = _nothing
    ) -> None:
        """Store a file under a key that is written once and never again, and verify it.

        Parameters
        ----------
        key
            Where, below the prefix.
        path
            The file; one of more than 8 MiB is sent in parts.
        sha256
            Hexadecimal SHA-256 that the content must have. An object that is already there with this
            content counts as success.
        content_type
            MIME type for those who open it in a browser.
        moved
            Called whenever a part of it has arrived; what it raises ends the upload, and nothing of it
            stays.

        Raises
        ------
        StorageError
            If the key holds other content, the file does not have this SHA-256 or cannot be read, or
            the store refuses.
        StorageUnavailable
            If the store does not answer.
        """
        digests = digests_of(path, sha256)
        # Looked for first: some servers know no conditions, and what is there need not be sent again.
        was_there = self._is_stored(key, digests)
        if was_there is None:
            target = Target(self.bucket, self.prefix + key, content_type, sha256)
            with self._translated(f"store {key}"), _readable(path):
                put_unless_there(self._client, target, path, digests, moved)
            was_there = self._is_stored(key, digests)
        if not was_there:
            raise StorageError(
                f"{self.uri(key)} already holds something else",
                remedy="evidence is never overwritten: look at that object, or choose another prefix",
            )

    def _is_stored(self, key: str, digests: Digests) -> bool | None:
        """Return whether an object has this content; None where there is no object."""
        with self._translated(f"verify {key}"):
            try:
                checksum = self._checksum(key)
            except ClientError as error:
                # An answer to HEAD has no body: a bucket that is missing looks the same, and storing says so.
                if http_status(error) != HTTPStatus.NOT_FOUND:
                    raise
                return None
            # In other parts than ours, or a server that keeps no checksum: only the content says it.
            return checksum == digests.in_s3 or self.stored_sha256(key) == digests.whole

    def _checksum(self, key: str) -> str:
        head = self._client.head_object(Bucket=self.bucket, Key=self.prefix + key, ChecksumMode="ENABLED")
        return head.get("ChecksumSHA256", "")

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
            checksum = self._checksum(key)
            # A checksum of a multipart upload ends in "-<parts>" and is not that of the content.
            if checksum and "-" not in checksum:
                return base64.b64decode(checksum).hex()
            digest = hashlib.sha256()
            for block in self._body(key).iter_chunks(BLOCK_BYTES):
                digest.update(block)
            return digest.hexdigest()

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects, in this order.

        Raises
        ------
        StorageError
            If the store refuses to remove one.
        StorageUnavailable
            If the store does not answer.
        """
        for begin in range(0, len(keys), _DELETE_KEYS):
            named: list[ObjectIdentifierTypeDef] = [
                {"Key": self.prefix + key} for key in keys[begin : begin + _DELETE_KEYS]
            ]
            with self._translated("remove objects"):
                answer = self._client.delete_objects(
                    Bucket=self.bucket, Delete={"Objects": named, "Quiet": True}
                )
            if refused := answer.get("Errors"):
                raise StorageError(
                    f"the store does not remove {refused[0].get('Key')}: {refused[0].get('Code')}",
                    remedy="allow s3:DeleteObject below the prefix, or let lifecycle rules remove runs",
                )


@contextmanager
def _readable(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}", remedy="restore the file") from None
