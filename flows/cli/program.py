"""The ``eloquence`` command: arguments, one flow, an exit code."""

from __future__ import annotations

import logging
import sys
from typing import Any

import typer

from eloquence_pipeline.errors import ExitCode
from flows.cli.machine import config_command, deploy, doctor, down, prepare, status, up
from flows.cli.stored_runs import (
    compare_command,
    history_command,
    open_command,
    prune_command,
    replay_command,
    report_command,
    sync_command,
)
from flows.cli.testing import run_command
from flows.environment import exported
from flows.interruption import terminate_like_interrupt
from flows.output import LOG_FORMAT_VARIABLE, json_is_asked_for, report_error

EXIT_CODES = """
[bold]Exit codes[/bold]

 0  the test passed
 1  a threshold was missed
 2  wrong usage or configuration; nothing was started
 3  the test could not be carried out, the tester was too slow to tell,
    or the evidence could not be stored
"""

app = typer.Typer(
    name="eloquence",
    epilog=EXIT_CODES,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(run_command)
for _subcommand in (prepare, doctor, up, deploy, status, down):
    app.command()(_subcommand)
for _name, _subcommand in {
    "config": config_command,
    "sync": sync_command,
    "prune": prune_command,
    "replay": replay_command,
    "report": report_command,
    "open": open_command,
    "history": history_command,
    "compare": compare_command,
}.items():
    app.command(name=_name)(_subcommand)


def main() -> None:
    """Run the command; the entry point of the package."""
    terminate_like_interrupt()
    # pyttsx3 calls the functions of `logging` itself, which give the root logger a handler of theirs where it
    # has none; every line of Prefect would then show on standard error.
    logging.getLogger().addHandler(logging.NullHandler())
    if json_is_asked_for():
        with exported({LOG_FORMAT_VARIABLE: "json"}):
            sys.exit(_run_with_usage_errors_as_json())
    app()


def _run_with_usage_errors_as_json() -> int:
    try:
        # Outside its standalone mode Typer returns the exit code, and raises what it would print.
        ended: Any = app(standalone_mode=False)
    except Exception as error:
        # Click's errors come from Click or from Typer's own copy of it: they are known by this method.
        say = getattr(error, "format_message", None)
        if say is None:
            raise
        report_error(say(), remedy="see eloquence --help", exit_code=ExitCode.USAGE)
        return ExitCode.USAGE
    return int(ended or 0)
