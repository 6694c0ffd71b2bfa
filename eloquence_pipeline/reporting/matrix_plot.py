"""Delay, concealment and quality, drawn over what gets worse in the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from eloquence_pipeline.models import Axis, ScenarioResult

_LABELS = {Axis.LOSS: "perte (%)", Axis.LATENCY: "latence (ms)", Axis.JITTER: "gigue (ms)"}
_DPI = 100

Series = Sequence[tuple[float, ScenarioResult]]


class _Curve(NamedTuple):
    label: str
    value: Callable[[ScenarioResult], float | None]


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


_PANELS: dict[str, tuple[_Curve, ...]] = {
    "délai (ms)": (
        _Curve("médiane", lambda result: result.delay.one_way_delay_ms.median),
        _Curve("p95", lambda result: result.delay.one_way_delay_ms.p95),
        _Curve("réseau", lambda result: result.budget.network.median_ms if result.budget.network else None),
    ),
    "masqué (%)": (_Curve("masqué", lambda result: _scaled(result.rtp.concealed_ratio, 100)),),
    "MOS-LQO": (
        _Curve("moyenne", lambda result: result.quality.mos_lqo.avg if result.quality else None),
        _Curve("minimum", lambda result: result.quality.mos_lqo.min if result.quality else None),
    ),
}


def matrix_plot(series: Mapping[Axis, Series]) -> bytes:
    """Return a PNG with a column for each axis on which there are several conditions.

    Parameters
    ----------
    series
        For each axis the conditions in their order: how bad, and the result.
    """
    columns = {axis: points for axis, points in series.items() if len(points) > 1}
    figure: Any = Figure(figsize=(4 * max(1, len(columns)), 7.5), layout="constrained")
    if columns:
        grid = figure.subplots(len(_PANELS), len(columns), squeeze=False, sharex="col")
        for column, (axis, points) in enumerate(columns.items()):
            for row, (title, curves) in enumerate(_PANELS.items()):
                _draw(grid[row][column], points, curves)
                if not column:
                    grid[row][column].set_ylabel(title)
            grid[-1][column].set_xlabel(_LABELS[axis])
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    return content.getvalue()


def _draw(axes: Any, points: Series, curves: Sequence[_Curve]) -> None:
    for curve in curves:
        known = [(at, value) for at, result in points if (value := curve.value(result)) is not None]
        axes.plot([at for at, _ in known], [value for _, value in known], marker="o", label=curve.label)
    axes.grid(visible=True, alpha=0.3)
    if len(curves) > 1:
        axes.legend(fontsize="small")
