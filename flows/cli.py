"""The ``eloquence`` command: arguments, one flow, an exit code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console

from eloquence_pipeline.errors import EloquenceError, ExitCode
from eloquence_pipeline.models.disturbance import DisturbanceKind, DisturbedSide
from eloquence_pipeline.reporting.console import LogFormat, make_output
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.settings import choose_file
from flows.commands import (
    Options,
    prepare_servers,
    run_test,
    show_schema,
    show_settings,
    sync_evidence,
)
from flows.durations import parse_duration
from flows.environment import exported
from flows.interruption import exit_code, terminate_like_interrupt
from flows.machine_files import MachineFiles
from flows.menu import ask
from flows.output import (
    LOG_FORMAT_FLAG,
    LOG_FORMAT_VARIABLE,
    command_console,
    json_is_asked_for,
    report_error,
)
from flows.selection import (
    chosen_flow,
    known_categories,
    known_disturbances,
    known_networks,
    known_tests,
    names_of_targets,
)
from flows.services import register_deployments, services_down, services_status, services_up

EXIT_CODES = """
[bold]Exit codes[/bold]

 0  the test passed
 1  a threshold was missed
 2  wrong usage or configuration; nothing was started
 3  the test could not be carried out, the tester was too slow to tell,
    or the evidence could not be stored
"""

_RUN_NAMES = "A run's folder, its manifest.json, s3://bucket/…/, its key (runs/…/) or its id."

app = typer.Typer(
    name="eloquence",
    epilog=EXIT_CODES,
    rich_markup_mode="rich",
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
            help="Test to run: basic, stress, latency, stability, network, reconnect, or one of your own "
            "(file.py:function).",
            autocompletion=known_tests,
        ),
    ] = "",
    all_tests: Annotated[
        bool,
        typer.Option("--all", help="Run basic, stress and latency, with one combined result."),
    ] = False,
    duration: Annotated[
        int | None,
        typer.Option(
            parser=parse_duration,
            metavar="TIME",
            help="basic, stability: how long it takes: 90 (seconds), 10m, 1h30m. An hour takes 0.83 GB of "
            "disk, twice that with the embedded store.",
            show_default="30, 10m",
        ),
    ] = None,
    packets: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            metavar="N",
            help="stress, latency: number of phrases; network: of each condition, 100 at most.",
            show_default="50, 20, 3",
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
    category: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="basic, stress, latency, stability, network: what is spoken; may be given several times.",
            show_default="of the test",
            autocompletion=known_categories,
        ),
    ] = None,
    disturbance: Annotated[
        list[DisturbanceKind] | None,
        typer.Option(
            metavar="KIND",
            help="reconnect: what is done to the calls; may be given several times.",
            show_default="everything there is",
            autocompletion=known_disturbances,
        ),
    ] = None,
    side: Annotated[
        Literal["speaker", "listener"] | None,
        typer.Option(help="reconnect: whom it is done to.", show_default="each in turn"),
    ] = None,
    repetitions: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            metavar="N",
            help="reconnect: how often each disturbance is tried.",
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
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NETWORK",
            help="Network of the speakers: a name (clean, wifi, 4g, 3g, train, kitchen-wifi, satellite) or "
            "conditions (loss=5,latency=100,jitter=20: per cent, ms, ms).",
            show_default="the real one",
            autocompletion=known_networks,
        ),
    ] = None,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="LiveKit server to test: embedded, or one of `targets` in the settings.",
            show_default="that of the settings",
            autocompletion=names_of_targets,
        ),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NETWORK",
            help="network: a network to try; may be given several times.",
            show_default="nine of them",
            autocompletion=known_networks,
        ),
    ] = None,
    must_pass: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NETWORK",
            help="network: a condition whose verdict decides; may be given several times.",
            show_default="clean",
            autocompletion=known_networks,
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the result as JSON to this file.")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write JUnit XML: a case a threshold and phrase.")
    ] = None,
    metrics: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the figures as OpenMetrics text.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Also write the phrases as CSV.")
    ] = None,
    summary: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the verdict as Markdown, for a CI page.")
    ] = None,
    config: ConfigOption = None,
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

      eloquence --test stress --speakers 3 --category very_short

      eloquence --test basic --network 4g
      eloquence --test stability --duration 1h

      eloquence --test network --condition clean --condition 4g --condition train

      eloquence --test ./my_test.py:run_custom_test

      eloquence --test reconnect --disturbance full_reconnect --side speaker --repetitions 10

      eloquence --config config.json --all --output results.json

      eloquence --all --junit results.xml --metrics eloquence.prom

      eloquence up && eloquence --all; eloquence down
    """
    if log_format is not None:
        context.with_resource(exported({LOG_FORMAT_VARIABLE: log_format}))
    _use_file(config)
    given = {
        "duration_seconds": duration,
        "packets": packets,
        "interval_ms": interval,
        "speakers": speakers,
        "categories": category or None,
        "disturbances": disturbance or None,
        "sides": [DisturbedSide(side)] if side else None,
        "repetitions": repetitions,
        "seed": seed,
        "network": network,
        "target": target,
        "conditions": condition or None,
        "must_pass": must_pass or None,
    }
    parameters = {name: value for name, value in given.items() if value is not None}
    files = MachineFiles(junit=junit, metrics=metrics, csv=csv, summary=summary)
    asked = test or all_tests or parameters or output is not None or files.asked_for
    if context.invoked_subcommand is not None:
        if asked:
            raise typer.BadParameter(f"options of a test do not go with {context.invoked_subcommand!r}")
        return
    if not asked:
        test, all_tests, parameters = _asked_in_person(context)

    def action() -> ExitCode:
        flow = chosen_flow(test, parameters, all_tests=all_tests)
        return run_test(command_console(), Options(*flow, output=output, verbose=verbose, files=files))

    _end_with(action, verbose=verbose)


def _asked_in_person(context: typer.Context) -> tuple[str, bool, dict[str, Any]]:
    """Offer the menu on a terminal, and show the help elsewhere."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or json_is_asked_for():
        typer.echo(context.get_help())
        raise typer.Exit
    choice = ask(command_console())
    if not choice.flow:
        raise typer.Exit
    suite = choice.flow == "suite"
    return ("" if suite else choice.flow), suite, choice.parameters


def _use_file(name: str | None) -> None:
    if name is not None:
        choose_file(name)


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
    """Keep LiveKit, MinIO, a Prefect server and its worker running in the background; runs then use those.

    What the settings name a server of your own for is left out. The deployments are registered: the nightly
    suite at 02:00, and one for each test. Their runs work in the current folder.
    """
    _end_with(lambda: services_up(command_console()))


@app.command()
def deploy() -> None:
    """Register the deployments with a Prefect server of your own; `up` does so by itself."""
    _end_with(lambda: register_deployments(command_console()))


@app.command()
def status() -> None:
    """Show which servers are running, and where."""
    _end_with(lambda: services_status(command_console()))


@app.command()
def down() -> None:
    """Stop the servers that run in the background, with the runs that are under way."""
    _end_with(lambda: services_down(command_console()))


@app.command(name="config")
def config_command(
    config: ConfigOption = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of the file instead.")
    ] = False,
) -> None:
    """Show every setting, and where it comes from."""
    _use_file(config)
    _end_with(show_schema if schema else lambda: show_settings(_wide(command_console())))


def _wide(console: Console) -> Console:
    """Return a console that does not wrap lines where nobody reads them on a terminal."""
    return console if isinstance(console, JsonConsole) else make_output()


@app.command(name="sync")
def sync_command() -> None:
    """Send the evidence of every run that is not yet in the store."""
    _end_with(lambda: sync_evidence(command_console()))


@app.command(name="prune")
def prune_command(
    days: Annotated[
        int | None,
        typer.Option(min=1, metavar="N", help="Older runs go.", show_default="evidence.most_days"),
    ] = None,
    runs: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="So many of each test stay.", show_default="evidence.most_runs"
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it they are only named.")] = False,
) -> None:
    """Remove old runs from the results folder and the store; first only name them.

    The newest run of each test stays, and what is not yet in the store.

    [bold]Examples[/bold]

      eloquence prune --days 90

      eloquence prune --days 90 --runs 200 --yes
    """
    from flows.pruning import PruneOptions, prune_runs  # noqa: PLC0415

    _end_with(lambda: prune_runs(command_console(), PruneOptions(days, runs, yes)))


@app.command(name="replay")
def replay_command(
    run_name: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help=_RUN_NAMES,
            show_default=False,
        ),
    ],
    thresholds: Annotated[
        Literal["stored", "current"],
        typer.Option(help="Judge by the thresholds of the run, or by those of the settings."),
    ] = "stored",
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write the new result as JSON to this file.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks of errors.")] = False,
) -> None:
    """Analyse a stored run again, without any server, and compare the figures with the stored ones.

    The stored run is not changed. The exit code is that of the new verdict.
    """
    from flows.replay import ReplayOptions, replay_run  # noqa: PLC0415 - SciPy takes a second

    options = ReplayOptions(run_name, thresholds == "current", output, verbose)
    _end_with(lambda: replay_run(command_console(), options), verbose=verbose)


@app.command(name="history")
def history_command(
    scenario: Annotated[
        str,
        typer.Argument(
            metavar="[TEST]",
            help="Name of the test; all of them when left out.",
            show_default=False,
            autocompletion=known_tests,
        ),
    ] = "",
    nights: Annotated[int, typer.Option(min=1, max=1000, metavar="N", help="How many nights to show.")] = 14,
    target: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Target of the nights.", show_default="that of the newest night"),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help='Simulated network of the nights, "" for none.',
            show_default="that of the newest night",
        ),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also draw them into this file: .png, .svg or .pdf.")
    ] = None,
) -> None:
    """Show the last nights of each test: their figures, and what was better or worse than before.

    Each run counts as a night. It is compared with the good ones before it that have the same target,
    simulated network, parameters and version of the method.

    [bold]Examples[/bold]

      eloquence history

      eloquence history basic --nights 30 --plot basic.png

      eloquence history latency --target wss://your-server
    """
    from flows.history import HistoryOptions, show_history  # noqa: PLC0415 - SciPy takes a second

    options = HistoryOptions(scenario, nights, target, network, plot)
    _end_with(lambda: show_history(command_console(), options))


@app.command(name="compare")
def compare_command(
    first: Annotated[str, typer.Argument(metavar="A", help=_RUN_NAMES, show_default=False)],
    second: Annotated[
        str, typer.Argument(metavar="B", help="The one to compare with it.", show_default=False)
    ],
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show tracebacks of errors.")] = False,
) -> None:
    """Show the figures of two stored runs side by side, and which differences are large enough to matter.

    Nothing is tested: two runs are two observations.

    [bold]Examples[/bold]

      eloquence compare 20261121T020004Z-1c0ffe 20261122T020003Z-93f4f9
    """
    from flows.history import show_pair  # noqa: PLC0415 - SciPy takes a second

    _end_with(lambda: show_pair(command_console(), first, second), verbose=verbose)


def _end_with(action: Callable[[], ExitCode], *, verbose: bool = False) -> None:
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
