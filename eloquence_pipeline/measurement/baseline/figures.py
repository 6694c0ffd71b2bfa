"""The figures that nights are compared by, and how a stored result becomes a night.

Results are read as JSON, place by place: what a newer or older version has more or less does not matter, and
a value that is none leaves its figure out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.models import Conditions, Night, NightFigure, ScenarioResult, VerdictStatus


@dataclass(frozen=True)
class Figure:
    """One figure of a night, and how it is judged.

    Attributes
    ----------
    name
        Also that of the setting with its smallest difference that matters.
    unit
        Of its values.
    place
        Where it stands in a result; of a loss, the object with ``lost`` and ``total``.
    least_scatter
        Standard deviation below which nights count as equal: what the figure cannot tell apart.
    assumed_scatter
        Standard deviation between nights that is assumed while there are too few to know it.
    weight
        Its share of the false alarms; the delay itself has more of it.
    """

    name: str
    unit: Literal["ms", "ratio", "score"]
    place: str
    least_scatter: float
    assumed_scatter: float
    weight: float = 1.0
    more_is_better: bool = False
    is_loss: bool = False


# A figure that is compared is one more line here, its smallest difference in settings/baseline.py, and its
# French name in reporting/baseline.py. Scatter: docs/adr/0013-baseline.md.
FIGURES = (
    Figure("one_way_delay_median_ms", "ms", "delay.one_way_delay_ms.median", 0.5, 4.0, weight=3),
    Figure("one_way_delay_p95_ms", "ms", "delay.one_way_delay_ms.p95", 1.0, 6.0),
    Figure("network_delay_median_ms", "ms", "budget.network.median_ms", 0.5, 2.0, weight=3),
    Figure("phrase_loss_ratio", "ratio", "loss.phrases", 0.0, 0.0, is_loss=True),
    Figure("rtp_loss_ratio", "ratio", "loss.rtp", 0.0, 0.0, is_loss=True),
    Figure("concealed_ratio", "ratio", "rtp.concealed_ratio", 0.0025, 0.01),
    Figure("mos_lqo_mean", "score", "quality.mos_lqo.avg", 0.025, 0.1, more_is_better=True),
)


def night_of(result: ScenarioResult | Mapping[str, Any]) -> Night:
    """Return a result as a night.

    Parameters
    ----------
    result
        A result, or the content of a ``results.json``.

    Raises
    ------
    MeasurementError
        If it does not say which run it is, or under which conditions.
    """
    document = json.loads(result.to_json()) if isinstance(result, ScenarioResult) else result
    try:
        return Night(
            run_id=document["run"]["run_id"],
            started_at=_utc(document["run"]["started_at"]),
            conditions=conditions_of(document),
            status=VerdictStatus(document["verdict"]["status"]),
            figures={
                figure.name: found for figure in FIGURES if (found := _figure(document, figure)) is not None
            },
        )
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise MeasurementError(
            f"it is no result that a night can be taken from ({type(error).__name__})",
            remedy="take another copy of the run",
        ) from None


def conditions_of(document: Mapping[str, Any]) -> Conditions:
    """Return what has to be the same before two results can be compared."""
    run = document["run"]
    network = _object(document.get("network"))
    does = network.get("conditions", "")
    return Conditions(
        scenario=run["scenario"],
        target=run["target"],
        network=network.get("name", "") or does,
        network_conditions=does,
        method_version=document["format"]["method_version"],
        parameters=run["parameters"],
    )


def _utc(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time of a run needs a time zone")
    return moment.astimezone(UTC)


def _figure(document: Mapping[str, Any], figure: Figure) -> NightFigure | None:
    found: Any = document
    for name in figure.place.split("."):
        found = _object(found).get(name)
    if figure.is_loss:
        return _loss(found)
    return NightFigure(value=float(found)) if _is_number(found) else None


def _loss(found: Any) -> NightFigure | None:
    lost, total = _object(found).get("lost"), _object(found).get("total")
    # A truth value is a whole number to Python.
    if type(lost) is not int or type(total) is not int or not 0 <= lost <= total or not total:
        return None
    return NightFigure(value=lost / total, lost=lost, total=total)


def _object(found: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], found) if isinstance(found, Mapping) else {}


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
