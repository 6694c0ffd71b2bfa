"""Hand the addresses of the servers to the flow.

Tasks read credentials from the environment, so that none is ever a parameter that Prefect stores.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from eloquence_pipeline.redaction import hide_secrets_of
from eloquence_pipeline.reporting.console import printer
from eloquence_pipeline.servers import Endpoints, ProgressSink, embedded_servers
from eloquence_pipeline.settings import Settings, load_settings

EVIDENCE_BUCKET = "eloquence"
EMBEDDED_TARGET = "embedded"


def environment_of(endpoints: Endpoints) -> dict[str, str]:
    """Return the environment variables that make the settings name these servers."""
    variables: dict[str, str] = {}
    if (livekit := endpoints.livekit) is not None:
        variables["ELOQUENCE_TARGET"] = EMBEDDED_TARGET
        variables["LIVEKIT_URL"] = livekit.url
        variables["LIVEKIT_API_KEY"] = livekit.api_key
        variables["LIVEKIT_API_SECRET"] = livekit.api_secret.get_secret_value()
    if (s3 := endpoints.s3) is not None:
        variables["ELOQUENCE_STORAGE__ENDPOINT_URL"] = s3.endpoint_url
        variables["ELOQUENCE_STORAGE__ACCESS_KEY"] = s3.access_key.get_secret_value()
        variables["ELOQUENCE_STORAGE__SECRET_KEY"] = s3.secret_key.get_secret_value()
        variables["ELOQUENCE_STORAGE__REGION"] = s3.region
        variables["ELOQUENCE_STORAGE__BUCKET"] = EVIDENCE_BUCKET
        variables["ELOQUENCE_STORAGE__CREATE_BUCKET"] = "true"
    if (prefect := endpoints.prefect) is not None:
        variables["PREFECT_API_URL"] = prefect.api_url
    return variables


@contextmanager
def exported(variables: dict[str, str]) -> Generator[None]:
    """Set environment variables for the time of a block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def servers_at_hand(progress: ProgressSink) -> Generator[Settings]:
    """Run what the settings do not name a server of the user's own for, and yield settings that name all.

    A flow started by the command finds everything there already; one started by a worker joins the
    servers in the background, or runs its own.
    """
    settings = load_settings()
    with (
        embedded_servers(
            settings,
            livekit=not settings.livekit_url,
            s3=not settings.storage.is_users_own,
            prefect=False,
            progress=progress,
        ) as endpoints,
        exported(environment_of(endpoints)),
    ):
        complete = load_settings()
        hide_secrets_of(complete)
        yield complete


@contextmanager
def store_at_hand(console: Console) -> Generator[Settings]:
    """Yield settings that name a store; the embedded one runs meanwhile where they name none."""
    settings = load_settings()
    with (
        embedded_servers(
            settings,
            livekit=False,
            s3=not settings.storage.is_users_own,
            prefect=False,
            progress=printer(console),
        ) as endpoints,
        exported(environment_of(endpoints)),
    ):
        complete = load_settings()
        hide_secrets_of(complete)
        yield complete


def users_own_prefect_api() -> str:
    """Return the Prefect API that the user has chosen by variable or profile, or an empty string."""
    return users_own_prefect_setting("PREFECT_API_URL")


def users_own_prefect_setting(name: str) -> str:
    """Return a setting of Prefect's client that the user has chosen by variable or profile, or nothing.

    Prefect itself is not asked: importing it takes seconds, and the embedded server can start
    meanwhile.
    """
    if value := os.environ.get(name):
        return value
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    path = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml")).expanduser()
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active", "")
    return str(profiles.get("profiles", {}).get(active, {}).get(name, ""))
