"""The ``eloquence`` command; a file for each kind of subcommand."""

from flows.cli.program import app, main

__all__ = ["app", "main"]
