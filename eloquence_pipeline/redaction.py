"""Keep access tokens and the secrets of the settings out of everything that is shown or stored.

The SDK puts the whole token into the text of its 401 error, and its native part prints it on
standard error. Exception texts reach Prefect's state messages, logs and events, so the token is
taken out where SDK text enters the project, and the file descriptor itself is filtered as well.
Secrets are known by their value: whoever reads settings tells :func:`hide_secrets_of` of them.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any, cast

from eloquence_pipeline.settings import Settings

REDACTED = "[token redacted]"
SECRET_REDACTED = "[secret redacted]"  # noqa: S105 - what is shown in the place of one

_SHORTEST_SECRET = 4
"""What is shorter keeps no secret, and taking it out would leave no text readable."""

# A JSON Web Token: two base64url objects that begin with {" and a signature. An access_token query
# parameter is cut whatever it looks like.
_TOKEN = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}|(?<=access_token=)[^&\s\"']+|(?<=join_request=)[^&\s\"']+"
)


class _KnownSecrets:
    """The values that are taken out of every text from now on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, values: Iterable[str]) -> None:
        with self._lock:
            self._values |= {value for value in values if len(value) >= _SHORTEST_SECRET}
            if self._values:
                # The longest first, should one be the beginning of another; the marker is matched too, so
                # that a text that is cleaned twice stays as it is.
                alternatives = sorted(self._values, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, [SECRET_REDACTED, *alternatives])))

    def cleaned(self, text: str) -> str:
        return self._pattern.sub(SECRET_REDACTED, text) if self._pattern else text


_known_secrets = _KnownSecrets()


def hide_secrets(*values: str) -> None:
    """Take these values out of every text that is redacted from now on."""
    _known_secrets.add(values)


def hide_secrets_of(settings: Settings) -> None:
    """Take the secrets of the settings out of every text that is redacted from now on."""
    storage = settings.storage
    secrets = (settings.api_secret, storage.access_key, storage.secret_key, storage.session_token)
    hide_secrets(*(secret.get_secret_value() for secret in secrets))


def redact(text: str) -> str:
    """Return `text` with every token and every known secret replaced."""
    return _known_secrets.cleaned(_TOKEN.sub(REDACTED, text))


def redacted(value: Any) -> Any:
    """Return `value` with the texts in it redacted, however deep in dictionaries, lists and tuples."""
    if isinstance(value, str):
        cleaned = redact(value)
        return value if cleaned == value else cleaned  # which would be a plain text, no member of an enum
    if isinstance(value, dict):
        return {key: redacted(item) for key, item in cast(dict[Any, Any], value).items()}
    if isinstance(value, (list, tuple)):
        return [redacted(item) for item in cast(list[Any], value)]
    return value


class RedactingFilter(logging.Filter):
    """Take tokens and secrets out of the records that pass a logger or handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record in its place, and let it pass."""
        message = record.getMessage()
        cleaned = redact(message)
        if cleaned != message:
            record.msg, record.args = "%s", (cleaned,)
        if (content := record.__dict__.get("content")) is not None:
            record.__dict__["content"] = redacted(content)
        if record.exc_info:
            # A formatter prefers this text to the exception itself.
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        return True


def redact_sdk_logs() -> None:
    """Make the SDK's Python logger redact tokens; calling it again changes nothing."""
    logger = logging.getLogger("livekit")
    if not any(isinstance(known, RedactingFilter) for known in logger.filters):
        logger.addFilter(RedactingFilter())


@contextmanager
def redacted_standard_error() -> Generator[None]:
    """Filter tokens out of file descriptor 2 while the context lasts.

    The native part of the SDK writes there directly, past ``sys.stderr``.
    """
    original = os.dup(2)
    reader, writer = os.pipe()
    os.dup2(writer, 2)
    os.close(writer)
    pump = threading.Thread(
        target=_pump_redacted, args=(reader, original), name="stderr-redaction", daemon=True
    )
    pump.start()
    try:
        yield
    finally:
        os.dup2(original, 2)  # closes the pipe's last writer, so the pump sees the end and drains
        pump.join(timeout=2)
        # A child that was started meanwhile may hold the pipe open; then the pump goes on reading, and
        # its descriptors must not be given to anyone else.
        if not pump.is_alive():
            os.close(reader)
            os.close(original)


def _pump_redacted(reader: int, original: int) -> None:
    pending = b""
    while chunk := os.read(reader, 65536):
        # A token may be cut by the chunk's end: only whole lines go out, except that what cannot
        # hold the beginning of a token is passed on at once.
        complete, newline, pending = (pending + chunk).rpartition(b"\n")
        out = complete + newline
        if b"eyJ" not in pending and b"=" not in pending:
            out, pending = out + pending, b""
        _write_all(
            original, redact(out.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        )
    _write_all(
        original, redact(pending.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    )


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
