"""Steps of `prefect deploy`, and of runs that begin, that prefect.yaml names."""

from __future__ import annotations

import os
from pathlib import Path

CELL_FOLDER_VARIABLE = "ELOQUENCE_CELL_FOLDER"
"""Of a worker: the folder in which its load cells work."""


def folder_of_registration() -> dict[str, str]:
    """Return the folder in which deployments are being registered: their runs work there."""
    return {"folder": str(Path.cwd())}


def enter_folder_of_cell(directory: str) -> dict[str, str]:
    """Let a load cell work in the folder that its worker names, else in that of registration if it is there.

    The machines of a load need not have the same folders. Where there is neither it stays where its worker,
    or its image, has put it.

    Parameters
    ----------
    directory
        The folder of registration.
    """
    named = os.environ.get(CELL_FOLDER_VARIABLE, "")
    if named or Path(directory).is_dir():
        os.chdir(named or directory)
    return {"directory": str(Path.cwd())}
