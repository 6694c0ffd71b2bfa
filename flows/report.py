"""``eloquence report`` and ``eloquence open``: the HTML report of a stored run, made again or shown."""

from __future__ import annotations

import os
import sys
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from eloquence_pipeline.errors import ConfigurationError, ExitCode
from eloquence_pipeline.files import write_atomically
from eloquence_pipeline.report import ReportOptions, report_of
from eloquence_pipeline.reporting.console import shown_on
from eloquence_pipeline.reporting.html import Language
from eloquence_pipeline.reporting.html.environment import size_text
from eloquence_pipeline.settings import Settings, load_settings
from eloquence_pipeline.storage.run_files import REPORT_FILE
from flows.commands import require_output
from flows.stored_folder import folder_at_hand

_MADE_REPORTS = "reports"
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")


@dataclass(frozen=True)
class RequestedReport:
    """What the command line asks for.

    Attributes
    ----------
    run
        What names the run.
    output
        Where the report goes; None is a file in the current folder.
    language
        What is shown first; None takes that of the settings.
    """

    run: str
    output: Path | None
    language: Language | None
    verbose: bool


def write_report(console: Console, asked: RequestedReport) -> ExitCode:
    """Make the report of a stored run again, from its evidence; the run stays as it is.

    Raises
    ------
    EloquenceError
        If there is no such run, it cannot be read, or the file cannot be written.
    """
    settings = load_settings()
    require_output(asked.output)
    with shown_on(console, verbose=asked.verbose), folder_at_hand(console, asked.run) as folder:
        output = asked.output or Path(f"report-{folder.name}.html")
        require_output(output)
        _write(console, folder, output, _language(asked.language, settings), settings)
    return ExitCode.PASSED


def open_report(console: Console, run: str, language: Language | None) -> ExitCode:
    """Show the report of a run in a browser, or say where it is where there is none.

    A report that this machine has written is shown as it is. Any other is made here, from evidence that has
    been compared with its manifest: a page from elsewhere could hold anything.

    Raises
    ------
    EloquenceError
        If there is no such run, it cannot be read, or no report can be written.
    """
    settings = load_settings()
    with shown_on(console, verbose=False), folder_at_hand(console, run) as folder:
        page = folder / REPORT_FILE
        own = folder.is_relative_to(settings.folders.results.absolute())
        if not (own and page.is_file()) or language is not None:
            page = settings.folders.cache.absolute() / _MADE_REPORTS / f"{folder.name}.html"
            _make_room(page.parent)
            _write(console, folder, page, _language(language, settings), settings)
        else:
            console.print(f"Rapport : {page}", soft_wrap=True, markup=False, highlight=False)
    if not _shown_in_a_browser(page):
        console.print("no browser here: open that file in one", soft_wrap=True, markup=False)
    return ExitCode.PASSED


def _language(asked: Language | None, settings: Settings) -> Language:
    return settings.report.language if asked is None else asked


def _write(console: Console, folder: Path, output: Path, language: Language, settings: Settings) -> None:
    beside = output.absolute().parent == folder.absolute()
    if beside and output.exists():
        raise ConfigurationError(
            f"{output} is part of the evidence, which is never changed",
            remedy="name a file in another folder with --output",
        )
    content = report_of(folder, ReportOptions(language, settings.report.phrases, beside=beside)).encode()
    write_atomically(output, content)
    told = f"Rapport : {output} ({size_text(len(content))})"
    console.print(told, soft_wrap=True, markup=False, highlight=False)


def _make_room(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the folder {folder} cannot be made: {error.strerror}",
            remedy="set ELOQUENCE_FOLDERS__CACHE, or use `eloquence report RUN --output FILE`",
        ) from None


def _shown_in_a_browser(page: Path) -> bool:
    """Return whether a browser was asked to show a page; one of the terminal would take the terminal."""
    windowless = sys.platform.startswith("linux") and not any(os.environ.get(name) for name in _DISPLAYS)
    return not windowless and webbrowser.open(page.as_uri())
