"""A console whose reader may leave."""

from __future__ import annotations

import os

from rich.console import Console


class PatientConsole(Console):
    """Go on without output when the reader of a pipe has left (``eloquence … | head``).

    A measurement is not broken off for it, and its evidence and exit code are what counts.
    """

    def on_broken_pipe(self) -> None:
        """Print nothing from now on."""
        self.quiet = True
        # What is still in the stream's buffer is flushed at the end of the process, and would fail again.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)
