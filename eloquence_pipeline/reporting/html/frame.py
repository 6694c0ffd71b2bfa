"""What every report of a run has around what is its own: a title above, and three sections at the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from eloquence_pipeline.models import RunInfo
from eloquence_pipeline.reporting.html.blocks import Block, Headline, Page, Row, Section, Tile, section
from eloquence_pipeline.reporting.html.environment import Evidence, environment_table, evidence_blocks
from eloquence_pipeline.reporting.html.text import Text


def page_of_run(
    run: RunInfo,
    headline: Headline,
    tiles: tuple[Tile, ...],
    sections: Iterable[Section | None],
    over: str = "",
) -> Page:
    """Return a page that says what was tested, when, and where.

    Parameters
    ----------
    run
        What it is about.
    headline, tiles
        The verdict in words, and its figures.
    sections
        In their order; None where there is nothing to show.
    over
        The simulated network, if there was one.
    """
    when = f"{run.started_at:%Y-%m-%d %H:%M} UTC"
    place = f" · {when} · {run.target}" + (f" · {over}" if over else "")
    return Page(
        title=f"{run.scenario} {run.run_id}",
        subtitle=Text(f"test « {run.scenario} »{place}", f"test “{run.scenario}”{place}"),
        headline=headline,
        tiles=tiles,
        sections=tuple(one for one in sections if one is not None),
    )


def closing_sections(
    run: RunInfo,
    method_version: int,
    repeat: Sequence[Block],
    evidence: Evidence,
    clock_rows: Sequence[Row] = (),
) -> tuple[Section | None, ...]:
    """Return how to repeat a run, what it was measured with, and where its files are.

    Parameters
    ----------
    run, method_version
        Of the result.
    repeat
        How it is repeated.
    evidence
        Where its files are.
    clock_rows
        What is known of the clocks.
    """
    return (
        section("repeat", Text("Recommencer", "Repeat"), repeat),
        section(
            "environment",
            Text("Environnement", "Environment"),
            [environment_table(run, method_version, clock_rows)],
        ),
        section("evidence", Text("Preuves", "Evidence"), evidence_blocks(evidence, run.run_id)),
    )
