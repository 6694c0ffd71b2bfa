"""What botocore raises, as errors of this project. No message of botocore's own is passed on.

Nothing here shows a key, a signature or a URL with them.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from http import HTTPStatus

from botocore import exceptions as boto

from eloquence_pipeline.errors import StorageError, StorageUnavailable

_SETTINGS = "check the settings ELOQUENCE_STORAGE__*"
_CREDENTIALS = (
    "check ELOQUENCE_STORAGE__ACCESS_KEY and ELOQUENCE_STORAGE__SECRET_KEY (or the AWS profile), "
    "and that they may read and write the bucket"
)
_FULL = "it is full", "make room there, or choose another one"
_BAD_KEYS = "it does not accept the credentials", _CREDENTIALS
_BAD_CONTENT = "the content is not what its SHA-256 says", "the file was changed or damaged: restore it"

_BUSY_CODES = {
    "SlowDown",
    "RequestTimeout",
    "Throttling",
    "ThrottlingException",
    "ConditionalRequestConflict",
}
_BUSY_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
_REFUSALS = {
    "InvalidAccessKeyId": _BAD_KEYS,
    "SignatureDoesNotMatch": _BAD_KEYS,
    "ExpiredToken": _BAD_KEYS,
    "InvalidToken": _BAD_KEYS,
    "BadDigest": _BAD_CONTENT,
    "InvalidDigest": _BAD_CONTENT,
    "XAmzContentChecksumMismatch": _BAD_CONTENT,
    "XAmzContentSHA256Mismatch": _BAD_CONTENT,
    "XMinioStorageFull": _FULL,
    "XMinioAdminBucketQuotaExceeded": _FULL,
    "QuotaExceeded": _FULL,
    "InsufficientStorage": _FULL,
    "RequestTimeTooSkewed": ("the clocks differ too much", "set the clock of this machine"),
}
_REFUSALS_BY_STATUS: dict[int, tuple[str, str]] = {
    HTTPStatus.UNAUTHORIZED: _BAD_KEYS,
    HTTPStatus.FORBIDDEN: ("access denied", _CREDENTIALS),
    HTTPStatus.INSUFFICIENT_STORAGE: _FULL,
    HTTPStatus.NOT_FOUND: ("it is not there", "check bucket, prefix and key"),
}


@contextmanager
def translated(action: str, store: str, bucket: str) -> Generator[None]:
    """Raise what botocore raises in the block as an error of this project.

    Parameters
    ----------
    action
        What was being done, as an infinitive: "read the bucket".
    store
        Where, without credentials.
    bucket
        Its name.

    Raises
    ------
    StorageUnavailable
        If the store does not answer, is overloaded or broken.
    StorageError
        If it refuses.
    """
    try:
        yield
    except boto.ClientError as error:
        raise _refused(error, f"cannot {action} at {store}", bucket) from None
    except (boto.BotoCoreError, ValueError) as error:
        raise _not_reached(error, f"cannot {action} at {store}") from None


def error_code(error: boto.ClientError) -> str:
    """Return the S3 error code, or the HTTP status where the answer had no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def http_status(error: boto.ClientError) -> int:
    """Return the HTTP status of an answer, 0 when there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _refused(error: boto.ClientError, message: str, bucket: str) -> StorageError:
    code, status = error_code(error), http_status(error)
    known = _REFUSALS.get(code) or _REFUSALS_BY_STATUS.get(status)
    broken = status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED
    if code in _BUSY_CODES or status in _BUSY_STATUSES or (broken and not known):
        return StorageUnavailable(f"{message}: it answers {code or status}", remedy="try again later")
    if code == "NoSuchBucket":
        return no_bucket(message, bucket)
    reason, remedy = known or (f"it answers {code or status}", _SETTINGS)
    return StorageError(f"{message}: {reason}", remedy=remedy)


def no_bucket(message: str, bucket: str) -> StorageError:
    """Return the error for a bucket that does not exist."""
    return StorageError(
        f"{message}: there is no bucket {bucket!r}",
        remedy="create it, set ELOQUENCE_STORAGE__CREATE_BUCKET=true, or name another one with "
        "ELOQUENCE_STORAGE__BUCKET",
    )


def _not_reached(error: Exception, message: str) -> StorageError:
    if isinstance(
        error, (boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError)
    ):
        return StorageError(f"{message}: there are no credentials", remedy=_CREDENTIALS)
    if isinstance(error, boto.SSLError):
        return StorageError(
            f"{message}: its TLS certificate is not accepted",
            remedy="check the endpoint URL, and that ELOQUENCE_STORAGE__CA_FILE names its authority",
        )
    if isinstance(error, (boto.HTTPClientError, boto.ConnectionError)):
        return StorageUnavailable(
            f"{message}: it does not answer ({type(error).__name__})",
            remedy="check that it runs and that ELOQUENCE_STORAGE__ENDPOINT_URL is right",
        )
    return StorageError(f"{message}: {type(error).__name__}", remedy=_SETTINGS)
