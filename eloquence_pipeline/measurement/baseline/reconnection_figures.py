"""The figures of disturbed calls that nights are compared by: who came back, how long nothing was heard."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from statistics import median
from typing import Any

from eloquence_pipeline.measurement.baseline.figure import Figure
from eloquence_pipeline.models import (
    AUDIBLE_GAP,
    DisturbanceKind,
    DisturbedSide,
    NightFigure,
    Recovery,
    gap_name,
)

TRIED = "tried"
"""The condition that names what was tried: nights that tried something else are not comparable."""


# What all calls have in common. A gap counts by what it is longer than the disturbance itself.
SHARED_FIGURES = (
    Figure("calls_not_back_ratio", "ratio", 0.0, 0.0, weight=3, is_loss=True),
    Figure("calls_rejoined_ratio", "ratio", 0.0, 0.0, is_loss=True),
    Figure("audible_gap_median_ms", "ms", 25.0, 60.0, weight=3),
    Figure("audible_gap_max_ms", "ms", 100.0, 500.0),
    Figure("phrase_loss_ratio", "ratio", 0.0, 0.0, is_loss=True),
)
GAP_FIGURES = {
    (kind, side): Figure(gap_name(kind, side), "ms", 100.0, 300.0, setting=AUDIBLE_GAP)
    for kind in DisturbanceKind
    for side in DisturbedSide
}


def reconnection_figures(document: Mapping[str, Any]) -> dict[str, NightFigure]:
    """Return the figures of the result of disturbed calls, by their names.

    Raises
    ------
    LookupError, TypeError, ValueError
        If it is no such result.
    """
    calls = _calls(document)
    measured = [call["figures"] for call in calls]
    gaps: defaultdict[str, list[float]] = defaultdict(list)
    beyond: list[float] = []
    for call in calls:
        gap_ms, done = call["figures"]["audible_gap_ms"], call["disturbance"]
        if gap_ms is not None:
            gaps[gap_name(done["kind"], done["side"])].append(float(gap_ms))
            beyond.append(float(gap_ms) - float(call["figures"]["outage_ms"]))
    recoveries = [Recovery(figures["recovery"]) for figures in measured]
    found = {
        "calls_not_back_ratio": _share(recoveries.count(Recovery.NONE), len(calls)),
        "calls_rejoined_ratio": _share(recoveries.count(Recovery.REJOINED), len(calls)),
        "phrase_loss_ratio": _share(
            sum(int(figures["phrases_lost"]) for figures in measured),
            sum(int(figures["phrases_said"]) for figures in measured),
        ),
        **{name: NightFigure(value=median(values)) for name, values in gaps.items()},
    }
    if beyond:
        found["audible_gap_median_ms"] = NightFigure(value=median(beyond))
        found["audible_gap_max_ms"] = NightFigure(value=max(beyond))
    return {name: figure for name, figure in found.items() if figure is not None}


def tried(document: Mapping[str, Any]) -> list[str]:
    """Return what was tried on whom, each once, in a fixed order."""
    disturbances = [call["disturbance"] for call in _calls(document)]
    return sorted({f"{found['kind']}/{found['side']}" for found in disturbances})


def _calls(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [call for call in document["calls"] if call.get("figures") is not None]


def _share(count: int, total: int) -> NightFigure | None:
    return NightFigure(value=count / total, lost=count, total=total) if total else None
