"""What is told to whoever listens for events: the verdict over a run, and in what it is worse than before."""

from __future__ import annotations

from pydantic import JsonValue

from eloquence_pipeline.models import (
    Archive,
    BaselineComparison,
    Change,
    MatrixOutcome,
    ReconnectionResult,
    Record,
    RunInfo,
    ScenarioResult,
)
from eloquence_pipeline.models.load import CapacityResult, LoadResult
from eloquence_pipeline.reporting.baseline import baseline_sentence
from eloquence_pipeline.reporting.capacity import capacity_sentence
from eloquence_pipeline.reporting.load import load_sentence
from eloquence_pipeline.reporting.reconnection import reconnection_sentence
from eloquence_pipeline.reporting.wording import verdict_sentence

VERDICT_EVENT, REGRESSION_EVENT = "eloquence.verdict", "eloquence.regression"
_RESOURCE = "eloquence.test"


class Event(Record):
    """Something that happened, for whoever listens."""

    name: str
    resource: dict[str, str]
    """Labels of the test it happened to; what a trigger can ask for."""
    payload: dict[str, JsonValue]


def events_of(result: ScenarioResult, archive: Archive) -> list[Event]:
    """Return the event of the verdict, and that of the regression if the night is worse than before."""
    payload: dict[str, JsonValue] = {
        "reasons": list(result.verdict.reasons),
        "figures": [figure.model_dump(mode="json") for figure in result.verdict.figures],
        "change": _change(result.baseline),
    }
    verdict = _event_of_run(result, archive, verdict_sentence(result), payload)
    return [verdict, *_regression_events(result, archive)]


def verdict_event(
    test: str,
    status: str,
    message: str,
    *,
    labels: dict[str, str] | None = None,
    payload: dict[str, JsonValue] | None = None,
) -> Event:
    """Return the event of a verdict over anything.

    Parameters
    ----------
    test
        Name of the test.
    status
        ``passed``, ``failed``, ``invalid``, or ``not_carried_out``.
    message
        The verdict in a line.
    labels, payload
        Besides.
    """
    return Event(
        name=VERDICT_EVENT,
        resource=_labels(test, {**(labels or {}), "eloquence.status": status}),
        payload={"test": test, "status": status, "message": message, **(payload or {})},
    )


def reconnection_events(result: ReconnectionResult, archive: Archive) -> list[Event]:
    """Return the event of the verdict over disturbed calls, and that of the regression if it is worse."""
    payload: dict[str, JsonValue] = {
        "reasons": list(result.verdict.reasons),
        "change": _change(result.baseline),
    }
    verdict = _event_of_run(result, archive, reconnection_sentence(result), payload)
    return [verdict, *_regression_events(result, archive)]


def load_event(result: LoadResult, archive: Archive) -> Event:
    """Return the event of the verdict over many sessions at once."""
    payload: dict[str, JsonValue] = {
        "reasons": list(result.verdict.reasons),
        "sessions_planned": result.sessions_planned,
        "sessions_measured": result.sessions_measured,
        "limit": result.limit.model_dump(mode="json"),
    }
    return _event_of_run(result, archive, load_sentence(result), payload)


def capacity_event(result: CapacityResult, archive: Archive) -> Event:
    """Return the event of how many sessions go well."""
    payload: dict[str, JsonValue] = {
        "most_that_held": result.most_that_held,
        "fewest_that_did_not": result.fewest_that_did_not,
        "limit": result.limit.model_dump(mode="json"),
    }
    return _event_of_run(result, archive, capacity_sentence(result), payload)


def _event_of_run(
    result: ScenarioResult | ReconnectionResult | LoadResult | CapacityResult,
    archive: Archive,
    message: str,
    payload: dict[str, JsonValue],
) -> Event:
    return verdict_event(
        result.run.scenario,
        result.status,
        message,
        labels=_where(result.run),
        payload={**_run(result.run, archive), **payload},
    )


def matrix_event(outcome: MatrixOutcome, message: str) -> Event:
    """Return the event of the verdict over many networks; each has one of its own besides."""
    conditions = {cell.network: str(cell.result.status) for cell in outcome.result.cells}
    payload: dict[str, JsonValue] = {
        "conditions": dict(conditions),
        "errors": dict(outcome.errors),
        "evidence": outcome.archive.place,
    }
    return verdict_event("network", outcome.result.status, message, payload=payload)


def _change(comparison: BaselineComparison | None) -> str:
    return str(comparison.change if comparison else Change.UNKNOWN)


def _regression_events(result: ScenarioResult | ReconnectionResult, archive: Archive) -> list[Event]:
    """Return the event of a night that is worse than those before; none of another."""
    comparison, test = result.baseline, result.run.scenario
    if comparison is None or comparison.change is not Change.WORSE:
        return []
    provisional = "true" if comparison.provisional else "false"
    event = Event(
        name=REGRESSION_EVENT,
        resource=_labels(test, {**_where(result.run), "eloquence.provisional": provisional}),
        payload={
            "test": test,
            "message": f"{test} : {baseline_sentence(comparison)}",
            "provisional": comparison.provisional,
            "nights": len(comparison.nights),
            "figures": [figure.model_dump(mode="json") for figure in comparison.of(Change.WORSE)],
            **_run(result.run, archive),
        },
    )
    return [event]


def _labels(test: str, labels: dict[str, str]) -> dict[str, str]:
    named = {"prefect.resource.id": f"{_RESOURCE}.{test}", "prefect.resource.name": test}
    return named | {name: value for name, value in labels.items() if value}


def _where(run: RunInfo) -> dict[str, str]:
    return {"eloquence.target": run.target, "eloquence.network": _network(run)}


def _run(run: RunInfo, archive: Archive) -> dict[str, JsonValue]:
    return {
        "run_id": run.run_id,
        "target": run.target,
        "network": _network(run),
        "evidence": archive.place,
    }


def _network(run: RunInfo) -> str:
    return str(run.parameters.get("network", ""))
