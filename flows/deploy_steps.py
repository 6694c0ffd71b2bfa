"""Steps of `prefect deploy` that prefect.yaml names."""

from __future__ import annotations

from pathlib import Path


def folder_of_registration() -> dict[str, str]:
    """Return the folder in which deployments are being registered: their runs work there."""
    return {"folder": str(Path.cwd())}
