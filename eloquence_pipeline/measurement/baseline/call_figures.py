"""The figures of a call that nights are compared by.

Results are read as JSON, place by place: what a newer or older version has more or less does not matter, and
a value that is none leaves its figure out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from eloquence_pipeline.measurement.baseline.figure import Figure
from eloquence_pipeline.models import NightFigure

# A figure that is compared is one more line here, its smallest difference in settings/baseline.py, and its
# French name in reporting/baseline.py. Scatter: docs/adr/0013-baseline.md.
CALL_FIGURES = (
    Figure("one_way_delay_median_ms", "ms", 0.5, 4.0, "delay.one_way_delay_ms.median", weight=3),
    Figure("one_way_delay_p95_ms", "ms", 1.0, 6.0, "delay.one_way_delay_ms.p95"),
    Figure("network_delay_median_ms", "ms", 0.5, 2.0, "budget.network.median_ms", weight=3),
    Figure("phrase_loss_ratio", "ratio", 0.0, 0.0, "loss.phrases", is_loss=True),
    Figure("rtp_loss_ratio", "ratio", 0.0, 0.0, "loss.rtp", is_loss=True),
    Figure("concealed_ratio", "ratio", 0.0025, 0.01, "rtp.concealed_ratio"),
    Figure("mos_lqo_mean", "score", 0.025, 0.1, "quality.mos_lqo.avg", more_is_better=True),
)


def call_figures(document: Mapping[str, Any]) -> dict[str, NightFigure]:
    """Return the figures of the result of a call, by their names; what it does not have is not there."""
    found = {figure.name: _figure(document, figure) for figure in CALL_FIGURES}
    return {name: figure for name, figure in found.items() if figure is not None}


def _figure(document: Mapping[str, Any], figure: Figure) -> NightFigure | None:
    found: Any = document
    for name in figure.place.split("."):
        found = as_object(found).get(name)
    if figure.is_loss:
        return _loss(found)
    return NightFigure(value=float(found)) if _is_number(found) else None


def _loss(found: Any) -> NightFigure | None:
    lost, total = as_object(found).get("lost"), as_object(found).get("total")
    # A truth value is a whole number to Python.
    if type(lost) is not int or type(total) is not int or not 0 <= lost <= total or not total:
        return None
    return NightFigure(value=lost / total, lost=lost, total=total)


def as_object(found: Any) -> Mapping[str, Any]:
    """Return what should be an object; an empty one where it is none."""
    return cast(Mapping[str, Any], found) if isinstance(found, Mapping) else {}


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float) and not isinstance(found, bool) and math.isfinite(found)
