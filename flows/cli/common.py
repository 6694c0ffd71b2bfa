"""What every subcommand shares: options, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from eloquence_pipeline.errors import EloquenceError, ExitCode
from eloquence_pipeline.settings import choose_file
from flows.interruption import exit_code
from flows.output import report_error

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings as JSON; a name that is empty reads none.",
        show_default="config.json, if it is there",
    ),
]


VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks of errors.")]


def use_file(name: str | None) -> None:
    """Read the settings from the file of ``--config``, where one is given."""
    if name is not None:
        choose_file(name)


def end_with(action: Callable[[], ExitCode], *, verbose: bool = False) -> None:
    """Run `action` and exit with its code; an error is one line, and a traceback only when asked for."""
    try:
        code = action()
    except EloquenceError as error:
        shown = error if verbose else None
        report_error(error.message, remedy=error.remedy, exit_code=error.exit_code, error=shown)
        raise typer.Exit(error.exit_code) from None
    except typer.BadParameter:
        raise  # typer shows it with the usage
    except KeyboardInterrupt as interruption:
        ending = exit_code(interruption)
        report_error("interrupted; what was recorded so far stays in the results folder", exit_code=ending)
        raise typer.Exit(ending) from None
    except Exception as error:
        report_error(
            f"unexpected {type(error).__name__}: {error}",
            remedy="run it again with --verbose and report the traceback",
            exit_code=ExitCode.NOT_CARRIED_OUT,
            error=error if verbose else None,
        )
        raise typer.Exit(ExitCode.NOT_CARRIED_OUT) from None
    raise typer.Exit(code)
