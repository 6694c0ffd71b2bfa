"""What a new analysis of a stored run changed, on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eloquence_pipeline.models import Comparison, FigureChange
from eloquence_pipeline.reporting.json_lines import JsonConsole

MOST_ROWS = 40


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Say that a new analysis gives the stored figures, or which are different."""
    if isinstance(console, JsonConsole):
        content = {**comparison.model_dump(), "same": comparison.is_same}
        console.write("comparison", comparison_sentence(comparison), content=content)
        return
    if comparison.changes:
        console.print(comparison_table(comparison))
    if (hidden := len(comparison.changes) - MOST_ROWS) > 0:
        console.print(f"… and {hidden} more; --log-format json shows all")
    style = "bold green" if comparison.is_same else "bold yellow"
    console.print(Text(comparison_sentence(comparison), style=style), soft_wrap=not console.is_terminal)


def comparison_sentence(comparison: Comparison) -> str:
    """Return in one line whether the figures are the same, and by which versions of the method."""
    before, now = comparison.stored_method_version, comparison.method_version
    methods = f"method {now}" if before == now else f"method {before} → {now}"
    if comparison.is_same:
        told = f"🟢 same figures to the last digit as in the stored result: {comparison.compared}"
    else:
        told = f"🟡 {len(comparison.changes)} of {comparison.compared} figures differ from the stored result"
    parts = [told, methods]
    parts += [f"{len(comparison.added)} new ones"] if comparison.added else []
    parts += [f"{len(comparison.removed)} no longer there"] if comparison.removed else []
    return ", ".join(parts)


def comparison_table(comparison: Comparison) -> Table:
    """Return one row a changed figure, the first `MOST_ROWS` of them."""
    table = Table(expand=False)
    table.add_column("Figure", overflow="fold")
    for title in ("Stored", "Now", "Difference"):
        table.add_column(title, justify="right", overflow="fold")
    for change in comparison.changes[:MOST_ROWS]:
        table.add_row(*(Text(cell) for cell in _cells(change)))
    return table


def _cells(change: FigureChange) -> tuple[str, str, str, str]:
    difference = change.difference
    return (
        change.figure,
        _shown(change.stored),
        _shown(change.now),
        "" if difference is None else f"{difference:+.6g}",
    )


def _shown(value: object) -> str:
    return "—" if value is None else str(value)
