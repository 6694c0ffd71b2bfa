"""Keep access tokens out of everything that is shown or stored.

The SDK puts the whole token into the text of its 401 error, and its native part prints it on
standard error. Exception texts reach Prefect's state messages, logs and events, so the token is
taken out where SDK text enters the project, and the file descriptor itself is filtered as well.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Generator
from contextlib import contextmanager

REDACTED = "[token redacted]"

# A JSON Web Token: two base64url objects that begin with {" and a signature. An access_token query
# parameter is cut whatever it looks like.
_TOKEN = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){1,2}|(?<=access_token=)[^&\s\"']+|(?<=join_request=)[^&\s\"']+"
)


def redact(text: str) -> str:
    """Return `text` with every token replaced."""
    return _TOKEN.sub(REDACTED, text)


class _RedactingFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        cleaned = redact(message)
        if cleaned != message:
            record.msg, record.args = "%s", (cleaned,)
        return True


def redact_sdk_logs() -> None:
    """Make the SDK's Python logger redact tokens; calling it again changes nothing."""
    logger = logging.getLogger("livekit")
    if not any(isinstance(known, _RedactingFilter) for known in logger.filters):
        logger.addFilter(_RedactingFilter())


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
