"""Where the command writes, and in which format: text for people, or one JSON object a line."""

from __future__ import annotations

import os
import sys
import traceback
from itertools import pairwise
from typing import cast

from rich.console import Console

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.redaction import hide_secrets_of
from eloquence_pipeline.reporting.console import LogFormat, make_console, print_error
from eloquence_pipeline.settings import choose_file, load_settings

LOG_FORMAT_FLAG = "--log-format"
CONFIG_FLAG = "--config"
LOG_FORMAT_VARIABLE = "ELOQUENCE_LOG_FORMAT"


def command_console(*, errors: bool = False) -> Console:
    """Return the console of standard output, or error, in the chosen format.

    From here on no secret of the settings shows.
    """
    return make_console(_chosen_format(), errors=errors)


def report_error(message: str, *, remedy: str = "", exit_code: int, error: Exception | None = None) -> None:
    """Say on standard error why the command ends, with the traceback of `error`."""
    told = "".join(traceback.format_exception(error)) if error else ""
    print_error(command_console(errors=True), message, remedy=remedy, exit_code=exit_code, traceback=told)


def json_is_asked_for() -> bool:
    """Whether the command line, which may be wrong otherwise, or else the settings ask for JSON."""
    arguments = sys.argv[1:]
    named = [value for flag, value in pairwise(arguments) if flag == CONFIG_FLAG]
    named += [flag.partition("=")[2] for flag in arguments if flag.startswith(f"{CONFIG_FLAG}=")]
    if named:
        choose_file(named[-1])
    given = [value for flag, value in pairwise(arguments) if flag == LOG_FORMAT_FLAG]
    given += [flag.partition("=")[2] for flag in arguments if flag.startswith(f"{LOG_FORMAT_FLAG}=")]
    return (given[-1] if given else _chosen_format()) == "json"


def _chosen_format() -> LogFormat:
    try:
        settings = load_settings()
    except ConfigurationError:
        return cast(LogFormat, os.environ.get(LOG_FORMAT_VARIABLE, "text"))
    hide_secrets_of(settings)
    return settings.log_format
