"""Several tests together: their verdict in a line, as a page, and as an event."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from eloquence_pipeline.models import (
    Archive,
    MatrixOutcome,
    ReconnectionOutcome,
    ScenarioOutcome,
    VerdictStatus,
)
from eloquence_pipeline.models.verdict import worst_status
from eloquence_pipeline.reporting.baseline import baseline_sentence
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
    return worst_status((_status(part) for part in parts.values()), lacking=bool(errors))


def suite_sentence(parts: Parts, errors: Errors) -> str:
    """Return the verdict over several tests as one line that names what was missed in which."""
    status = suite_status(parts, errors)
    good = [name for name, part in parts.items() if _status(part) is VerdictStatus.PASSED]
    bad = [f"{name} : {_told(part)}" for name, part in parts.items() if name not in good]
    bad += [f"{name} non réalisé : {' '.join(error.split())}" for name, error in errors.items()]
    count = f"{len(good)}/{len(parts) + len(errors)} tests réussis"
    return f"{STATUS_ICONS[status]} suite {STATUS_WORDS[status]}: {'; '.join([count, *bad])}"


def suite_markdown(parts: Parts, errors: Errors) -> str:
    """Return the verdict over several tests, a row a test, and why one could not be carried out."""
    head, _, rest = suite_sentence(parts, errors).partition(": ")
    rows = [_row(name, part) for name, part in parts.items()]
    rows += [f"| ⚫ {escaped(name)} | {escaped(error)} | — | — |" for name, error in errors.items()]
    return f"""# {escaped(head)}

{escaped(rest)}

| Test | Verdict | Nuits précédentes | Preuves |
|---|---|---|---|
{chr(10).join(rows)}
"""


def suite_event(parts: Parts, errors: Errors) -> Event:
    """Return the event of the verdict over several tests; each has one of its own besides."""
    tests: dict[str, JsonValue] = {name: str(_status(part)) for name, part in parts.items()}
    payload: dict[str, JsonValue] = {"tests": tests, "errors": dict(errors)}
    return verdict_event("suite", suite_status(parts, errors), suite_sentence(parts, errors), payload=payload)


def _status(part: Part) -> VerdictStatus:
    return part.result.status


def _told(part: Part) -> str:
    """Return the verdict over a test without its name: figure, phrase, threshold."""
    if isinstance(part, ScenarioOutcome):
        sentence = verdict_sentence(part.result)
    elif isinstance(part, MatrixOutcome):
        sentence = matrix_sentence(part.result)
    else:
        sentence = reconnection_sentence(part.result)
    return sentence.partition(": ")[2]


def _row(name: str, part: Part) -> str:
    baseline = None if isinstance(part, MatrixOutcome) else part.result.baseline
    nights = baseline_sentence(baseline) if baseline else "—"
    return (
        f"| {STATUS_ICONS[_status(part)]} {escaped(name)} | {escaped(_told(part))} | {escaped(nights)} "
        f"| `{_place(part.archive)}` |"
    )


def _place(archive: Archive) -> str:
    return archive.uri or str(archive.folder)
