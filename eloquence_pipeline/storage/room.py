"""Whether the disks have room for what a run is going to record."""

from __future__ import annotations

import shutil
from pathlib import Path

from eloquence_pipeline.clock import SECONDS_PER_MINUTE
from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import Settings

BYTES_PER_SECOND = 230_000
"""Of each speaker: both ends' sound 192 kB, statistics 15 to 31 kB (measured), times 5 kB; rounded up."""
BYTES_IN_ANY_CASE = 20_000_000

_MEGABYTE = 1_000_000


def recording_bytes(seconds: float, speakers: int = 1) -> int:
    """Return what a run takes on disk at most.

    Parameters
    ----------
    seconds
        How long is spoken.
    speakers
        How many speak at the same time.
    """
    return BYTES_IN_ANY_CASE + round(seconds * speakers * BYTES_PER_SECOND)


def require_room(settings: Settings, seconds: float, speakers: int = 1) -> None:
    """Make sure that the disks have room for a run, before anything is started.

    The embedded store keeps a second copy, which is counted with the first where both are on one disk.

    Parameters
    ----------
    settings
        Where results, and the data of the embedded store, are kept.
    seconds, speakers
        As in :func:`recording_bytes`.

    Raises
    ------
    ConfigurationError
        If there is not enough.
    """
    needed = recording_bytes(seconds, speakers)
    folders = [settings.folders.results]
    if not settings.storage.is_users_own:
        folders.append(settings.folders.data)
    disks: dict[int, list[Path]] = {}
    for folder in folders:
        disks.setdefault(existing_part(folder).stat().st_dev, []).append(folder)
    for on_one_disk in disks.values():
        free = free_bytes(on_one_disk[0])
        if free < needed * len(on_one_disk):
            places = " and ".join(str(folder) for folder in on_one_disk)
            raise ConfigurationError(
                f"{seconds / SECONDS_PER_MINUTE:.0f} minutes of recording need "
                f"{needed * len(on_one_disk) / _MEGABYTE:.0f} MB in {places}, "
                f"where {free / _MEGABYTE:.0f} MB are free",
                remedy="make room, choose another disk with ELOQUENCE_FOLDERS__RESULTS and "
                "ELOQUENCE_FOLDERS__DATA, or make the test shorter",
            )


def free_bytes(folder: Path) -> int:
    """Return the free space of the disk that a folder is on, or would be."""
    return shutil.disk_usage(existing_part(folder)).free


def existing_part(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    path = folder.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
