"""How many sessions go well, for people: a row a number that was tried, and what gave way first."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from eloquence_pipeline.models import Archive, VerdictStatus
from eloquence_pipeline.models.load import CapacityResult, CapacityStep
from eloquence_pipeline.reporting.bare_table import bare_table
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.reporting.load import LIMIT_WORDS, SIDE_WORDS, limit_clause
from eloquence_pipeline.reporting.markdown import Links, escaped, evidence_markdown
from eloquence_pipeline.reporting.summary import (
    STATUS_LEVELS,
    place_content,
    print_place,
    print_sentence,
    test_title,
)
from eloquence_pipeline.reporting.wording import STATUS_ICONS, STATUS_WORDS

TITLES = ("Sessions", "Aller ms", "Masqué", "Retard p99", "Machine", "Serveur", "Verdict")


def capacity_sentence(result: CapacityResult) -> str:
    """Return the bracket and what gave way first, in one line."""
    status = result.verdict.status
    head = f"{STATUS_ICONS[status]} {result.run.scenario} {STATUS_WORDS[status]}"
    held, missed = result.most_that_held, result.fewest_that_did_not
    if not missed:
        return f"{head}: {held} sessions tiennent, la limite n'a pas été atteinte"
    kept = f"{held} sessions tiennent, {missed} non" if held else f"pas même {missed} session"
    return f"{head}: {'; '.join([kept, limit_clause(result.limit), *result.limit.reasons])}"


def step_row(step: CapacityStep) -> tuple[str, ...]:
    """Return one number that was tried as cells of a table, under :data:`TITLES`."""
    delay, concealed, server = step.one_way_delay_ms.median, step.concealed_ratio, step.server_cpu_ratio
    return (
        str(step.sessions),
        "—" if delay is None else f"{delay:.1f}",
        "—" if concealed is None else f"{concealed * 100:.2f} %",
        f"{step.pacing_lateness_p99_ms:.1f}",
        f"{step.host_busy_ratio * 100:.0f} %",
        "—" if server is None else f"{server * 100:.0f} %",
        _verdict(step),
    )


def _verdict(step: CapacityStep) -> str:
    if step.status is VerdictStatus.PASSED:
        return STATUS_ICONS[step.status]
    figure = LIMIT_WORDS.get(step.limit.figure, step.limit.figure)
    return f"{STATUS_ICONS[step.status]} {SIDE_WORDS[step.limit.side]}" + (f" : {figure}" if figure else "")


def print_capacity(console: Console, result: CapacityResult, archive: Archive) -> None:
    """Print a row a number that was tried, the bracket and the place of the evidence."""
    status = result.verdict.status
    if isinstance(console, JsonConsole):
        content: dict[str, Any] = {
            "scenario": result.run.scenario,
            "status": status,
            "run_id": result.run.run_id,
            "most_that_held": result.most_that_held,
            "fewest_that_did_not": result.fewest_that_did_not,
            "limit": result.limit.model_dump(mode="json"),
            **place_content(archive),
        }
        console.write("result", capacity_sentence(result), level=STATUS_LEVELS[status], content=content)
        return
    table = bare_table(test_title(result.run))
    for name in TITLES:
        table.add_column(name, justify="left" if name == "Verdict" else "right", overflow="fold")
    for step in result.steps:
        table.add_row(*step_row(step))
    console.print()
    console.print(table)
    print_sentence(console, capacity_sentence(result), status)
    print_place(console, archive)


def capacity_markdown(result: CapacityResult, archive: Archive, links: Links) -> str:
    """Return the bracket, a row a number that was tried, and the place of the evidence."""
    head, _, rest = capacity_sentence(result).partition(": ")
    rows = "\n".join(f"| {' | '.join(escaped(part) for part in step_row(step))} |" for step in result.steps)
    places = "\n".join(f"- {step.sessions} : `{step.evidence}`" for step in result.steps)
    return f"""# {escaped(head)}

{escaped(rest)}

| {" | ".join(TITLES)} |
|{"---|" * len(TITLES)}
{rows}

**Essais**

{places}

{evidence_markdown(archive, links, result.run)}
"""
