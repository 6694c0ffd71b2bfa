"""The boto3 client of a store, and the checks of what it is made from."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast
from urllib.parse import urlsplit

import botocore.session
from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError
from botocore.utils import parse_timestamp
from pydantic import SecretStr

from eloquence_pipeline.errors import ConfigurationError

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

_CONNECT_TIMEOUT_SECONDS = 5
_READ_TIMEOUT_SECONDS = 30
_ATTEMPTS = 3
_CONNECTIONS = 16
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True)
class ClientOptions:
    """How a server is spoken to.

    Attributes
    ----------
    addressing
        Where the bucket stands: in the path, in the host name, or as is usual for this kind of server.
    ca_file
        Certificates to trust in the place of those of the system.
    session_token
        Of temporary credentials.
    """

    addressing: Literal["auto", "path", "virtual"] = "auto"
    ca_file: Path | None = None
    session_token: SecretStr | None = None


def make_client(
    endpoint_url: str,
    region: str,
    access_key: SecretStr | None,
    secret_key: SecretStr | None,
    options: ClientOptions,
) -> S3Client:
    """Return a client with short timeouts and a few retries.

    Raises
    ------
    ConfigurationError
        If the URL or the AWS configuration of this machine is malformed.
    """
    own_keys = [
        secret.get_secret_value() or None if secret else None
        for secret in (access_key, secret_key, options.session_token)
    ]
    usual = "path" if endpoint_url else "auto"
    config = Config(
        # Links would be signed by version 2 otherwise, which buckets made since June 2020 refuse.
        signature_version="s3v4",
        connect_timeout=_CONNECT_TIMEOUT_SECONDS,
        read_timeout=_READ_TIMEOUT_SECONDS,
        retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
        s3={"addressing_style": usual if options.addressing == "auto" else options.addressing},
        # Every file has its SHA-256; the checksum of botocore's own is one that some servers do not know.
        request_checksum_calculation="when_required",
        max_pool_connections=_CONNECTIONS,
        # A proxy of the environment would be asked for 127.0.0.1 as well.
        proxies={} if urlsplit(endpoint_url).hostname in _LOOPBACK else None,
    )
    try:
        return cast(Any, _session()).client(
            "s3",
            region_name=region,
            endpoint_url=endpoint_url or None,
            aws_access_key_id=own_keys[0],
            aws_secret_access_key=own_keys[1],
            aws_session_token=own_keys[2],
            verify=_trusted(options.ca_file),
            config=config,
        )
    except (BotoCoreError, ValueError) as error:
        raise ConfigurationError(
            f"the S3 store {place_of(endpoint_url)} cannot be set up ({type(error).__name__})",
            remedy="check ELOQUENCE_STORAGE__ENDPOINT_URL, both keys, and the AWS profile of this machine",
        ) from None


def _session() -> Session:
    """Return a session that reads times quickly: botocore's own way is most of the time of a long listing."""
    below = botocore.session.get_session()
    below.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time_of)
    return Session(botocore_session=below)


def _time_of(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return parse_timestamp(value)


def _trusted(ca_file: Path | None) -> str | None:
    if ca_file is None:
        return None
    try:
        ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(
            f"{ca_file} cannot be read as certificates ({error.strerror or type(error).__name__})",
            remedy="set ELOQUENCE_STORAGE__CA_FILE to a PEM file, or leave it empty",
        ) from None
    return str(ca_file)


def place_of(endpoint_url: str) -> str:
    """Return the name of a store for people: no user and password, should someone have put them into its URL.

    Raises
    ------
    ConfigurationError
        If the URL is none.
    """
    if not endpoint_url:
        return "AWS S3"
    try:
        parts = urlsplit(endpoint_url)
        if parts.scheme in {"http", "https"} and parts.hostname:
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    except ValueError:
        pass
    raise ConfigurationError(
        "the URL of the S3 store is none",
        remedy="set ELOQUENCE_STORAGE__ENDPOINT_URL to http://host:port or https://host",
    )


def valid_bucket(name: str) -> str:
    """Return the name of a bucket.

    Raises
    ------
    ConfigurationError
        If no bucket can be called so.
    """
    if not _BUCKET.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} cannot be a bucket",
            remedy="set ELOQUENCE_STORAGE__BUCKET to 3 to 63 lower-case letters, digits, dashes and dots",
        )
    return name
