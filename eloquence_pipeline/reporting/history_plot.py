"""The nights of one test as a picture: delay, loss and quality one above the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from eloquence_pipeline.files import atomic_path
from eloquence_pipeline.models import Change, FigureComparison
from eloquence_pipeline.reporting.baseline import NIGHT_FIGURE_WORDS
from eloquence_pipeline.reporting.history import HistoryNight, title_of

FORMATS = (".png", ".svg", ".pdf")

_COLOURS = {Change.WORSE: "#c62828", Change.BETTER: "#2e7d32"}
_INCHES = (9.0, 8.0)


@dataclass(frozen=True)
class _Panel:
    unit: str
    figures: tuple[str, ...]
    factor: float = 1.0


_PANELS = (
    _Panel("ms", ("one_way_delay_median_ms", "one_way_delay_p95_ms", "network_delay_median_ms")),
    _Panel("%", ("phrase_loss_ratio", "rtp_loss_ratio", "concealed_ratio"), 100),
    _Panel("MOS-LQO", ("mos_lqo_mean",)),
)


def write_plot(history: Sequence[HistoryNight], path: Path) -> None:
    """Draw the nights into a file whose ending is one of `FORMATS`.

    Each figure is a line over the nights; a night in which it was judged worse is red, better green, and the
    first figure of each panel has a band around what was usual.
    """
    picture: Any = Figure(figsize=_INCHES, layout="constrained")
    axes: Any = picture.subplots(len(_PANELS), 1, sharex=True)
    for axis, panel in zip(axes, _PANELS, strict=True):
        for name in panel.figures:
            _draw(axis, history, name, panel.factor)
        _draw_usual(axis, history, panel)
        axis.set_ylabel(panel.unit)
        axis.grid(visible=True, alpha=0.3)
        axis.legend(loc="upper left", fontsize="small")
    axes[-1].set_xticks(
        range(len(history)),
        [f"{one.night.started_at:%m-%d %H:%M}" for one in history],
        rotation=60,
        ha="right",
        fontsize="small",
    )
    picture.suptitle(title_of(history))
    # Whatever matplotlib is asked to draw, a reader sees the old picture or the new one.
    with atomic_path(path) as temporary:
        picture.savefig(temporary, format=path.suffix.lower().lstrip("."), dpi=120)


def _figures(history: Sequence[HistoryNight], name: str) -> list[FigureComparison]:
    return [next(one for one in night.comparison.figures if one.figure == name) for night in history]


def _draw(axis: Any, history: Sequence[HistoryNight], name: str, factor: float) -> None:
    figures = _figures(history, name)
    values = [float("nan") if one.value is None else one.value * factor for one in figures]
    (line,) = axis.plot(range(len(values)), values, marker="o", markersize=4, label=NIGHT_FIGURE_WORDS[name])
    for place, (one, value) in enumerate(zip(figures, values, strict=True)):
        if one.change in _COLOURS:
            axis.plot(place, value, marker="o", markersize=8, color=_COLOURS[one.change], zorder=3)
    del line


def _draw_usual(axis: Any, history: Sequence[HistoryNight], panel: _Panel) -> None:
    figures = _figures(history, panel.figures[0])
    known = [(place, one) for place, one in enumerate(figures) if one.usual is not None]
    low = [((one.usual or 0) - (one.scatter or 0)) * panel.factor for _, one in known]
    high = [((one.usual or 0) + (one.scatter or 0)) * panel.factor for _, one in known]
    places = [place for place, _ in known]
    axis.fill_between(places, low, high, alpha=0.15, label="d'habitude (± 1 écart type)")
