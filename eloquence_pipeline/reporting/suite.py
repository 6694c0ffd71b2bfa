"""Several tests together: their verdict in a line, as a page, and as an event."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from eloquence_pipeline.models import (
    Archive,
    BaselineComparison,
    Change,
    MatrixOutcome,
    ReconnectionOutcome,
    ScenarioOutcome,
    VerdictStatus,
)
from eloquence_pipeline.models.verdict import worst_status
from eloquence_pipeline.reporting.baseline import (
    CHANGE_WORDS,
    baseline_icon,
    baseline_sentence,
    regression_clause,
)
from eloquence_pipeline.reporting.event import Event, verdict_event
from eloquence_pipeline.reporting.markdown import escaped
from eloquence_pipeline.reporting.matrix import matrix_sentence
from eloquence_pipeline.reporting.reconnection import reconnection_sentence
from eloquence_pipeline.reporting.wording import STATUS_ICONS, STATUS_WORDS, verdict_sentence

Part = ScenarioOutcome | MatrixOutcome | ReconnectionOutcome
Parts = Mapping[str, Part]
"""By the name of the test."""
Errors = Mapping[str, str]
"""Why a test could not be carried out, by its name."""


def suite_status(parts: Parts, errors: Errors) -> VerdictStatus:
    """Return the worst status; a test that could not be carried out is not valid."""
    return worst_status((part.result.status for part in parts.values()), lacking=bool(errors))


def suite_sentence(parts: Parts, errors: Errors) -> str:
    """Return the verdict over several tests as one line that names what was missed in which."""
    status = suite_status(parts, errors)
    good = [name for name, part in parts.items() if part.result.status is VerdictStatus.PASSED]
    bad = [f"{name} : {_told(part)}" for name, part in parts.items() if name not in good]
    bad += [f"{name} non réalisé : {' '.join(error.split())}" for name, error in errors.items()]
    count = f"{len(good)}/{len(parts) + len(errors)} tests réussis"
    # Worse than usual may still be good enough; what was missed says so already.
    worse = [f"{name} : {told}" for name in good for told in _worse_clauses(parts[name])]
    return f"{STATUS_ICONS[status]} suite {STATUS_WORDS[status]}: {'; '.join([count, *bad, *worse])}"


def suite_markdown(parts: Parts, errors: Errors, reports: Mapping[str, str]) -> str:
    """Return the verdict over several tests: a short row a test, and below what is to be said of each.

    Parameters
    ----------
    parts, errors
        The tests.
    reports
        Addresses that open the reports of single tests, by their names.
    """
    head, _, rest = suite_sentence(parts, errors).partition(": ")
    rows = [_row(name, part, reports.get(name, "")) for name, part in parts.items()]
    rows += [f"| ⚫ {escaped(name)} | NON RÉALISÉ | — | — |" for name in errors]
    # One of Prefect's two UIs breaks no line in a table: sentences stand below it.
    told = [_paragraph(name, part) for name, part in parts.items()]
    told += [f"⚫ **{escaped(name)}** : {escaped(error)}" for name, error in errors.items()]
    paragraphs = "\n\n".join(told)
    return f"""# {escaped(head)}

{escaped(rest)}

| Test | Verdict | Nuits précédentes | Rapport |
|---|---|---|---|
{chr(10).join(rows)}

{paragraphs}
"""


def suite_event(parts: Parts, errors: Errors) -> Event:
    """Return the event of the verdict over several tests; each has one of its own besides."""
    tests: dict[str, JsonValue] = {name: str(part.result.status) for name, part in parts.items()}
    payload: dict[str, JsonValue] = {"tests": tests, "errors": dict(errors)}
    return verdict_event("suite", suite_status(parts, errors), suite_sentence(parts, errors), payload=payload)


def _told(part: Part) -> str:
    """Return the verdict over a test without its name: figure, phrase, threshold."""
    if isinstance(part, ScenarioOutcome):
        sentence = verdict_sentence(part.result)
    elif isinstance(part, MatrixOutcome):
        sentence = matrix_sentence(part.result)
    else:
        sentence = reconnection_sentence(part.result)
    return sentence.partition(": ")[2]


def _row(name: str, part: Part, report: str) -> str:
    status = part.result.status
    opened = f"[ouvrir]({report})" if report else "—"
    return f"| {STATUS_ICONS[status]} {escaped(name)} | {STATUS_WORDS[status]} | {_nights(part)} | {opened} |"


def _paragraph(name: str, part: Part) -> str:
    lines = [f"{STATUS_ICONS[part.result.status]} **{escaped(name)}** : {escaped(_told(part))}"]
    if isinstance(part, MatrixOutcome):
        lines += [escaped(clause) for clause in _worse_clauses(part)]
    elif part.result.baseline is not None and part.result.baseline.change is not Change.WORSE:
        lines.append(escaped(baseline_sentence(part.result.baseline)))
    return "  \n".join([*lines, f"`{_place(part.archive)}`"])


def _nights(part: Part) -> str:
    """Return in a word how a test compares with the nights before; of several networks, the worst one."""
    if isinstance(part, MatrixOutcome):
        compared = [found for _, found in _of_networks(part)]
    else:
        compared = [part.result.baseline] if part.result.baseline else []
    order = (Change.WORSE, Change.BETTER, Change.SAME)
    found = next((one for change in order for one in compared if one.change is change), None)
    return "—" if found is None else f"{baseline_icon(found)} {CHANGE_WORDS[found.change]}"


def _worse_clauses(part: Part) -> list[str]:
    """Return in what a test is worse than in the nights before; of several networks, in which."""
    if isinstance(part, MatrixOutcome):
        found = [(f"{network} ", comparison) for network, comparison in _of_networks(part)]
    else:
        found = [("", part.result.baseline)]
    return [f"{network}{clause}" for network, each in found if (clause := regression_clause(each))]


def _of_networks(part: MatrixOutcome) -> list[tuple[str, BaselineComparison]]:
    return [
        (cell.network, cell.result.baseline) for cell in part.result.cells if cell.result.baseline is not None
    ]


def _place(archive: Archive) -> str:
    return archive.uri or str(archive.folder)
