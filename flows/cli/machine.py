"""Subcommands about this machine: its servers, its settings, and whether everything is there."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from eloquence_pipeline.reporting.console import make_output
from eloquence_pipeline.reporting.json_lines import JsonConsole
from flows.cli.common import ConfigOption, end_with, use_file
from flows.commands import prepare_servers, show_schema, show_settings
from flows.output import command_console
from flows.services import register_deployments, services_down, services_status, services_up


def prepare() -> None:
    """Find or build LiveKit and MinIO, so that no later command has to."""
    end_with(lambda: prepare_servers(command_console()))


def doctor() -> None:
    """Check everything that a test needs, one line each, with what to do where something is wrong.

    The exit code is 3 when something is red.
    """
    from flows.doctor.diagnosis import diagnose  # noqa: PLC0415 - the speech engine and SciPy take a second

    end_with(lambda: diagnose(command_console()))


def up() -> None:
    """Keep LiveKit, MinIO, a Prefect server and its worker running in the background; runs then use those.

    What the settings name a server of your own for is left out. The deployments are registered: the nightly
    suite at 02:00, and one for each test. Their runs work in the current folder.
    """
    end_with(lambda: services_up(command_console()))


def deploy(
    pool: Annotated[
        str, typer.Option("--pool", metavar="NAME", help="A work pool more, for load cells.")
    ] = "",
) -> None:
    """Register the deployments with a Prefect server of your own; `up` does so by itself."""
    end_with(lambda: register_deployments(command_console(), pool))


def status() -> None:
    """Show which servers are running, and where."""
    end_with(lambda: services_status(command_console()))


def down() -> None:
    """Stop the servers that run in the background, with the runs that are under way."""
    end_with(lambda: services_down(command_console()))


def config_command(
    config: ConfigOption = None,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON schema of the file instead.")
    ] = False,
) -> None:
    """Show every setting, and where it comes from."""
    use_file(config)
    end_with(show_schema if schema else lambda: show_settings(_wide(command_console())))


def _wide(console: Console) -> Console:
    """Return a console that does not wrap lines where nobody reads them on a terminal."""
    return console if isinstance(console, JsonConsole) else make_output()
