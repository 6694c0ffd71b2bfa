"""Delay, concealment and quality, drawn over what gets worse in the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from eloquence_pipeline.models import Axis, ScenarioResult

_LABELS = {Axis.LOSS: "perte (%)", Axis.LATENCY: "latence (ms)", Axis.JITTER: "gigue (ms)"}
_DPI = 100

Series = Sequence[tuple[float, ScenarioResult]]


class _Curve(NamedTuple):
    label: str
    figure: str
    """Where it stands in a result."""
    scale: float = 1.0

    def of(self, result: ScenarioResult) -> float | None:
        """Return the figure; None where there is none."""
        value: Any = result
        for name in self.figure.split("."):
            value = None if value is None else getattr(value, name)
        return None if value is None else float(value) * self.scale


_PANELS: dict[str, tuple[_Curve, ...]] = {
    "délai (ms)": (
        _Curve("médiane", "delay.one_way_delay_ms.median"),
        _Curve("p95", "delay.one_way_delay_ms.p95"),
        _Curve("réseau", "budget.network.median_ms"),
    ),
    "masqué (%)": (_Curve("masqué", "rtp.concealed_ratio", scale=100.0),),
    "MOS-LQO": (
        _Curve("moyenne", "quality.mos_lqo.avg"),
        _Curve("minimum", "quality.mos_lqo.min"),
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
        known = [(at, value) for at, result in points if (value := curve.of(result)) is not None]
        axes.plot([at for at, _ in known], [value for _, value in known], marker="o", label=curve.label)
    axes.grid(visible=True, alpha=0.3)
    if len(curves) > 1:
        axes.legend(fontsize="small")
