"""Tables of many columns for 80 columns of a terminal."""

from __future__ import annotations

from rich import box
from rich.padding import PaddingDimensions
from rich.table import Table


def bare_table(title: str | None = None, padding: PaddingDimensions = (0, 1)) -> Table:
    """Return a table without frame, that has a line under its head alone.

    Parameters
    ----------
    title
        Stands above it.
    padding
        Of every cell, as rich counts it.
    """
    return Table(title=title, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=padding)
