"""The folder of a stored run, wherever it is."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from eloquence_pipeline.replay import fetch_folder
from eloquence_pipeline.settings import load_settings
from eloquence_pipeline.storage.whereabouts import find_run
from flows.environment import store_at_hand


@contextmanager
def folder_at_hand(console: Console, run: str) -> Generator[Path]:
    """Yield the folder of whatever is named, fetched from the store where it is not on this machine."""
    place = find_run(run, load_settings().folders.results)
    if isinstance(place, Path):
        yield place
        return
    with store_at_hand(console) as complete:
        folder, remove = fetch_folder(place, complete)
    try:
        yield folder
    finally:
        remove()
