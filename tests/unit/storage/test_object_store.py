from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import pytest
from botocore import exceptions as boto
from botocore.awsrequest import AWSResponse
from pydantic import SecretStr, ValidationError

from eloquence_pipeline.errors import ConfigurationError, StorageError, StorageUnavailable
from eloquence_pipeline.settings import StorageSettings
from eloquence_pipeline.storage import ObjectStore, open_store
from eloquence_pipeline.storage.s3_client import ClientOptions, make_client
from eloquence_pipeline.storage.s3_errors import translated

pytestmark = pytest.mark.unit

SECRET = "not-for-any-message"
KEYS: dict[str, Any] = {"access_key": SecretStr("AKIDEXAMPLE"), "secret_key": SecretStr(SECRET)}


def client_error(code: str, status: int) -> boto.ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": SECRET},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return boto.ClientError(response, "PutObject")


def translation(error: Exception) -> StorageError:
    with pytest.raises(StorageError) as caught, translated("store a", "http://127.0.0.1:9000", "eloquence"):
        raise error
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert caught.value.remedy
    assert SECRET not in f"{caught.value!s}{caught.value!r}"
    return caught.value


@pytest.mark.parametrize(
    "error",
    [
        boto.EndpointConnectionError(endpoint_url=f"http://{SECRET}@host"),
        boto.ConnectTimeoutError(endpoint_url="http://host"),
        boto.ReadTimeoutError(endpoint_url="http://host"),
        boto.ConnectionClosedError(endpoint_url="http://host"),
        client_error("InternalError", 500),
        client_error("XMinioServerNotInitialized", 503),
        client_error("SlowDown", 503),
        client_error("ConditionalRequestConflict", 409),
        client_error("TooManyRequests", 429),
    ],
    ids=lambda error: str(type(error).__name__),
)
def test_a_store_that_is_away_is_transient(error: Exception) -> None:
    raised = translation(error)
    assert isinstance(raised, StorageUnavailable)
    assert raised.transient


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (client_error("NoSuchBucket", 404), "no bucket 'eloquence'"),
        (client_error("NoSuchKey", 404), "not there"),
        (client_error("InvalidAccessKeyId", 403), "credentials"),
        (client_error("SignatureDoesNotMatch", 403), "credentials"),
        (client_error("AccessDenied", 403), "access denied"),
        (client_error("403", 403), "access denied"),
        (client_error("RequestTimeTooSkewed", 403), "clocks"),
        (client_error("XAmzContentChecksumMismatch", 400), "SHA-256"),
        (client_error("MethodNotAllowed", 405), "MethodNotAllowed"),
        (client_error("XMinioStorageFull", 507), "it is full"),
        (client_error("507", 507), "it is full"),
        (boto.NoCredentialsError(), "no credentials"),
        (boto.SSLError(endpoint_url="https://host", error=OSError(SECRET)), "TLS certificate"),
        (boto.ParamValidationError(report=SECRET), "ParamValidationError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_store_that_refuses_is_not_asked_again(error: Exception, what: str) -> None:
    raised = translation(error)
    assert what in raised.message
    assert not raised.transient


@pytest.mark.parametrize(
    "wrong",
    [
        {"endpoint_url": "minio"},
        {"endpoint_url": "ftp://host"},
        {"endpoint_url": "http://[::1"},
        {"bucket": "Not A Bucket"},
        {"bucket": "../other"},
        {"prefix": "a/../b"},
        {"secret_key": None},
    ],
    ids=str,
)
def test_malformed_settings_are_a_configuration_error(wrong: dict[str, Any]) -> None:
    settings: dict[str, Any] = {"endpoint_url": "http://127.0.0.1:9000", **KEYS, **wrong}
    with pytest.raises(ConfigurationError):
        ObjectStore(**settings)


def test_addresses_show_no_credentials() -> None:
    store = ObjectStore(endpoint_url=f"https://user:{SECRET}@s3.example:9000/x", prefix="/team", **KEYS)
    assert store.place == "https://s3.example:9000"
    assert store.uri("runs/a") == "s3://eloquence/team/runs/a"
    assert SECRET not in repr(vars(store))


def test_store_is_made_from_the_settings() -> None:
    settings = StorageSettings(endpoint_url="http://127.0.0.1:9000", bucket="voice", prefix="team", **KEYS)
    assert ObjectStore.from_settings(settings).uri("k") == "s3://voice/team/k"


def test_the_bucket_stands_where_the_settings_say() -> None:
    settings = StorageSettings(endpoint_url="https://s3.example:9000", bucket="voice", **KEYS)
    for addressing, address in {
        "auto": "https://s3.example:9000/voice/runs/a?",
        "path": "https://s3.example:9000/voice/runs/a?",
        "virtual": "https://voice.s3.example:9000/runs/a?",
    }.items():
        store = ObjectStore.from_settings(settings.model_copy(update={"addressing": addressing}))
        assert store.presign("runs/a", 60).startswith(address)


def test_a_session_token_goes_with_temporary_keys() -> None:
    settings = StorageSettings(bucket="voice", session_token=SecretStr("temporary"), **KEYS)
    assert "X-Amz-Security-Token=temporary" in ObjectStore.from_settings(settings).presign("a", 60)


def test_a_file_without_certificates_is_a_configuration_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pem", tmp_path):
        settings = StorageSettings(endpoint_url="https://s3.example", ca_file=path, **KEYS)
        with pytest.raises(ConfigurationError, match="as certificates"):
            ObjectStore.from_settings(settings)


def test_the_settings_say_whether_the_store_is_a_folder(tmp_path: Path) -> None:
    store = open_store(StorageSettings(endpoint_url="file:///srv/a%20b", prefix="team"))
    assert store.uri("k") == "file:///srv/a b/team/k"
    with pytest.raises(ValidationError, match="a folder has no bucket"):
        StorageSettings(endpoint_url="file:///srv", bucket="voice")
    for url in ("file://host/srv", "file:srv", "file:///a?b", "file://"):
        with pytest.raises(ValidationError):
            StorageSettings(endpoint_url=url)


@pytest.mark.parametrize("seconds", [0, -1, 7 * 24 * 3600 + 1])
def test_links_live_at_most_seven_days(seconds: int) -> None:
    store = ObjectStore(endpoint_url="http://127.0.0.1:9000", **KEYS)
    with pytest.raises(ConfigurationError, match="cannot live"):
        store.presign("key", seconds)


def test_link_to_aws_is_signed_without_asking_anyone() -> None:
    link = ObjectStore(bucket="voice", region="eu-west-3", **KEYS).presign("runs/a", 60)
    assert link.startswith("https://voice.s3.")
    assert SECRET not in link
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in link, "AWS refuses older signatures for newer buckets"
    assert "X-Amz-Expires=60" in link


class Answer(BytesIO):
    """The body of an answer, as urllib3 gives it."""

    def stream(self) -> list[bytes]:
        return [self.read()]


@pytest.mark.parametrize(
    "written", ["2026-11-22T10:00:00.000Z", "2026-11-22T10:00:00Z", "Sun, 22 Nov 2026 10:00:00 GMT"]
)
def test_a_time_in_a_listing_is_read_in_every_form(written: str) -> None:
    entry = f"<Contents><Key>a</Key><LastModified>{written}</LastModified></Contents>"
    listing = f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{entry}</ListBucketResult>'
    client = make_client(
        "http://127.0.0.1:9", "us-east-1", KEYS["access_key"], KEYS["secret_key"], ClientOptions()
    )

    def answered(**_: object) -> AWSResponse:
        return AWSResponse("", 200, cast(Any, {}), cast(Any, Answer(listing.encode())))

    client.meta.events.register("before-send.s3", cast(Any, answered))
    (found,) = client.list_objects_v2(Bucket="voice").get("Contents", [])
    assert found.get("LastModified") == datetime(2026, 11, 22, 10, tzinfo=UTC)
