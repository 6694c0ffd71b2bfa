"""What every page of figures says alike: when and on what they were measured, and how they spread."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from calibration.commit import commit_of

PROJECT = Path(__file__).parents[1]


def measured() -> str:
    """Return when, at which commit and on what machine something is measured; the machine has no name."""
    memory_gib = psutil.virtual_memory().total / 2**30
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} at commit {commit_of(PROJECT)}: {os.cpu_count()} cores\n"
        f"({platform.machine()}), {memory_gib:.0f} GiB, Python {platform.python_version()}"
    )


def median_range(values: Sequence[float], digits: int = 1) -> str:
    """Return the median, and the lowest and the highest value in brackets."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"
