"""What the command shows, for machines: one JSON object a line."""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime
from io import StringIO
from typing import Any, TextIO

from pydantic_core import to_json
from rich.console import Console
from rich.text import Text

from eloquence_pipeline.redaction import redact, redacted
from eloquence_pipeline.reporting.patient_console import PatientConsole

COMMAND = "ELOQUENCE"
"""Component of the lines that are the command's own."""

_PLAIN_WIDTH = 200
# str.splitlines and some readers of lines end a line here, where JSON itself has no need to escape.
_LINE_ENDS = str.maketrans({character: f"\\u{ord(character):04x}" for character in "\x85\u2028\u2029"})


class JsonConsole(PatientConsole):
    """A console that writes one JSON object a line, whatever it is asked to print.

    What is known by its parts goes through :meth:`write`; whatever else is printed becomes a line of
    kind ``info`` for each line of text, so that nothing but JSON can appear.
    """

    def __init__(self, file: TextIO) -> None:
        super().__init__(file=file, color_system=None, force_terminal=False)

    def print(self, *objects: Any, **options: Any) -> None:
        """Write what `objects` look like as text, one object a line."""
        text = StringIO()
        Console(file=text, width=_PLAIN_WIDTH, color_system=None, force_terminal=False).print(
            *objects, **options
        )
        for line in text.getvalue().splitlines():
            if line.strip():
                self.write("info", line.strip())

    def write(
        self,
        kind: str,
        message: str,
        *,
        level: int = logging.INFO,
        component: str = COMMAND,
        at: float | None = None,
        **more: Any,
    ) -> None:
        """Write one object.

        Parameters
        ----------
        kind, message, level, component
            As of a log record.
        at
            When, in epoch seconds; now when left out.
        more
            Further fields of the object, cleaned of secrets.
        """
        when = datetime.fromtimestamp(time.time() if at is None else at, UTC)
        line = {
            "timestamp": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": logging.getLevelName(level),
            "component": component,
            "kind": kind,
            "message": redact(message),
        } | redacted(more)
        text = to_json(line, inf_nan_mode="null", fallback=str).decode().translate(_LINE_ENDS)
        super().print(Text(text), soft_wrap=True)


class JsonHandler(logging.Handler):
    """Write each log record as one object; progress is for eyes and left out."""

    def __init__(self, console: JsonConsole) -> None:
        super().__init__(level=logging.DEBUG)
        self._console = console

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        try:
            fields = record.__dict__
            self._console.write(
                fields.get("kind", "info"),
                record.getMessage(),
                level=record.levelno,
                component=fields.get("component", record.name),
                at=record.created,
                content=fields.get("content", {}),
            )
        except Exception:
            self.handleError(record)
