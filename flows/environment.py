"""Hand the addresses of the servers to the flow.

Tasks read credentials from the environment, so that none is ever a parameter that Prefect stores.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager

from rich.console import Console

from eloquence_pipeline.redaction import hide_secrets_of
from eloquence_pipeline.reporting.console import printer
from eloquence_pipeline.servers import Endpoints, ProgressSink, embedded_servers
from eloquence_pipeline.settings import EMBEDDED_TARGET, Settings, load_settings
from flows.targets import environment_of_store_secrets, environment_of_target

EVIDENCE_BUCKET = "eloquence"


def environment_of(endpoints: Endpoints) -> dict[str, str]:
    """Return the environment variables that make the settings name these servers."""
    variables: dict[str, str] = {}
    if (livekit := endpoints.livekit) is not None:
        variables["ELOQUENCE_TARGET"] = EMBEDDED_TARGET
        variables["LIVEKIT_URL"] = livekit.url
        variables["LIVEKIT_API_KEY"] = livekit.api_key
        variables["LIVEKIT_API_SECRET"] = livekit.api_secret.get_secret_value()
        variables["ELOQUENCE_TESTS__LOAD__METRICS_URL"] = livekit.metrics_url
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
def secrets_at_hand(target: str = "") -> Generator[Settings]:
    """Yield settings that name the target, with the secrets that are kept elsewhere.

    Parameters
    ----------
    target
        Its name; empty for that of the settings.

    Raises
    ------
    ConfigurationError
        If there is no such target, or a secret is missing.
    """
    settings = load_settings()
    chosen = environment_of_target(settings, target) | environment_of_store_secrets(settings)
    with exported(chosen):
        yield _reloaded()


@contextmanager
def servers_at_hand(progress: ProgressSink, target: str = "", *, livekit: bool = True) -> Generator[Settings]:
    """Run what the settings do not name a server of the user's own for, and yield settings that name all.

    A flow started by the command finds everything there already; one started by a worker joins the
    servers in the background, or runs its own.

    Parameters
    ----------
    progress
        Is told what is started.
    target
        Name of the LiveKit server to test; empty for that of the settings.
    livekit
        Whether one is needed; a store always is.

    Raises
    ------
    ConfigurationError
        If there is no such target, or a secret is missing.
    ServerError
        If a server could not be had.
    """
    with (
        secrets_at_hand(target) as settings,
        embedded_servers(
            settings,
            livekit=livekit and not settings.livekit_url,
            s3=not settings.storage.is_users_own,
            prefect=False,
            progress=progress,
        ) as endpoints,
        exported(environment_of(endpoints)),
    ):
        yield _reloaded()


def store_at_hand(console: Console) -> AbstractContextManager[Settings]:
    """Yield settings that name a store; the embedded one runs meanwhile where they name none."""
    return servers_at_hand(printer(console), livekit=False)


def _reloaded() -> Settings:
    settings = load_settings()
    hide_secrets_of(settings)
    return settings
