"""A stored result as a night, and the figures by which nights of its conditions are compared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.baseline.call_figures import CALL_FIGURES, as_object, call_figures
from eloquence_pipeline.measurement.baseline.figure import Figure
from eloquence_pipeline.measurement.baseline.reconnection_figures import (
    GAP_FIGURES,
    SHARED_FIGURES,
    TRIED,
    reconnection_figures,
    tried,
)
from eloquence_pipeline.models import (
    RECONNECTION_FORMAT,
    Conditions,
    Night,
    ReconnectionResult,
    ScenarioResult,
    VerdictStatus,
)


def night_of(result: ScenarioResult | ReconnectionResult | Mapping[str, Any]) -> Night:
    """Return a result as a night.

    Parameters
    ----------
    result
        A result of a call or of disturbed calls, or the content of its ``results.json``.

    Raises
    ------
    MeasurementError
        If it does not say which run it is, or under which conditions.
    """
    document = result if isinstance(result, Mapping) else json.loads(result.to_json())
    try:
        figures = reconnection_figures if _is_reconnection(document) else call_figures
        return Night(
            run_id=document["run"]["run_id"],
            started_at=_utc(document["run"]["started_at"]),
            conditions=conditions_of(document),
            status=VerdictStatus(document["verdict"]["status"]),
            figures=figures(document),
        )
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise MeasurementError(
            f"it is no result that a night can be taken from ({type(error).__name__})",
            remedy="take another copy of the run",
        ) from None


def conditions_of(document: Mapping[str, Any]) -> Conditions:
    """Return what has to be the same before two results can be compared."""
    run = document["run"]
    network = as_object(document.get("network"))
    does = network.get("conditions", "")
    name = network.get("name", "") or does
    parameters: dict[str, Any] = run["parameters"]
    if _is_reconnection(document):
        # What it did stands in the results of the single calls.
        name = parameters.get("network", "")
        parameters = {**parameters, TRIED: tried(document)}
    return Conditions(
        scenario=run["scenario"],
        target=run["target"],
        network=name,
        network_conditions=does,
        method_version=document["format"]["method_version"],
        parameters=parameters,
    )


def figures_of(conditions: Conditions) -> tuple[Figure, ...]:
    """Return the figures by which nights of the same conditions are compared."""
    done = conditions.parameters.get(TRIED)
    if not isinstance(done, list):
        return CALL_FIGURES
    return (*SHARED_FIGURES, *(figure for key, figure in GAP_FIGURES.items() if "/".join(key) in done))


def _is_reconnection(document: Mapping[str, Any]) -> bool:
    return as_object(document.get("format")).get("name") == RECONNECTION_FORMAT


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time of a run needs a time zone")
    return moment.astimezone(UTC)
