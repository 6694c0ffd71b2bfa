"""How a long call went, interval by interval; and what happened to its connections."""

from __future__ import annotations

from eloquence_pipeline.models import ConnectionEvent, CourseInterval, ScenarioResult
from eloquence_pipeline.reporting.course import clock, course_rows
from eloquence_pipeline.reporting.html.blocks import Block, Legend, Listing, Plot, Table
from eloquence_pipeline.reporting.html.delay_plots import time_axis
from eloquence_pipeline.reporting.html.drawing import Drawing, colour
from eloquence_pipeline.reporting.html.text import Text

_MOST_EVENTS = 200
_ROOM_ABOVE = 1.1
_NANOSECONDS_PER_SECOND = 1e9
_COLUMNS = (
    Text("de", "from"),
    Text("phrases", "phrases"),
    Text("aller simple (ms)", "one way (ms)"),
    Text("p95 (ms)", "p95 (ms)"),
    Text("réseau (ms)", "network (ms)"),
    Text("tampon (ms)", "buffer (ms)"),
    Text("RTP perdus (%)", "RTP lost (%)"),
    Text("inventé (%)", "made up (%)"),
    Text("trous (ms)", "gaps (ms)"),
    Text("MOS", "MOS"),
)


def course_plot(result: ScenarioResult) -> Plot | None:
    """Draw delay, buffer and quality of each interval; None for a short call."""
    course = result.course
    if course is None or not course.intervals:
        return None
    drawing = Drawing("course", 290, heights=(1.3, 1))
    delay, quality = drawing.axes
    scale, unit = time_axis(course.intervals[-1].end_seconds)
    places = [_middle(each) / scale for each in course.intervals]
    for name, values in (
        ("orange", [each.one_way_delay_p95_ms for each in course.intervals]),
        ("blue", [each.one_way_delay_median_ms for each in course.intervals]),
        ("grey", [each.jitter_buffer_ms for each in course.intervals]),
    ):
        delay.plot(places, [_or_gap(value) for value in values], ".-", color=colour(name))
    scored = result.quality.over_time if result.quality else ()
    quality.plot(
        [(each.start_seconds + each.end_seconds) / 2 / scale for each in scored],
        [_or_gap(each.mos_lqo) for each in scored],
        ".-",
        color=colour("green"),
    )
    for each, place in zip(course.intervals, places, strict=True):
        if each.state_changes:
            for axes in drawing.axes:
                axes.axvline(place, color=colour("red"), linestyle=":", linewidth=1.2)
    delay.set_ylim(0, _ROOM_ABOVE * delay.get_ylim()[1])
    quality.set_ylim(1, 5)
    drawing.entitle(Text("délai (ms)", "delay (ms)"))
    drawing.entitle(Text("qualité ViSQOL, 1 à 5", "ViSQOL quality, 1 to 5"), 1)
    drawing.below(unit)
    legend = (
        Legend("blue", Text("aller simple, médiane", "one way, median")),
        Legend("orange", Text("aller simple, p95", "one way, p95")),
        Legend("grey", Text("tampon de gigue", "jitter buffer")),
        Legend("green", Text("qualité", "quality")),
        Legend("red", Text("changement d'état", "change of state")),
    )
    title = Text("Au fil de l'appel", "In the course of the call")
    return Plot("course", drawing.svg(), title, _told(result), legend, _table(result))


def _middle(each: CourseInterval) -> float:
    return (each.start_seconds + each.end_seconds) / 2


def _or_gap(value: float | None) -> float:
    return float("nan") if value is None else value


def _told(result: ScenarioResult) -> Text:
    told = Text("Médianes de chaque intervalle.", "Medians of each interval.")
    if (drift := result.delay.drift) is not None:
        slope = f"{drift.ms_per_minute:+.2f} ms/min ({drift.low:+.2f} – {drift.high:+.2f})"
        told += Text(f" Dérive du délai : {slope}.", f" Drift of the delay: {slope}.")
    quality = result.quality
    if quality is not None and quality.trend is not None:
        trend = (
            f"{quality.trend.mos_lqo_per_hour:+.2f} ({quality.trend.low:+.2f} – {quality.trend.high:+.2f})"
        )
        told += Text(f" Tendance du MOS par heure : {trend}.", f" Trend of the MOS an hour: {trend}.")
    if result.course is not None and (gap := result.course.longest_gap) is not None:
        place = f"{gap.duration_ms:.0f} ms, {clock(gap.position_in_sent_seconds)}"
        told += Text(f" Plus long trou : {place}.", f" Longest gap: {place}.")
    return told


def _table(result: ScenarioResult) -> Table:
    title = Text("Chaque intervalle", "Each interval")
    return Table(title, _COLUMNS, tuple(course_rows(result)), words=frozenset(), folded=True)


def stability_blocks(result: ScenarioResult) -> list[Block]:
    """Return what each participant's connection did, and the events of both ends."""
    rows = tuple(
        (
            each.identity,
            f"{each.connected_ratio * 100:.1f} %",
            str(each.reconnects),
            f"{each.longest_interruption_ms:.0f}",
            ", ".join(each.quality_changes) or "—",
        )
        for each in result.stability.participants
    )
    columns = (
        Text("participant", "participant"),
        Text("connecté", "connected"),
        Text("reconnexions", "reconnections"),
        Text("plus longue coupure (ms)", "longest interruption (ms)"),
        Text("qualité selon le SDK", "quality by the SDK"),
    )
    title = Text("Connexions", "Connections")
    blocks: list[Block] = [Table(title, columns, rows, words=frozenset({0, 4}))] if rows else []
    attempts = [attempt for attempt in result.attempts if attempt.error]
    if attempts:
        blocks.append(Listing(tuple(_attempt(one.number, one.error) for one in attempts)))
    if result.events:
        blocks.append(event_table(result.events))
    return blocks


def _attempt(number: int, error: str) -> Text:
    return Text(f"tentative {number} : {error}", f"attempt {number}: {error}")


def event_table(events: tuple[ConnectionEvent, ...], origin_ns: int | None = None) -> Table:
    """Return what the SDK said, in the order of time.

    Parameters
    ----------
    events
        Of both ends.
    origin_ns
        From when the time counts; from the first event on when left out.
    """
    ordered = sorted(events, key=lambda event: event.monotonic_ns)
    first = ordered[0].monotonic_ns if origin_ns is None else origin_ns
    rows = tuple(
        (
            f"{(event.monotonic_ns - first) / _NANOSECONDS_PER_SECOND:+.3f}",
            event.identity,
            event.name,
            event.detail,
        )
        for event in ordered[:_MOST_EVENTS]
    )
    columns = (Text("s", "s"), Text("qui", "who"), Text("événement", "event"), Text("détail", "detail"))
    title = Text(f"Événements : {len(ordered)}", f"Events: {len(ordered)}")
    return Table(title, columns, rows, words=frozenset({1, 2, 3}), folded=True)
