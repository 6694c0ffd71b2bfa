"""The ``eloquence`` command: arguments, one flow, an exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import typer

from eloquence_pipeline.errors import EloquenceError, ExitCode
from eloquence_pipeline.reporting.console import LogFormat
from flows.commands import (
    Options,
    prepare_servers,
    run_test,
    services_down,
    services_status,
    services_up,
    sync_evidence,
)
from flows.environment import exported
from flows.interruption import exit_code, terminate_like_interrupt
from flows.output import (
    LOG_FORMAT_FLAG,
    LOG_FORMAT_VARIABLE,
    command_console,
    json_is_asked_for,
    report_error,
)

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
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def run(
    context: typer.Context,
    test: Annotated[
        str, typer.Option("--test", metavar="NAME", help="Test to run: basic, stress or latency.")
    ] = "",
    all_tests: Annotated[
        bool, typer.Option("--all", help="Run every test, with one combined result.")
    ] = False,
    duration: Annotated[
        int | None,
        typer.Option(
            min=8, max=3600, metavar="S", help="basic: length of the test in seconds.", show_default="30"
        ),
    ] = None,
    packets: Annotated[
        int | None,
        typer.Option(
            min=1, max=1000, metavar="N", help="stress, latency: number of phrases.", show_default="50, 20"
        ),
    ] = None,
    interval: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=60_000,
            metavar="MS",
            help="stress, latency: pause between phrases in milliseconds.",
            show_default="500, 200",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="Repeat the phrases and pauses of an earlier run.",
            show_default="a new one",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the result as JSON to this file.")
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show debugging lines, and tracebacks of errors.")
    ] = False,
    log_format: Annotated[
        LogFormat | None,
        typer.Option(
            LOG_FORMAT_FLAG,
            help="Lines for people, or one JSON object a line, in every command.",
            show_default="text",
        ),
    ] = None,
) -> None:
    """Speak French coaching phrases through LiveKit, listen at the other end, and say how they arrived.

    [bold]Examples[/bold]

      eloquence --test basic --duration 60

      eloquence --test stress --packets 100 --interval 300

      eloquence --all --output results.json

      eloquence up && eloquence --all; eloquence down
    """
    if log_format is not None:
        context.with_resource(exported({LOG_FORMAT_VARIABLE: log_format}))
    given = {"duration_seconds": duration, "packets": packets, "interval_ms": interval, "seed": seed}
    parameters = {name: value for name, value in given.items() if value is not None}
    asked = test or all_tests or parameters or output is not None
    if context.invoked_subcommand is not None:
        if asked:
            raise typer.BadParameter(f"options of a test do not go with {context.invoked_subcommand!r}")
        return
    flow = _chosen_flow(test, all_tests=all_tests)
    _refuse_contradictions(flow, parameters)
    options = Options(flow=flow, parameters=parameters, output=output, verbose=verbose)
    _end_with(lambda: run_test(command_console(), options), verbose=verbose)


_FLAGS = {
    "duration_seconds": "--duration",
    "packets": "--packets",
    "interval_ms": "--interval",
    "seed": "--seed",
}
_UNDERSTOOD = {
    "basic": {"duration_seconds", "seed"},
    "stress": {"packets", "interval_ms", "seed"},
    "latency": {"packets", "interval_ms", "seed"},
    "suite": {"seed"},
}


def _chosen_flow(test: str, *, all_tests: bool) -> str:
    if all_tests and test:
        raise typer.BadParameter("give either --all or --test, not both", param_hint="--all")
    if all_tests:
        return "suite"
    names = [name for name in _UNDERSTOOD if name != "suite"]
    if test and test not in names:
        near = get_close_matches(test, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise typer.BadParameter(
            f"there is no test named {test!r} (known: {', '.join(names)}){hint}", param_hint="--test"
        )
    return test or "basic"


def _refuse_contradictions(flow: str, parameters: dict[str, int]) -> None:
    for name in parameters:
        if name not in _UNDERSTOOD[flow]:
            asked = "--all" if flow == "suite" else f"--test {flow}"
            raise typer.BadParameter(f"does not go with {asked}", param_hint=_FLAGS[name])


@app.command()
def prepare() -> None:
    """Find or build LiveKit and MinIO, so that no later command has to."""
    _end_with(lambda: prepare_servers(command_console()))


@app.command()
def doctor() -> None:
    """Check everything that a test needs, one line each, with what to do where something is wrong.

    The exit code is 3 when something is red.
    """
    from flows.doctor.diagnosis import diagnose  # noqa: PLC0415 - the speech engine and SciPy take a second

    _end_with(lambda: diagnose(command_console()))


@app.command()
def up() -> None:
    """Keep LiveKit, MinIO and a Prefect server running in the background; runs then use those."""
    _end_with(lambda: services_up(command_console()))


@app.command()
def status() -> None:
    """Show which servers are running, and where."""
    _end_with(lambda: services_status(command_console()))


@app.command()
def down() -> None:
    """Stop the servers that run in the background."""
    _end_with(lambda: services_down(command_console()))


@app.command(name="sync")
def sync_command() -> None:
    """Send the evidence of every run that is not yet in the store."""
    _end_with(lambda: sync_evidence(command_console()))


def _end_with(action: Callable[[], ExitCode], *, verbose: bool = False) -> None:
    """Run `action` and exit with its code; an error is one line, and a traceback only when asked for."""
    try:
        code = action()
    except EloquenceError as error:
        shown = error if verbose else None
        report_error(error.message, remedy=error.remedy, exit_code=error.exit_code, error=shown)
        raise typer.Exit(error.exit_code) from None
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


def main() -> None:
    """Run the command; the entry point of the package."""
    terminate_like_interrupt()
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
