"""Subcommands about runs that have ended: send them, analyse them again, compare them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from flows.cli.common import VerboseOption, end_with
from flows.commands import sync_evidence
from flows.output import command_console
from flows.selection import known_tests

_RUN_NAMES = "A run's folder, its manifest.json, s3://bucket/…/, its key (runs/…/) or its id."


def sync_command() -> None:
    """Send the evidence of every run that is not yet in the store; every later test does so as well.

    A run goes there once, however often this is called. What a killed process has left is sent too, marked as
    unfinished. The exit code is 3 when something could not be sent.

    [bold]Examples[/bold]

      eloquence sync

      ELOQUENCE_STORAGE__ENDPOINT_URL=file:///srv/evidence eloquence sync
    """
    end_with(lambda: sync_evidence(command_console()))


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
    from flows.pruning import PruneOptions, prune_runs  # noqa: PLC0415 - boto3 takes a moment

    end_with(lambda: prune_runs(command_console(), PruneOptions(days, runs, yes)))


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
    verbose: VerboseOption = False,
) -> None:
    """Analyse a stored run again, without any server, and compare the figures with the stored ones.

    The stored run is not changed. The exit code is that of the new verdict.
    """
    from flows.replay import ReplayOptions, replay_run  # noqa: PLC0415 - SciPy takes a second

    options = ReplayOptions(run_name, thresholds == "current", output, verbose)
    end_with(lambda: replay_run(command_console(), options), verbose=verbose)


def report_command(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help=_RUN_NAMES, show_default=False)],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where it goes.", show_default="report-ID.html in this folder"),
    ] = None,
    language: Annotated[
        Literal["fr", "en"] | None,
        typer.Option(help="What is shown first.", show_default="report.language, or that of the browser"),
    ] = None,
    verbose: VerboseOption = False,
) -> None:
    """Make the HTML report of a stored run again: one file, which needs no network.

    A run, a load, disturbed calls, a matrix of networks or a suite. The stored run is not changed.

    [bold]Examples[/bold]

      eloquence report 20261122T190735Z-93f4f9

      eloquence report runs/2026-11-22/basic/20261122T190735Z-93f4f9/ --language en --output report.html
    """
    from flows.report import RequestedReport, write_report  # noqa: PLC0415 - SciPy takes a second

    asked = RequestedReport(run_name, output, language, verbose)
    end_with(lambda: write_report(command_console(), asked), verbose=verbose)


def open_command(
    run_name: Annotated[str, typer.Argument(metavar="RUN", help=_RUN_NAMES, show_default=False)],
    language: Annotated[
        Literal["fr", "en"] | None,
        typer.Option(help="What is shown first.", show_default="as the report was made"),
    ] = None,
) -> None:
    """Open the HTML report of a stored run in the browser; where there is none, say where the report is."""
    from flows.report import open_report  # noqa: PLC0415 - SciPy takes a second

    end_with(lambda: open_report(command_console(), run_name, language))


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
    end_with(lambda: show_history(command_console(), options))


def compare_command(
    first: Annotated[str, typer.Argument(metavar="A", help=_RUN_NAMES, show_default=False)],
    second: Annotated[
        str, typer.Argument(metavar="B", help="The one to compare with it.", show_default=False)
    ],
    verbose: VerboseOption = False,
) -> None:
    """Show the figures of two stored runs side by side, and which differences are large enough to matter.

    Nothing is tested: two runs are two observations.

    [bold]Examples[/bold]

      eloquence compare 20261121T020004Z-1c0ffe 20261122T020003Z-93f4f9
    """
    from flows.history import show_pair  # noqa: PLC0415 - SciPy takes a second

    end_with(lambda: show_pair(command_console(), first, second), verbose=verbose)
