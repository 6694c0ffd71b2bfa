"""The nights of one test under each other, on the terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eloquence_pipeline.models import (
    BaselineComparison,
    Change,
    Conditions,
    Drift,
    FigureComparison,
    Night,
    Record,
)
from eloquence_pipeline.reporting.baseline import (
    CHANGE_STYLES,
    NIGHT_FIGURE_WORDS,
    baseline_icon,
    baseline_sentence,
)
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.reporting.wording import STATUS_ICONS

MARKS = {Change.WORSE: "▲", Change.BETTER: "▽", Change.SAME: " ", Change.UNKNOWN: " "}
_LEGEND = "▲ pire, ▽ mieux que les bonnes nuits d'avant"
# Titles that leave room for all of them in 80 columns.
_CALL_TITLES = {
    "one_way_delay_median_ms": "médian\nms",
    "one_way_delay_p95_ms": "p95\nms",
    "network_delay_median_ms": "réseau\nms",
    "phrase_loss_ratio": "phrases\n%",
    "rtp_loss_ratio": "RTP\n%",
    "concealed_ratio": "dissim.\n%",
    "mos_lqo_mean": "MOS\n",
}
# The gaps of the single kinds are in the result and in `eloquence compare`.
_RECONNECTION_TITLES = {
    "calls_not_back_ratio": "pas\nrevenus %",
    "calls_rejoined_ratio": "rejoints\n%",
    "audible_gap_median_ms": "coupure\nmédiane ms",
    "audible_gap_max_ms": "la plus\nlongue ms",
    "phrase_loss_ratio": "phrases\n%",
}


class HistoryNight(Record):
    """A night of the history, and how it compares with those before it."""

    night: Night
    comparison: BaselineComparison


class History(Record):
    """The last nights of one test under the same conditions, oldest first."""

    conditions: Conditions
    nights: tuple[HistoryNight, ...]
    trends: dict[str, Drift]
    """By the name of the figure: per night, in its unit; only those that are not 0 with 95 %."""
    others: int
    """How many nights of this test have other conditions, and are not shown."""


def print_history(console: Console, history: History) -> None:
    """Print one row a night, what the last one comes to, and how the figures move."""
    if isinstance(console, JsonConsole):
        for one in history.nights:
            content = {
                **one.night.model_dump(mode="json"),
                "baseline": one.comparison.model_dump(mode="json"),
            }
            console.write("night", baseline_sentence(one.comparison), content=content)
        trends = {name: trend.model_dump() for name, trend in history.trends.items()}
        console.write("trend", f"{len(trends)} tendances", content=trends)
        return
    console.print(history_table(history))
    for name, found in history.trends.items():
        console.print(f"Tendance : {trend_sentence(name, found)}", style="yellow", markup=False)
    last = history.nights[-1].comparison
    console.print(Text(baseline_sentence(last), style=CHANGE_STYLES[last.change]), soft_wrap=True)
    if history.others:
        console.print(
            f"   {history.others} nuits sous d'autres conditions ne sont pas montrées "
            "(cible, réseau simulé, paramètres ou méthode) : --target, --network",
            style="dim",
            soft_wrap=True,
            markup=False,
        )


def history_table(history: History) -> Table:
    """Return one row a night; fits into 80 columns."""
    where = history.conditions
    network = f", réseau {where.network}" if where.network else ""
    table = Table(
        title=f"Test « {where.scenario} », cible {where.target}{network}",
        caption=_LEGEND,
        expand=False,
        padding=(0, 0),
    )
    table.add_column("Nuit\n(UTC)", no_wrap=True)
    titles = _RECONNECTION_TITLES if are_of_disturbed_calls(history.nights) else _CALL_TITLES
    for title in titles.values():
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("Seuils\n", justify="center")
    table.add_column("Nuits\n", justify="center")
    for one in history.nights:
        figures = {figure.figure: figure for figure in one.comparison.figures}
        table.add_row(
            f"{one.night.started_at:%Y-%m-%d %H:%M}",
            *(_cell(figures[name]) for name in titles),
            STATUS_ICONS[one.night.status],
            baseline_icon(one.comparison),
        )
    return table


def _cell(figure: FigureComparison) -> Text:
    mark = MARKS[figure.change]
    return Text(f"{plain(figure)}{mark}", style=CHANGE_STYLES[figure.change].replace("dim", ""))


def plain(figure: FigureComparison) -> str:
    """Return the value of a figure without its unit."""
    if figure.value is None:
        return "—"
    if figure.unit == "score":
        return f"{figure.value:.2f}"
    return f"{figure.value:.1f}" if figure.unit == "ms" else f"{figure.value * 100:.1f}"


def trend_sentence(name: str, trend: Drift) -> str:
    """Return by how much a figure moves from night to night."""
    factor, unit = (100, "point") if name.endswith("_ratio") else (1, "ms" if name.endswith("_ms") else "")
    slope, low, high = (each * factor for each in (trend.ms_per_minute, trend.low, trend.high))
    return f"{NIGHT_FIGURE_WORDS[name]} {slope:+.2f} {unit} par nuit (95 % : {low:+.2f} à {high:+.2f})"


def are_of_disturbed_calls(nights: Sequence[HistoryNight]) -> bool:
    """Return whether nights, which are all of the same test, have the figures of disturbed calls."""
    return any(figure.figure == "audible_gap_median_ms" for figure in nights[-1].comparison.figures)


def title_of(history: Sequence[HistoryNight]) -> str:
    """Return what a plot of some nights is called."""
    where = history[-1].night.conditions
    network = f", {where.network}" if where.network else ""
    return f"{where.scenario} · {where.target}{network}"
