"""``eloquence`` without a subcommand: the options of a test, and the test itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.models.disturbance import DisturbanceKind, DisturbedSide
from eloquence_pipeline.reporting.console import LogFormat
from flows.cli.common import ConfigOption, end_with, use_file
from flows.commands import Options, run_test
from flows.durations import parse_duration
from flows.environment import exported
from flows.machine_files import MachineFiles
from flows.menu import ask
from flows.output import LOG_FORMAT_FLAG, LOG_FORMAT_VARIABLE, command_console, json_is_asked_for
from flows.selection import (
    chosen_flow,
    known_categories,
    known_disturbances,
    known_networks,
    known_tests,
    names_of_targets,
)


def run_command(
    context: typer.Context,
    test: Annotated[
        str,
        typer.Option(
            "--test",
            metavar="NAME",
            help="Test to run: basic, stress, latency, stability, network, reconnect, load, "
            "capacity, or one of your own (file.py:function).",
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
            help="basic, stability, load, capacity (each step): how long it takes: 90 (seconds), 10m, 1h30m. "
            "An hour takes 0.83 GB of disk a session, twice that with the embedded store.",
            show_default="30, 10m, 60, 20",
        ),
    ] = None,
    sessions: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100_000,
            metavar="N",
            help="load: how many measured sessions at once; capacity: the largest number to try. At most "
            "1000 on one machine.",
            show_default="4, 64",
        ),
    ] = None,
    background: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=100_000,
            metavar="N",
            help="load: how many sessions more that only make load and are not measured.",
            show_default="0",
        ),
    ] = None,
    ramp_up: Annotated[
        int | None,
        typer.Option(
            parser=parse_duration,
            metavar="TIME",
            help="load: within how long the sessions join; they begin to speak together.",
            show_default="0.15 s a session",
        ),
    ] = None,
    cells: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=2000,
            metavar="N",
            help="load: share the sessions among so many load cells, which workers of a Prefect work pool "
            "carry out on their machines.",
            show_default="this machine alone",
        ),
    ] = None,
    pool: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="load --cells: work pool of the load cells.",
            show_default="eloquence",
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
            help="basic, stress, latency, stability, network, load, capacity: what is spoken; may be given "
            "several times.",
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

      eloquence --test load --sessions 8 --duration 2m

      eloquence --test load --cells 3 --sessions 24 --pool load --target staging

      eloquence --test capacity --sessions 32

      eloquence --config config.json --all --output results.json

      eloquence --all --junit results.xml --metrics eloquence.prom

      eloquence up && eloquence --all; eloquence down
    """
    if log_format is not None:
        context.with_resource(exported({LOG_FORMAT_VARIABLE: log_format}))
    use_file(config)
    given = {
        "duration_seconds": duration,
        "sessions": sessions,
        "background": background,
        "ramp_up_seconds": ramp_up,
        "cells": cells,
        "pool": pool or None,
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

    end_with(action, verbose=verbose)


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
