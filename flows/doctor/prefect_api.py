"""Whether the user's Prefect API answers."""

from __future__ import annotations

import base64
import json
import ssl
from http import HTTPStatus
from importlib import metadata
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.redaction import hide_secrets
from eloquence_pipeline.reporting.checks import Check
from flows.doctor.web import Answer, ask
from flows.prefect_settings import users_own_prefect_api, users_own_prefect_setting

_SETTING = "PREFECT_API_URL"
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


def prefect_api(name: str) -> Check:
    """Ask the API for its health and version; none is started here, since that takes ten seconds."""
    url = users_own_prefect_api().rstrip("/")
    if not url:
        return Check.ok(name, "une API embarquée est lancée pour chaque test")
    hide_secrets(urlsplit(url).password or "")
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ConfigurationError(f"{_SETTING} is no URL: {url}", remedy="set it to http(s)://host:port/api")
    health = _ask(f"{url}/health")
    if health.status != HTTPStatus.OK:
        return judge_refusal(name, url, health.status)
    return judge_version(name, url, _ask(f"{url}/admin/version"), metadata.version("prefect"))


def _ask(url: str) -> Answer:
    parts = urlsplit(url)
    return ask(
        url,
        setting=_SETTING,
        headers=_credentials(),
        direct=parts.hostname in _LOOPBACK,  # where no proxy of the environment leads to
        tls=_tls() if parts.scheme == "https" else None,
    )


def _credentials() -> dict[str, str]:
    key = users_own_prefect_setting("PREFECT_API_KEY")
    login = users_own_prefect_setting("PREFECT_API_AUTH_STRING")
    hide_secrets(key, login)
    if key:
        return {"Authorization": f"Bearer {key}"}
    return {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"} if login else {}


def _tls() -> ssl.SSLContext:
    authorities = users_own_prefect_setting("PREFECT_API_SSL_CERT_FILE")
    try:
        return ssl.create_default_context(cafile=authorities or None)
    except OSError as error:
        raise ConfigurationError(
            f"PREFECT_API_SSL_CERT_FILE names {authorities}, which cannot be read ({error.strerror})",
            remedy="name the file of your certificate authority, or leave it out",
        ) from None


def judge_refusal(name: str, url: str, status: int) -> Check:
    """Judge an answer to the question for its health that was not 200."""
    if status in _REFUSALS:
        return Check.failed(
            name,
            f"{url} refuses the credentials (HTTP {status})",
            "set PREFECT_API_AUTH_STRING (your own server) or PREFECT_API_KEY (Prefect Cloud)",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Check.failed(name, f"{url} answers HTTP {status}", "look at the log of the Prefect server")
    return Check.failed(
        name,
        f"what answers at {url} is not the API of Prefect (HTTP {status})",
        "check PREFECT_API_URL: it ends in /api",
    )


def judge_version(name: str, url: str, answer: Answer, client: str) -> Check:
    """Compare the server's version with the client's; Prefect Cloud tells none."""
    if answer.status in _REFUSALS:
        return judge_refusal(name, url, answer.status)
    server, here = _version(answer), Version(client)
    if server is None:
        return Check.ok(name, url)
    if server.major != here.major:
        return Check.failed(
            name,
            f"{url} is Prefect {server}, this is {here}",
            "use a server of the same major version, or unset PREFECT_API_URL",
        )
    if (server.major, server.minor) < (here.major, here.minor):
        detail = f"{url} is Prefect {server}, older than {here} here"
        return Check.warning(name, detail, "bring the server up to date")
    return Check.ok(name, f"{url}, version {server}")


def _version(answer: Answer) -> Version | None:
    if answer.status != HTTPStatus.OK:
        return None
    try:
        return Version(str(json.loads(answer.body)))
    except (ValueError, InvalidVersion):
        return None
