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
from eloquence_pipeline.reporting.history import HistoryNight, are_of_disturbed_calls, title_of

FORMATS = (".png", ".svg", ".pdf")

_COLOURS = {Change.WORSE: "#c62828", Change.BETTER: "#2e7d32"}
_INCHES = (9.0, 8.0)


_LINES = ("-", "--", ":")


@dataclass(frozen=True)
class _Panel:
    unit: str
    figures: tuple[str, ...]
    factor: float = 1.0
    shows_usual: bool = True


_CALL_PANELS = (
    _Panel("ms", ("one_way_delay_median_ms", "one_way_delay_p95_ms", "network_delay_median_ms")),
    # Losses do not scatter evenly around what is usual: a band would reach below 0.
    _Panel("%", ("phrase_loss_ratio", "rtp_loss_ratio", "concealed_ratio"), 100, shows_usual=False),
    _Panel("MOS-LQO", ("mos_lqo_mean",)),
)
_RECONNECTION_PANELS = (
    _Panel("ms", ("audible_gap_median_ms",)),
    _Panel("ms", ("audible_gap_max_ms",)),
    _Panel(
        "%", ("phrase_loss_ratio", "calls_rejoined_ratio", "calls_not_back_ratio"), 100, shows_usual=False
    ),
)


def write_plot(history: Sequence[HistoryNight], path: Path) -> None:
    """Draw the nights into a file whose ending is one of `FORMATS`.

    Each figure is a line over the nights; a night in which it was judged worse is red, better green, and the
    first figure of each panel has a band around what was usual.
    """
    of_test = _RECONNECTION_PANELS if are_of_disturbed_calls(history) else _CALL_PANELS
    panels = [panel for panel in of_test if any(_values(history, name, panel) for name in panel.figures)]
    picture: Any = Figure(figsize=_INCHES, layout="constrained")
    axes: Any = picture.subplots(max(len(panels), 1), 1, sharex=True, squeeze=False)[:, 0]
    for axis, panel in zip(axes, panels, strict=False):
        for name, line in zip(panel.figures, _LINES, strict=False):
            _draw(axis, history, name, panel, line)
        if panel.shows_usual:
            _draw_usual(axis, history, panel)
        else:
            axis.set_ylim(0, max(1.0, axis.get_ylim()[1]))
        axis.set_ylabel(panel.unit)
        axis.grid(visible=True, alpha=0.3)
        axis.legend(loc="best", fontsize="small", framealpha=0.6)
    nights = [f"{one.night.started_at:%m-%d %H:%M}" for one in history]
    axes[-1].set_xticks(range(len(nights)), nights, rotation=60, ha="right", fontsize="small")
    picture.suptitle(title_of(history))
    with atomic_path(path) as temporary:
        picture.savefig(temporary, format=path.suffix.lower().lstrip("."), dpi=120)


def _figures(history: Sequence[HistoryNight], name: str) -> list[FigureComparison]:
    return [next(one for one in night.comparison.figures if one.figure == name) for night in history]


def _values(history: Sequence[HistoryNight], name: str, panel: _Panel) -> dict[int, float]:
    """Return the values of a figure by the place of the night."""
    figures = enumerate(_figures(history, name))
    return {place: one.value * panel.factor for place, one in figures if one.value is not None}


def _draw(axis: Any, history: Sequence[HistoryNight], name: str, panel: _Panel, line: str) -> None:
    values = _values(history, name, panel)
    if not values:
        return
    label = NIGHT_FIGURE_WORDS[name]
    axis.plot(list(values), list(values.values()), line, marker="o", markersize=4, label=label)
    for place, one in enumerate(_figures(history, name)):
        if one.change in _COLOURS:
            axis.plot(place, values[place], marker="o", markersize=8, color=_COLOURS[one.change], zorder=3)


def _draw_usual(axis: Any, history: Sequence[HistoryNight], panel: _Panel) -> None:
    known = {
        place: (one.usual * panel.factor, (one.scatter or 0) * panel.factor)
        for place, one in enumerate(_figures(history, panel.figures[0]))
        if one.usual is not None
    }
    low = [usual - scatter for usual, scatter in known.values()]
    high = [usual + scatter for usual, scatter in known.values()]
    axis.fill_between(list(known), low, high, alpha=0.15, label="d'habitude (± 1 écart type)")
