"""The ``eloquence`` command: arguments, one flow, an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from eloquence_pipeline.errors import EloquenceError, ExitCode
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.reporting.console import make_console, make_output
from eloquence_pipeline.settings import choose_file
from flows.commands import (
    Options,
    prepare_servers,
    run_test,
    services_down,
    services_status,
    services_up,
    show_schema,
    show_settings,
    sync_evidence,
)
from flows.interruption import exit_code, terminate_like_interrupt

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

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings as JSON; a name that is empty reads none.",
        show_default="config.json, if it is there",
    ),
]


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
    config: ConfigOption = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show debugging lines, and tracebacks of errors.")
    ] = False,
) -> None:
    """Speak French coaching phrases through LiveKit, listen at the other end, and say how they arrived.

    [bold]Examples[/bold]

      eloquence --test basic --duration 60

      eloquence --test stress --packets 100 --interval 300

      eloquence --all --output results.json

      eloquence up && eloquence --all; eloquence down
    """
    _use_file(config)
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
    _end_with(lambda: run_test(make_console(), options), verbose=verbose)


def _use_file(name: str | None) -> None:
    if name is not None:
        choose_file(name)


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
    _end_with(lambda: prepare_servers(make_console()))


@app.command()
def up() -> None:
    """Keep LiveKit, MinIO and a Prefect server running in the background; runs then use those."""
    _end_with(lambda: services_up(make_console()))


@app.command()
def status() -> None:
    """Show which servers are running, and where."""
    _end_with(lambda: services_status(make_console()))


@app.command()
def down() -> None:
    """Stop the servers that run in the background."""
    _end_with(lambda: services_down(make_console()))


@app.command(name="config")
def config_command(
    config: ConfigOption = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of the file instead.")
    ] = False,
) -> None:
    """Show every setting, and where it comes from."""
    _use_file(config)
    _end_with(show_schema if schema else lambda: show_settings(make_output()))


@app.command(name="sync")
def sync_command() -> None:
    """Send the evidence of every run that is not yet in the store."""
    _end_with(lambda: sync_evidence(make_console()))


def _end_with(action: Callable[[], ExitCode], *, verbose: bool = False) -> None:
    """Run `action` and exit with its code; an error is one line, and a traceback only when asked for."""
    try:
        code = action()
    except EloquenceError as error:
        _print_error(error, verbose=verbose)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt as interruption:
        typer.secho("interrupted; what was recorded so far stays in the results folder", err=True)
        raise typer.Exit(exit_code(interruption)) from None
    except Exception as error:
        if verbose:
            typer.echo(redact(traceback.format_exc()), err=True)
        typer.secho(f"❌ unexpected {type(error).__name__}: {redact(str(error))}", fg="red", err=True)
        typer.secho("   → run it again with --verbose and report the traceback", err=True)
        raise typer.Exit(ExitCode.NOT_CARRIED_OUT) from None
    raise typer.Exit(code)


def _print_error(error: EloquenceError, *, verbose: bool) -> None:
    if verbose:
        typer.echo(redact("".join(traceback.format_exception(error))), err=True)
    typer.secho(f"❌ {error.message}", fg="red", err=True)
    if error.remedy:
        typer.secho(f"   → {error.remedy}", err=True)


def main() -> None:
    """Run the command; the entry point of the package."""
    terminate_like_interrupt()
    app()
