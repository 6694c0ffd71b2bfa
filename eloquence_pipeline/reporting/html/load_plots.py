"""Many sessions at once as drawings: each session, and all of them over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eloquence_pipeline.models.load import LoadInterval, LoadResult, SessionFigures
from eloquence_pipeline.reporting.course import clock
from eloquence_pipeline.reporting.html.blocks import Legend, Plot, Row, Table
from eloquence_pipeline.reporting.html.delay_plots import (
    LEAST_MS,
    ROOM_ABOVE,
    draw_latency_threshold,
    time_axis,
)
from eloquence_pipeline.reporting.html.drawing import Drawing, colour
from eloquence_pipeline.reporting.html.text import Text, milliseconds, per_cent

_MOST_SESSIONS = 300
"""In the drawing; there is no room for more."""
_LEAST_PER_CENT = 2.0
_MEDIAN, _P95 = Text("aller simple, médiane", "one way, median"), Text("aller simple, p95", "one way, p95")
_INVALID = Text("non valide (testeur en retard)", "invalid (the tester was late)")
_UNHEARD = Text("non mesurée, ou rien reçu", "not measured, or nothing received")
_WORST = Text("la moins bonne", "the worst one")
_PHRASES_LOST = Text("phrases perdues", "phrases lost")
_CONCEALED = Text("son inventé", "sound made up")
_BUFFER = Text("tampon de gigue, médiane", "jitter buffer, median")


def session_plot(result: LoadResult, worst: SessionFigures | None) -> Plot | None:
    """Draw delay and loss of each session; None where none was measured.

    Parameters
    ----------
    result
        Over all sessions.
    worst
        The one to be marked.
    """
    if not result.sessions:
        return None
    shown = _thinned(result.sessions, worst)
    drawing = Drawing("load-sessions", 330, heights=(1.7, 1))
    delay, loss = drawing.axes
    legend = _draw_delays(delay, shown)
    _draw_unheard(delay, shown, result, legend)
    if worst is not None and worst.figures.one_way_delay_ms.p95 is not None:
        place = [worst.session], [worst.figures.one_way_delay_ms.p95]
        delay.plot(*place, "o", ms=14, mew=2, mfc="none", color=colour("red"), zorder=5, clip_on=False)
        legend.append(Legend("red", _WORST + Text(f" (n° {worst.session})", f" (no. {worst.session})")))
    _bound(delay, result, legend)
    _draw_losses(loss, shown, legend)
    last = max([one.session for one in result.sessions] + [one.session for one in result.not_measured])
    loss.set_xlim(0.4, last + 0.6)
    loss.xaxis.get_major_locator().set_params(integer=True)
    drawing.entitle(Text("délai (ms)", "delay (ms)"))
    drawing.entitle(Text("pertes (%)", "losses (%)"), 1)
    drawing.below(Text("session n°", "session no."))
    told = _sessions_told(result) + _thinned_note(len(result.sessions), len(shown))
    title = Text("Délai de chaque session", "Delay of each session")
    return Plot("load-sessions", drawing.svg(), title, told, tuple(legend))


def _thinned(sessions: Sequence[SessionFigures], worst: SessionFigures | None) -> list[SessionFigures]:
    """Return at most so many sessions as can be drawn: of neighbouring ones the slowest."""
    width = -(-len(sessions) // _MOST_SESSIONS)
    stretches = [sessions[place : place + width] for place in range(0, len(sessions), width)]
    return [
        max(stretch, key=lambda one: (one is worst, one.figures.one_way_delay_ms.p95 or 0.0))
        for stretch in stretches
    ]


def _thinned_note(count: int, shown: int) -> Text:
    if count == shown:
        return Text("", "")
    width = -(-count // _MOST_SESSIONS)
    return Text(
        f" De {width} sessions voisines, la plus lente est dessinée.",
        f" Of {width} neighbouring sessions the slowest one is drawn.",
    )


def _draw_delays(axes: Any, sessions: Sequence[SessionFigures]) -> list[Legend]:
    """Draw median and 95th percentile of each session; what the tester was late for is grey."""
    heard = [one for one in sessions if one.figures.one_way_delay_ms.p95 is not None]
    places = [one.session for one in heard]
    medians = [one.figures.one_way_delay_ms.median or 0.0 for one in heard]
    highest = [one.figures.one_way_delay_ms.p95 or 0.0 for one in heard]
    axes.vlines(places, medians, highest, color=colour("grid"), linewidth=2)
    for valid, low, high in ((True, "blue", "orange"), (False, "grey", "grey")):
        chosen = [place for place, one in enumerate(heard) if one.is_valid is valid]
        x = [places[place] for place in chosen]
        axes.plot(x, [medians[place] for place in chosen], "o", ms=5, color=colour(low))
        # A line across, which is seen where it lies on the median.
        axes.plot(x, [highest[place] for place in chosen], "_", ms=9, mew=2.5, color=colour(high))
    axes.set_ylim(0, max(LEAST_MS, ROOM_ABOVE * max(highest, default=0.0)))
    legend = [Legend("blue", _MEDIAN), Legend("orange", _P95)]
    return legend + ([Legend("grey", _INVALID)] if any(not one.is_valid for one in heard) else [])


def _draw_unheard(
    axes: Any, shown: Sequence[SessionFigures], result: LoadResult, legend: list[Legend]
) -> None:
    silent = [one.session for one in shown if one.figures.one_way_delay_ms.p95 is None]
    places = [*silent, *(one.session for one in result.not_measured[:_MOST_SESSIONS])]
    if places:
        axes.plot(
            places, [0.0] * len(places), "x", ms=8, mew=2, color=colour("purple"), clip_on=False, zorder=4
        )
        legend.append(Legend("purple", _UNHEARD))


def _bound(axes: Any, result: LoadResult, legend: list[Legend]) -> None:
    highest = axes.get_ylim()[1]
    bound = draw_latency_threshold(axes, result.verdict, highest, legend)
    axes.set_ylim(0, max(highest, ROOM_ABOVE * bound))


def _draw_losses(axes: Any, sessions: Sequence[SessionFigures], legend: list[Legend]) -> None:
    places = [one.session for one in sessions]
    lost = [100 * one.figures.packet_loss_rate for one in sessions]
    concealed = [100 * (one.figures.rtp.concealed_ratio or 0.0) for one in sessions]
    axes.plot(places, concealed, "D", ms=4, color=colour("teal"), clip_on=False, zorder=3)
    axes.plot(places, lost, "v", ms=6, color=colour("pink"), clip_on=False, zorder=3)
    axes.set_ylim(0, max(_LEAST_PER_CENT, ROOM_ABOVE * max(*lost, *concealed, 0.0)))
    legend += [Legend("pink", _PHRASES_LOST), Legend("teal", _CONCEALED)]


def _sessions_told(result: LoadResult) -> Text:
    medians = [
        one.figures.one_way_delay_ms.median
        for one in result.sessions
        if one.figures.one_way_delay_ms.median is not None
    ]
    if not medians:
        return Text("Aucune session n'a rien reçu.", "No session received anything.")
    low, high = milliseconds(min(medians)), milliseconds(max(medians))
    return Text(
        f"Médianes de {len(medians)} sessions : de {low} à {high}.",
        f"Medians of {len(medians)} sessions: {low} to {high}.",
    )


def load_course_plot(result: LoadResult) -> Plot | None:
    """Draw delay and lost phrases of all sessions over time; None where that is not known."""
    course = result.figures.course
    if not course:
        return None
    drawing = Drawing("load-course", 330, heights=(1.7, 1))
    delay, loss = drawing.axes
    scale, unit = time_axis(course[-1].end_seconds)
    places = [(each.start_seconds + each.end_seconds) / 2 / scale for each in course]
    for name, values in (
        ("orange", [each.one_way_delay_p95_ms for each in course]),
        ("blue", [each.one_way_delay_median_ms for each in course]),
        ("grey", [each.jitter_buffer_median_ms for each in course]),
    ):
        shown = [float("nan") if value is None else value for value in values]
        delay.plot(places, shown, ".-", color=colour(name))
    highest = max((each.one_way_delay_p95_ms or 0.0 for each in course), default=0.0)
    delay.set_ylim(0, max(LEAST_MS, ROOM_ABOVE * highest))
    lost = [100 * (_lost_ratio(each) or 0.0) for each in course]
    widths = [0.8 * (each.end_seconds - each.start_seconds) / scale for each in course]
    loss.bar(places, lost, width=widths, color=colour("pink"))
    loss.set_ylim(0, max(_LEAST_PER_CENT, ROOM_ABOVE * max(lost)))
    loss.set_xlim(0, course[-1].end_seconds / scale)
    drawing.entitle(Text("délai (ms)", "delay (ms)"))
    drawing.entitle(Text("phrases perdues (%)", "phrases lost (%)"), 1)
    drawing.below(unit)
    legend = (
        Legend("blue", _MEDIAN),
        Legend("orange", _P95),
        Legend("grey", _BUFFER),
        Legend("pink", _PHRASES_LOST),
    )
    title = Text("Au fil du temps, toutes les sessions", "Over time, all sessions")
    return Plot("load-course", drawing.svg(), title, _course_told(result), legend, _course_table(course))


def _lost_ratio(each: LoadInterval) -> float | None:
    return 1 - each.phrases_received / each.phrases_sent if each.phrases_sent else None


def _course_told(result: LoadResult) -> Text:
    first = result.figures.course[0]
    length = first.end_seconds - first.start_seconds
    told = Text(f"Par intervalles de {length:g} s.", f"In intervals of {length:g} s.")
    if (drift := result.figures.drift) is not None:
        slope = f"{drift.ms_per_minute:+.2f} ms/min ({drift.low:+.2f} – {drift.high:+.2f})"
        told += Text(f" Dérive du délai : {slope}.", f" Drift of the delay: {slope}.")
    return told


def _course_table(course: Sequence[LoadInterval]) -> Table:
    rows: list[Row] = [
        (
            clock(each.start_seconds),
            f"{each.phrases_received} / {each.phrases_sent}",
            *(
                "—" if value is None else f"{value:.1f}"
                for value in (
                    each.one_way_delay_median_ms,
                    each.one_way_delay_p95_ms,
                    each.jitter_buffer_median_ms,
                )
            ),
            per_cent(_lost_ratio(each)),
        )
        for each in course
    ]
    columns = (
        Text("de", "from"),
        Text("phrases", "phrases"),
        Text("aller simple (ms)", "one way (ms)"),
        Text("p95 (ms)", "p95 (ms)"),
        Text("tampon (ms)", "buffer (ms)"),
        Text("perdues", "lost"),
    )
    title = Text("Chaque intervalle", "Each interval")
    return Table(title, columns, tuple(rows), words=frozenset(), folded=True)
