"""What becomes of speech while a network gets worse: series along one condition, and where classes end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from eloquence_pipeline.classes import latency_class, loss_class
from eloquence_pipeline.models import Axis, ClassEdge, LatencyClass, LossClass, MatrixCell, VerdictStatus
from eloquence_pipeline.settings import ThresholdSettings


class Point(NamedTuple):
    """One condition on an axis."""

    at: float
    cell: MatrixCell


def along(axis: Axis, cells: Sequence[MatrixCell]) -> list[Point]:
    """Return the conditions in which nothing but this one thing is bad, from the best to the worst.

    Parameters
    ----------
    axis
        What gets worse.
    cells
        Every condition that was tested; the clean one is 0 on every axis.
    """
    points = [Point(at, cell) for cell in cells if (at := _place(axis, cell.conditions)) is not None]
    return sorted(points, key=lambda point: point.at)


def _place(axis: Axis, conditions: str) -> float | None:
    if not conditions:
        return 0.0
    key, _, value = conditions.partition("=")
    return float(value) if key == axis and "," not in value else None


def class_edges(cells: Sequence[MatrixCell], thresholds: ThresholdSettings) -> tuple[ClassEdge, ...]:
    """Return where each judged figure leaves a class of the thresholds, along each axis.

    Between two neighbouring conditions a figure is taken to grow evenly; where it grows past several bounds,
    each has its own place. A figure that gets better again in between is looked at in each of its rises.
    Conditions whose verdict is invalid are left out.

    Parameters
    ----------
    cells
        Every condition that was tested.
    thresholds
        Bounds of the classes.
    """
    bounds: dict[str, tuple[tuple[float, ...], Callable[[float], LatencyClass | LossClass]]] = {
        "latency_avg_ms": (
            (thresholds.latency_excellent_ms, thresholds.latency_good_ms, thresholds.latency_acceptable_ms),
            lambda value: latency_class(value, thresholds),
        ),
        "rtp_packet_loss_ratio": (
            (thresholds.loss_excellent_ratio, thresholds.loss_acceptable_ratio),
            lambda value: loss_class(value, thresholds),
        ),
    }
    bounds["latency_max_ms"] = bounds["latency_avg_ms"]
    bounds["phrase_loss_ratio"] = bounds["rtp_packet_loss_ratio"]
    edges: list[ClassEdge] = []
    valid = [cell for cell in cells if cell.result.verdict.status is not VerdictStatus.INVALID]
    for axis in Axis:
        for neighbours in pairwise(along(axis, valid)):
            for figure, (limits, judged) in bounds.items():
                edges += _edges_between(neighbours, axis, figure, limits, judged)
    return tuple(edges)


def _edges_between(
    neighbours: tuple[Point, Point],
    axis: Axis,
    figure: str,
    limits: Sequence[float],
    judged: Callable[[float], LatencyClass | LossClass],
) -> list[ClassEdge]:
    better, worse = neighbours
    first, last = _value(figure, better.cell), _value(figure, worse.cell)
    if first is None or last is None or judged(first) == judged(last) or last <= first:
        return []
    crossed = [limit for limit in limits if first <= limit <= last]
    # The class between two bounds is that of their middle; the ends have their own.
    middles = [(below + above) / 2 for below, above in pairwise(crossed)]
    classes = [str(judged(value)) for value in (first, *middles, last)]
    return [
        ClassEdge(
            axis=axis,
            figure=figure,
            left=classes[place],
            entered=classes[place + 1],
            at=better.at + (worse.at - better.at) * (limit - first) / (last - first),
            below=better.cell.network,
            above=worse.cell.network,
        )
        for place, limit in enumerate(crossed)
        if classes[place] != classes[place + 1]
    ]


def _value(figure: str, cell: MatrixCell) -> float | None:
    for judged in cell.result.verdict.figures:
        if judged.figure == figure:
            return judged.value
    return None
