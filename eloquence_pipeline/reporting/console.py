"""Log lines on a terminal, with a progress bar below them."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from eloquence_pipeline.pipeline_logger import METRIC, PROGRESS, ROOT_LOGGER

_UNWRAPPED_COLUMNS = 240


def _style(level: int) -> str:
    if level >= logging.ERROR:
        return "red"
    if level >= logging.WARNING:
        return "yellow"
    if level == METRIC:
        return "magenta"
    return "cyan" if level <= logging.DEBUG else "green"


class ConsoleHandler(logging.Handler):
    """Show log lines on a terminal, in the seed's colours, and progress as one bar below them."""

    def __init__(self, console: Console) -> None:
        super().__init__(level=PROGRESS)
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} s"),
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
                self._console.print(Text(record.getMessage(), style=_style(record.levelno)), soft_wrap=True)
        except Exception:
            self.handleError(record)

    def _show_progress(self, content: dict[str, Any]) -> None:
        if not self._console.is_terminal:
            return
        if self._bar is None:
            self._progress.start()
            self._bar = self._progress.add_task(content["description"], total=content["total"])
        self._progress.update(self._bar, completed=content["completed"], total=content["total"])
        if content["completed"] >= content["total"]:
            self.end_progress()

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


def make_console() -> Console:
    """Return the console for people; colours go off without a terminal or with NO_COLOR."""
    return Console(
        file=sys.stderr,
        highlight=False,
        no_color="NO_COLOR" in os.environ or None,
        # Asked once: during a transmission standard error goes through a filter, which is no terminal.
        force_terminal=sys.stderr.isatty(),
    )


def make_output() -> Console:
    """Return the console for what somebody may want to read on: standard output.

    Without a terminal lines are not wrapped at 80 columns, so that ``grep`` finds whole ones.
    """
    narrow = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, width=None if narrow else _UNWRAPPED_COLUMNS)


@contextmanager
def shown_on(console: Console, *, verbose: bool) -> Generator[ConsoleHandler]:
    """Show the pipeline's log lines on `console` while the context lasts."""
    logger = logging.getLogger(ROOT_LOGGER)
    handler = ConsoleHandler(console)
    handler.addFilter(lambda record: verbose or record.levelno != logging.DEBUG)
    logger.addHandler(handler)
    logger.setLevel(PROGRESS)
    logger.propagate = False
    try:
        yield handler
    finally:
        logger.removeHandler(handler)
        handler.close()


def printer(console: Console) -> Callable[[str], None]:
    """Return a function that prints one line about what the command is doing."""

    def show(line: str) -> None:
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
