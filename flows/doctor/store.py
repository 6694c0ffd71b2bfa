"""Whether evidence can be stored: a small object there and back."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from eloquence_pipeline.redaction import hide_secrets
from eloquence_pipeline.reporting.checks import Check
from eloquence_pipeline.servers import S3Endpoint, embedded_servers
from eloquence_pipeline.servers.binaries import find_binary
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.object_store import ObjectStore
from eloquence_pipeline.storage.store import open_store
from flows.doctor.embedded import leaving_nothing
from flows.environment import EVIDENCE_BUCKET


def store(name: str, settings: Settings, folder: Path) -> Check:
    """Write, read, compare and remove an object in the user's store or an embedded one."""
    with ExitStack() as stack:
        if settings.storage.is_users_own:
            found = open_store(settings.storage)
            tried = found.check(create=settings.storage.create_bucket)
        elif find_binary(settings, "minio") is None:
            return Check.not_checked(name, "there is no minio yet to start")
        else:
            own = leaving_nothing(settings, folder)
            servers = embedded_servers(own, livekit=False, s3=True, prefect=False)
            found = _embedded_store(stack.enter_context(servers).s3)
            tried = found.check(create=True)
    bucket = f", bucket {found.bucket}" if isinstance(found, ObjectStore) else ""
    detail = f"{found.place}{bucket} : écrit et relu"
    if tried.kept_key:
        remedy = f"remove {tried.kept_key} by hand; tests themselves remove nothing"
        return Check.warning(name, f"{detail}, but the store lets nothing be removed", remedy)
    if not tried.writes_once:
        remedy = "let no two machines send the same results folder; runs are looked for before they are sent"
        return Check.warning(name, f"{detail}, but the store does not refuse to overwrite", remedy)
    return Check.ok(name, detail if settings.storage.is_users_own else f"{detail} (embarqué)")


def _embedded_store(endpoint: S3Endpoint | None) -> ObjectStore:
    assert endpoint is not None  # noqa: S101 - for the type checker
    hide_secrets(endpoint.access_key.get_secret_value(), endpoint.secret_key.get_secret_value())
    return ObjectStore(
        endpoint_url=endpoint.endpoint_url,
        bucket=EVIDENCE_BUCKET,
        region=endpoint.region,
        access_key=endpoint.access_key,
        secret_key=endpoint.secret_key,
    )
