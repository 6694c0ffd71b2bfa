"""Disturbed calls, second by second."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eloquence_pipeline.models import DisturbedCall, Recovery
from eloquence_pipeline.reporting.html.blocks import Legend, Plot
from eloquence_pipeline.reporting.html.drawing import Drawing, colour
from eloquence_pipeline.reporting.html.text import Text
from eloquence_pipeline.reporting.html.words import DISTURBANCES, SIDES

_MS = 1000.0
_MOST_BARS = 24
"""In one drawing; more stand in the next one."""
_BAR_HEIGHT = 26
_LETTERS = 11
_GAP, _OUTAGE = (
    Text("coupure audible", "audible gap"),
    Text("durée de la perturbation", "the disturbance itself"),
)
_SDK = Text("retour selon le SDK", "back by the SDK")
_REJOINED = Text("salle rejointe", "joined again")


def timelines(calls: Sequence[DisturbedCall]) -> list[Plot]:
    """Draw what became of each call, from the disturbance on."""
    measured = [call for call in calls if call.figures is not None]
    places = range(0, len(measured), _MOST_BARS)
    return [_timeline(measured[place : place + _MOST_BARS], place) for place in places]


def _timeline(calls: Sequence[DisturbedCall], number: int) -> Plot:
    """Draw for each call what was heard, and when the SDK was back, from the disturbance on."""
    drawing = Drawing(f"timeline-{number}", 60 + _BAR_HEIGHT * len(calls), left=174)
    (axes,) = drawing.axes
    longest = max([_longest_ms(call) for call in calls] + [1000.0])
    for place, call in enumerate(calls):
        _draw_call(axes, place, call, longest)
    axes.set_yticks(range(len(calls)), [drawing.words(_label(call)) for call in calls], fontsize=_LETTERS)
    axes.set_ylim(len(calls) - 0.4, -0.6)
    axes.set_xlim(-0.04 * longest / _MS, 1.06 * longest / _MS)
    axes.axvline(0, color=colour("ink"), linewidth=1)
    axes.grid(visible=False, axis="y")
    drawing.entitle(Text("secondes après la perturbation", "seconds after the disturbance"))
    legend = (
        Legend("red", _GAP),
        Legend("grey", _OUTAGE),
        Legend("blue", _SDK),
        Legend("purple", _REJOINED),
    )
    told = Text(
        "Rouge : l'auditeur n'entend pas ce qui est dit. Une barre jusqu'au bord : rien n'est revenu.",
        "Red: the listener does not hear what is said. A bar up to the edge: nothing came back.",
    )
    title = Text("De la perturbation au retour", "From the disturbance to being back")
    return Plot(f"timeline-{number}", drawing.svg(), title, told, legend)


def _label(call: DisturbedCall) -> Text:
    """Return the name of a call, short enough for an axis."""
    kind, side = DISTURBANCES[call.disturbance.kind], SIDES[call.disturbance.side]
    number = f" {call.repetition}" if call.repetition > 1 else ""
    return Text(f"{_short(kind.fr)} · {side.fr[:4]}.{number}", f"{_short(kind.en)} · {side.en[:4]}.{number}")


def _short(text: str, most: int = 20) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _longest_ms(call: DisturbedCall) -> float:
    figures = call.figures
    if figures is None:
        return 0.0
    ends = [_gap_begin_ms(call, gap.position_in_sent_seconds) + gap.audible_ms for gap in figures.gaps]
    return max([figures.outage_ms, figures.sdk_recovery_ms or 0.0, figures.rejoin_ms or 0.0, *ends])


def _gap_begin_ms(call: DisturbedCall, position_seconds: float) -> float:
    return _MS * (position_seconds - call.disturbance.at_seconds)


def _draw_call(axes: Any, place: int, call: DisturbedCall, longest_ms: float) -> None:
    figures = call.figures
    if figures is None:
        return
    if figures.outage_ms:
        axes.barh(place + 0.3, figures.outage_ms / _MS, height=0.16, color=colour("grey"))
    for gap in figures.gaps:
        begin = _gap_begin_ms(call, gap.position_in_sent_seconds) / _MS
        axes.barh(place, gap.audible_ms / _MS, left=begin, height=0.44, color=colour("red"))
    if figures.recovery is Recovery.NONE:
        axes.barh(place, 1.06 * longest_ms / _MS, height=0.44, color=colour("red"))
    for name, marker, value in (("blue", "D", figures.sdk_recovery_ms), ("purple", "s", figures.rejoin_ms)):
        if value is not None:
            axes.plot([value / _MS], [place], marker, ms=7, color=colour(name), zorder=4)
