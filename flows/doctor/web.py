"""One HTTP request, and what it means when there is no answer."""

from __future__ import annotations

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from typing import IO
from urllib.parse import urlsplit

from eloquence_pipeline.errors import EloquenceError

TIMEOUT_SECONDS = 5.0
_BODY_BYTES = 4096


@dataclass(frozen=True)
class Answer:
    """What a server answered; `headers` are found whatever their case."""

    status: int
    headers: Message
    body: str


def ask(
    url: str,
    *,
    setting: str,
    headers: Mapping[str, str] | None = None,
    direct: bool = True,
    tls: ssl.SSLContext | None = None,
) -> Answer:
    """Send a GET request and return the answer, whatever its status.

    Parameters
    ----------
    url
        http:// or https://.
    setting
        What the user has set the address with, for the remedy.
    headers
        Further ones; credentials belong here and not into the URL.
    direct
        Whether a proxy of the environment is passed by.
    tls
        How certificates are checked.

    Raises
    ------
    EloquenceError
        If there is no answer; it says why.
    """
    request = urllib.request.Request(url, headers=dict(headers or {}))  # noqa: S310 - the user's own server
    try:
        with _opener(direct, tls).open(request, timeout=TIMEOUT_SECONDS) as answer:
            return Answer(answer.status, answer.headers, _text(answer))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, _text(error))
    except urllib.error.URLError as error:
        reason = error.reason
        raise no_answer(url, reason if isinstance(reason, Exception) else OSError(reason), setting) from None
    except (OSError, http.client.HTTPException) as error:
        raise no_answer(url, error, setting) from None


def _opener(direct: bool, tls: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    # Put together by hand to have no handler of redirects: where an address leads to is an answer as
    # well, and not every client follows.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler({} if direct else None),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=tls),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


def _text(answer: IO[bytes]) -> str:
    return answer.read(_BODY_BYTES).decode("utf-8", "replace")


def no_answer(url: str, error: Exception, setting: str) -> EloquenceError:
    """Return what an error of the network means, with what to do about it."""
    parts = urlsplit(url)
    words = {
        "host": parts.hostname or "",
        "place": parts.netloc.rpartition("@")[2],
        "setting": setting,
        "reason": _reason(error),
    }
    message, remedy = next(
        (message, remedy) for kinds, message, remedy in _MEANINGS if isinstance(error, kinds)
    )
    return EloquenceError(message.format(**words), remedy=remedy.format(**words))


def _reason(error: Exception) -> str:
    for attribute in ("verify_message", "reason", "strerror"):
        if told := getattr(error, attribute, None):
            return str(told)
    return str(error) or type(error).__name__


# The first that fits: some of these are kinds of others.
_MEANINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str, str], ...] = (
    (
        socket.gaierror,
        "the name {host} cannot be resolved ({reason})",
        "check the spelling in {setting}, and the DNS of this machine",
    ),
    (
        ConnectionRefusedError,
        "nothing listens at {place} (connection refused)",
        "check that the server is running, and the port in {setting}",
    ),
    (
        ssl.SSLCertVerificationError,
        "the TLS certificate of {place} is not accepted ({reason})",
        "use the name that the certificate is for, or let this machine trust its issuer",
    ),
    (
        ssl.SSLError,
        "{place} does not speak TLS ({reason})",
        "check port and scheme in {setting}: ws:// or http:// where there is no TLS",
    ),
    (
        TimeoutError,
        f"{{place}} does not answer within {TIMEOUT_SECONDS:.0f} s",
        "check the address in {setting}, and the firewalls on the way",
    ),
    (
        (ConnectionResetError, http.client.HTTPException),
        "what listens at {place} does not speak HTTP ({reason})",
        "check port and scheme in {setting}",
    ),
    (Exception, "{place} cannot be reached ({reason})", "check {setting}, and the network of this machine"),
)
