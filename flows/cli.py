"""The ``eloquence`` command: arguments, one flow, an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

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
from tasks.own_test_loader import absolute_spec, load_own_test, registered_tests

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
        str,
        typer.Option(
            "--test",
            metavar="NAME",
            help="Test to run: basic, stress, latency, or one of your own (file.py:function).",
        ),
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
    speakers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=8,
            metavar="N",
            help="stress: how many speak at the same time in one room.",
            show_default="1",
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
    given = {
        "duration_seconds": duration,
        "packets": packets,
        "interval_ms": interval,
        "speakers": speakers,
        "seed": seed,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    asked = test or all_tests or parameters or output is not None
    if context.invoked_subcommand is not None:
        if asked:
            raise typer.BadParameter(f"options of a test do not go with {context.invoked_subcommand!r}")
        return
    _end_with(
        lambda: run_test(
            make_console(),
            Options(*_chosen_flow(test, parameters, all_tests=all_tests), output=output, verbose=verbose),
        ),
        verbose=verbose,
    )


def _use_file(name: str | None) -> None:
    if name is not None:
        choose_file(name)


_FLAGS = {
    "duration_seconds": "--duration",
    "packets": "--packets",
    "interval_ms": "--interval",
    "speakers": "--speakers",
    "seed": "--seed",
}
_UNDERSTOOD = {
    "basic": {"duration_seconds", "seed"},
    "stress": {"packets", "interval_ms", "speakers", "seed"},
    "latency": {"packets", "interval_ms", "seed"},
    "suite": {"seed"},
}


def _chosen_flow(test: str, given: dict[str, int], *, all_tests: bool) -> tuple[str, dict[str, Any]]:
    """Return the flow that is meant, and its parameters."""
    if all_tests and test:
        raise typer.BadParameter("give either --all or --test, not both", param_hint="--all")
    if test not in {"", *_UNDERSTOOD} or test == "suite":
        return "own_test", _own_test_parameters(test, given)
    flow = "suite" if all_tests else test or "basic"
    asked = "--all" if all_tests else f"--test {flow}"
    for name in given:
        if name not in _UNDERSTOOD[flow]:
            raise typer.BadParameter(f"does not go with {asked}", param_hint=_FLAGS[name])
    return flow, given


def _own_test_parameters(test: str, given: dict[str, int]) -> dict[str, Any]:
    registered = registered_tests()
    if ":" not in test and test not in registered:
        names = [*(name for name in _UNDERSTOOD if name != "suite"), *registered]
        near = get_close_matches(test, names, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        hint = f"; name its function: {test}:run_custom_test" if test.endswith(".py") else hint
        raise typer.BadParameter(
            f"there is no test named {test!r} (known: {', '.join(names)}, or file.py:function){hint}",
            param_hint="--test",
        )
    spec = absolute_spec(test)
    own_test = load_own_test(spec)
    for name in given:
        if name != "seed" and not own_test.takes(name):
            raise typer.BadParameter(f"{test} takes no parameter {name!r}", param_hint=_FLAGS[name])
    return {"test": spec, "options": given, "seed": given.get("seed", 0)}


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
    except typer.BadParameter:
        raise  # typer shows it with the usage
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
