"""Delay, loss, lateness and processor over the number of sessions."""

from __future__ import annotations

from typing import Any, NamedTuple

from eloquence_pipeline.models import VerdictStatus
from eloquence_pipeline.models.load import CapacityResult, CapacityStep
from eloquence_pipeline.reporting.html.blocks import Legend, Plot
from eloquence_pipeline.reporting.html.delay_plots import LEAST_MS, draw_threshold
from eloquence_pipeline.reporting.html.drawing import Drawing, colour
from eloquence_pipeline.reporting.html.text import Text

_ROOM_ABOVE = 1.15
_LEAST_PER_CENT, _LEAST_LATENESS_MS = 2.0, 6.0
_MOST_NAMES = 14
"""On the axis; of more every second one stands there."""
_BUSY = "host_busy_ratio"


class _Curve(NamedTuple):
    row: int
    """From above, over both drawings."""
    ink: str
    name: Text
    figure: str
    line: str = "o-"

    def value(self, step: CapacityStep) -> float | None:
        return _figures(step)[self.figure]


def _figures(step: CapacityStep) -> dict[str, float | None]:
    """Return what is drawn of a step, by its name; None where nothing is known."""
    delay = step.one_way_delay_ms
    # Where nobody could join these are 0, and say nothing.
    somebody = bool(step.sessions_measured or delay.count)
    return {
        "median": delay.median,
        "p95": delay.p95,
        "lost": _per_cent(step.packet_loss_ratio),
        "concealed": _per_cent(step.concealed_ratio),
        "lateness": step.pacing_lateness_p99_ms if somebody else None,
        "machine": _per_cent(step.host_busy_ratio) if somebody else None,
        "server": _per_cent(step.server_cpu_ratio),
    }


def _per_cent(ratio: float | None) -> float | None:
    return None if ratio is None else 100 * ratio


_CURVES = (
    _Curve(0, "orange", Text("aller simple, p95", "one way, p95"), "p95", "s--"),
    _Curve(0, "blue", Text("aller simple, médiane", "one way, median"), "median"),
    _Curve(1, "pink", Text("RTP perdus", "RTP lost"), "lost", "v--"),
    _Curve(1, "teal", Text("son inventé", "sound made up"), "concealed"),
    _Curve(2, "purple", Text("retard d'émission p99", "sent late, p99"), "lateness"),
    _Curve(
        3,
        "grey",
        Text("machine du testeur (de tous ses cœurs)", "tester's machine (of all its cores)"),
        "machine",
        "s--",
    ),
    _Curve(3, "olive", Text("serveur (d'un cœur)", "server (of a core)"), "server"),
)
_LEAST = (LEAST_MS, _LEAST_PER_CENT, _LEAST_LATENESS_MS, 100.0)
_TITLES = (
    Text("délai (ms)", "delay (ms)"),
    Text("pertes (%)", "losses (%)"),
    Text("retard du testeur (ms)", "lateness of the tester (ms)"),
    Text("processeur (%)", "processor (%)"),
)
_BOUNDS = ("latency_acceptable_ms", "loss_acceptable_ratio", "pacing_lateness_p99_ms")


def capacity_plots(result: CapacityResult) -> list[Plot]:
    """Draw what was measured with each number of sessions; nothing where none was tried.

    The numbers stand at equal distances: they lie close together where the limit is.
    """
    if not result.steps:
        return []
    voice, effort = (
        Text("Délai et pertes", "Delay and losses"),
        Text("Testeur et serveur", "Tester and server"),
    )
    return [_plot(result, "capacity-voice", (0, 1), voice), _plot(result, "capacity-effort", (2, 3), effort)]


def _plot(result: CapacityResult, name: str, rows: tuple[int, ...], title: Text) -> Plot:
    numbers = sorted({step.sessions for step in result.steps})
    steps = [(numbers.index(step.sessions), step) for step in result.steps]
    # The last try of a number decides; what an earlier one measured is drawn, and not joined.
    last = dict(steps)
    drawing = Drawing(name, 330, heights=(1,) * len(rows))
    curves = [curve for curve in _CURVES if curve.row in rows]
    for curve in curves:
        _draw(drawing.axes[curve.row - rows[0]], curve, steps, last)
    for place, row in enumerate(rows):
        _limits(drawing.axes[place], row, result)
        _bracket(drawing.axes[place], numbers, result)
        drawing.entitle(_TITLES[row], place)
    every = 1 if len(numbers) <= _MOST_NAMES else 2
    drawing.axes[-1].set_xticks(range(0, len(numbers), every), [str(number) for number in numbers[::every]])
    drawing.axes[-1].set_xlim(-0.5, len(numbers) - 0.5)
    drawing.below(Text("sessions à la fois", "sessions at once"))
    legend = [Legend(curve.ink, curve.name) for curve in curves]
    legend.append(Legend("red", Text("seuil ; ce qui n'a pas tenu", "threshold; what did not hold")))
    return Plot(name, drawing.svg(), title, _told(result), tuple(legend))


def _draw(
    axes: Any, curve: _Curve, steps: list[tuple[int, CapacityStep]], last: dict[int, CapacityStep]
) -> None:
    joined = [
        (place, value) for place, step in sorted(last.items()) if (value := curve.value(step)) is not None
    ]
    ink = colour(curve.ink)
    axes.plot([place for place, _ in joined], [value for _, value in joined], curve.line, ms=5, color=ink)
    for place, step in steps:
        value = curve.value(step)
        if value is None:
            continue
        if last[place] is not step:
            axes.plot([place], [value], curve.line[0], ms=5, color=ink)
        if step.status is not VerdictStatus.PASSED:
            axes.plot([place], [value], "o", ms=11, mew=1.5, mfc="none", color=colour("red"), clip_on=False)


def _limits(axes: Any, row: int, result: CapacityResult) -> None:
    """Give an axis room, and draw its threshold where the figures come near it."""
    highest = max(_LEAST[row], axes.get_ylim()[1])
    bound = _bound(row, result)
    if bound is not None and draw_threshold(axes, bound, highest):
        highest = max(highest, _ROOM_ABOVE * bound)
    axes.set_ylim(0, highest)


def _bound(row: int, result: CapacityResult) -> float | None:
    if row < len(_BOUNDS):
        bound = result.thresholds.get(_BOUNDS[row])
        return 100 * bound if bound is not None and _BOUNDS[row].endswith("_ratio") else bound
    # That of the machine is no setting: a step that missed it names it.
    busy = [step.limit.bound for step in result.steps if step.limit.figure == _BUSY]
    return 100 * busy[0] if busy and busy[0] is not None else None


def _bracket(axes: Any, numbers: list[int], result: CapacityResult) -> None:
    """Mark where the limit is: between what held and what did not."""
    held, missed = result.most_that_held, result.fewest_that_did_not
    if missed in numbers:
        first = numbers.index(held) if held in numbers else -0.5
        axes.axvspan(first, numbers.index(missed), color=colour("grid"), alpha=0.6, zorder=0, linewidth=0)


def _told(result: CapacityResult) -> Text:
    held, missed = result.most_that_held, result.fewest_that_did_not
    if not missed:
        return Text(f"Jusqu'à {held} sessions, rien n'a cédé.", f"Up to {held} sessions nothing gave way.")
    return Text(
        f"La limite est dans la bande grise, entre {held} et {missed} sessions.",
        f"The limit is in the grey band, between {held} and {missed} sessions.",
    )
