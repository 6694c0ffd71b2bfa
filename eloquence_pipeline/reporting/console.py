"""Log lines on a terminal, with a progress bar below them, or as JSON."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, Literal, TextIO, cast

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from eloquence_pipeline.models import LatencyClass, LossClass
from eloquence_pipeline.pipeline_logger import PROGRESS, ROOT_LOGGER
from eloquence_pipeline.redaction import RedactingFilter, redact
from eloquence_pipeline.reporting.colours import class_style, level_style
from eloquence_pipeline.reporting.json_lines import JsonConsole, JsonHandler
from eloquence_pipeline.reporting.patient_console import PatientConsole

LogFormat = Literal["text", "json"]

_UNWRAPPED_COLUMNS = 240
_SILENCE_SECONDS = 60.0
"""In a log, which has no bar, so much time may pass without a sign of life."""


def _style(record: logging.LogRecord) -> str:
    judged = record.__dict__.get("content", {}).get("class")
    if isinstance(judged, LatencyClass | LossClass):
        return class_style(judged)
    return level_style(record.levelno)


class ConsoleHandler(logging.Handler):
    """Show log lines on a terminal, in the seed's colours, and progress as one bar below them.

    Without a terminal progress is a line, where nothing else has been told for a minute.
    """

    def __init__(self, console: Console) -> None:
        super().__init__(level=PROGRESS)
        self._console = console
        self._told_at = time.monotonic()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # Drawing takes the interpreter's lock away from the thread that sends audio.
            refresh_per_second=2,
        )
        self._bar: TaskID | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Print a line, or move the bar."""
        try:
            if getattr(record, "kind", "") == "progress":
                self._show_progress(record.__dict__["content"])
            else:
                self._print(Text(record.getMessage(), style=_style(record)))
        except Exception:
            self.handleError(record)

    def _show_progress(self, content: dict[str, Any]) -> None:
        if not self._console.is_terminal:
            if time.monotonic() - self._told_at >= _SILENCE_SECONDS:
                self._print(Text("⏳ {description}, {completed:.0f}/{total:.0f} {unit}".format(**content)))
            return
        if self._bar is None:
            self._progress.start()
            self._bar = self._progress.add_task(content["description"], unit=content["unit"])
        # All of it: what the bar showed before may have broken off.
        self._progress.update(self._bar, **content)
        if content["completed"] >= content["total"]:
            self.end_progress()

    def _print(self, line: Text) -> None:
        self._told_at = time.monotonic()
        self._console.print(line, soft_wrap=True)

    def end_progress(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._progress.stop()
            self._progress.remove_task(self._bar)
            self._bar = None

    def close(self) -> None:
        """Take the bar away and end."""
        self.end_progress()
        super().close()


def make_console(log_format: LogFormat = "text", *, errors: bool = False) -> Console:
    """Return the console of standard output, or of standard error.

    Colours go off without a terminal and with NO_COLOR.

    Parameters
    ----------
    log_format
        ``json`` makes every line one JSON object.
    errors
        Standard error instead of standard output.
    """
    stream: TextIO = sys.stderr if errors else sys.stdout
    # A locale that knows no emoji is no reason to fail; JSON is UTF-8 by definition.
    _reconfigure(stream, encoding="utf-8" if log_format == "json" else None)
    if log_format == "json":
        return JsonConsole(stream)
    is_terminal = stream.isatty()
    return PatientConsole(
        file=stream,
        highlight=False,
        color_system=None if os.environ.get("NO_COLOR") or not is_terminal else "auto",
        # Asked once: during a transmission standard error goes through a filter, which is no terminal.
        force_terminal=is_terminal,
    )


def _reconfigure(stream: TextIO, encoding: str | None) -> None:
    if isinstance(stream, TextIOWrapper):
        cast(TextIOWrapper, stream).reconfigure(encoding=encoding, errors="backslashreplace")


def make_output() -> Console:
    """Return the console for what somebody may want to read on.

    Without a terminal lines are not wrapped at 80 columns, so that ``grep`` finds whole ones.
    """
    narrow = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if narrow else _UNWRAPPED_COLUMNS)


@contextmanager
def shown_on(console: Console, *, verbose: bool) -> Generator[None]:
    """Show the pipeline's log lines on `console` while the context lasts."""
    logger = logging.getLogger(ROOT_LOGGER)
    handler = JsonHandler(console) if isinstance(console, JsonConsole) else ConsoleHandler(console)
    handler.addFilter(lambda record: verbose or record.levelno != logging.DEBUG)
    handler.addFilter(RedactingFilter())
    logger.addHandler(handler)
    logger.setLevel(PROGRESS)
    logger.propagate = False
    sdk = logging.getLogger("livekit")
    if verbose:
        sdk.addHandler(handler)
    try:
        yield
    finally:
        sdk.removeHandler(handler)
        logger.removeHandler(handler)
        handler.close()


def print_error(
    console: Console, message: str, *, remedy: str = "", exit_code: int, traceback: str = ""
) -> None:
    """Say why the command ends.

    Parameters
    ----------
    console
        Of standard error.
    message, remedy
        What went wrong, and what to do about it.
    exit_code
        What the shell is told.
    traceback
        Should one be wanted.
    """
    if isinstance(console, JsonConsole):
        more: dict[str, Any] = {"traceback": traceback} if traceback else {}
        console.write("error", message, level=logging.ERROR, remedy=remedy, exit_code=exit_code, **more)
        return
    if traceback:
        console.print(Text(redact(traceback)), soft_wrap=True)
    console.print(Text(f"❌ {redact(message)}", style="red"), soft_wrap=True)
    if remedy:
        console.print(Text(f"   → {redact(remedy)}"), soft_wrap=True)


def printer(console: Console) -> Callable[[str], None]:
    """Return a function that prints one line about what the command is doing."""

    def show(line: str) -> None:
        if isinstance(console, JsonConsole):
            console.write("info", line)
        else:
            console.print(f"… {line}", style="dim", soft_wrap=True, markup=False)

    return show


@contextmanager
def waiting(console: Console, what: str) -> Generator[Callable[[str], None]]:
    """Yield a function that shows how far a wait is: one moving line on a terminal, else a line each.

    The function may be called later, too; then it prints.
    """
    show = printer(console)
    if not console.is_terminal:
        show(what)
        yield show
        return
    with console.status(what) as status:
        moving = True

        def update(line: str) -> None:
            if moving:
                status.update(escape(line))
            else:
                show(line)

        try:
            yield update
        finally:
            moving = False
