"""Embedded servers that leave nothing behind."""

from __future__ import annotations

from pathlib import Path

from eloquence_pipeline.settings import Settings


def leaving_nothing(settings: Settings, folder: Path) -> Settings:
    """Return settings whose servers keep their things in `folder` where the user's own are not there yet.

    Where they are there, a run's own servers, data and locks are in them, and those are what is to be
    looked at.
    """
    folders = settings.folders
    missing = {
        name: folder / name
        for name, path in (("data", folders.data), ("state", folders.state))
        if not path.exists()
    }
    return settings.model_copy(update={"folders": folders.model_copy(update=missing)})
