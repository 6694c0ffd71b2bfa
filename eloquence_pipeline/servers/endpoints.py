"""Where the servers are and how to log in."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr


class LiveKitEndpoint(BaseModel):
    """A LiveKit server."""

    model_config = ConfigDict(frozen=True)

    url: str
    api_key: str
    api_secret: SecretStr
    embedded: bool
    version: str
    metrics_url: str = ""
    """Its Prometheus endpoint; empty if none is known."""


class S3Endpoint(BaseModel):
    """An S3 store."""

    model_config = ConfigDict(frozen=True)

    endpoint_url: str
    access_key: SecretStr
    secret_key: SecretStr
    region: str
    embedded: bool


class PrefectEndpoint(BaseModel):
    """A Prefect server."""

    model_config = ConfigDict(frozen=True)

    api_url: str
    ui_url: str
    embedded: bool


class Endpoints(BaseModel):
    """The servers of one run; nothing where one was not asked for."""

    model_config = ConfigDict(frozen=True)

    livekit: LiveKitEndpoint | None = None
    s3: S3Endpoint | None = None
    prefect: PrefectEndpoint | None = None
