"""When each phrase arrived, and where its delay comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from eloquence_pipeline.clock import SECONDS_PER_MINUTE
from eloquence_pipeline.models import (
    DelayBudget,
    Histogram,
    PhraseObservation,
    ScenarioResult,
    Stage,
    Statistics,
    Verdict,
)
from eloquence_pipeline.reporting.html.blocks import Legend, Plot, Row, Table
from eloquence_pipeline.reporting.html.drawing import SERIES, Drawing, colour
from eloquence_pipeline.reporting.html.text import Text, milliseconds
from eloquence_pipeline.reporting.html.words import STAGE_COLOURS, STAGES

MOST_ROWS = 500
MOST_POINTS = 600
_MOST_BARS = 60
LEAST_MS = 100.0
"""The axis of a delay shows that much at least: noise must not look like a catastrophe."""
ROOM_ABOVE = 1.12
_NEAR_THRESHOLD = 0.6
"""A threshold is drawn from this share of it on: further away it would only flatten what there is to see."""
_LONG_SECONDS = 180

_SECONDS, _MINUTES = Text("secondes", "seconds"), Text("minutes", "minutes")
_LOST = Text("non reçue", "not received")
_END_TO_END = Text("bout en bout (synthèse comprise)", "end to end (with synthesis)")
_ONE_WAY = Text("aller simple", "one way")
_THRESHOLD = Text("seuil de la latence", "threshold of the latency")
_ALL_PHRASES = Text("Toutes les phrases", "All phrases")
_PHRASES_COUNTED = Text("nombre de phrases", "number of phrases")


def time_axis(seconds: float) -> tuple[float, Text]:
    """Return by what to divide seconds for people, and what that is called."""
    return (SECONDS_PER_MINUTE, _MINUTES) if seconds > _LONG_SECONDS else (1.0, _SECONDS)


def thinned(phrases: Sequence[PhraseObservation], most: int) -> list[PhraseObservation]:
    """Return at most so many phrases: of each stretch the one that was not received, or else the slowest."""
    width = -(-len(phrases) // most)
    if width <= 1:
        return list(phrases)
    stretches = [phrases[place : place + width] for place in range(0, len(phrases), width)]
    return [
        max(stretch, key=lambda one: (not one.received, one.end_to_end_ms or 0.0)) for stretch in stretches
    ]


def _thinned_note(result: ScenarioResult, most: int) -> Text:
    count = len(result.phrases)
    width = -(-count // most)
    if width <= 1:
        return Text("", "")
    return Text(
        f" De {width} phrases voisines, la moins bonne est dessinée.",
        f" Of {width} neighbouring phrases the worst one is drawn.",
    )


def delay_plot(result: ScenarioResult, name: str = "delay") -> Plot | None:
    """Draw the delay of each phrase over the time at which it was said; None without phrases.

    Parameters
    ----------
    result
        Of the run.
    name
        No other drawing of the page has it.
    """
    if not result.phrases:
        return None
    drawing = Drawing(name, 250)
    (axes,) = drawing.axes
    scale, unit = time_axis(max(phrase.position_in_sent_seconds for phrase in result.phrases))
    shown = thinned(result.phrases, MOST_POINTS)
    legend = _draw_points(axes, shown, scale)
    lost = [phrase.position_in_sent_seconds / scale for phrase in shown if not phrase.received]
    if lost:
        axes.plot(lost, [0.0] * len(lost), "x", ms=8, mew=2, color=colour("red"), clip_on=False, zorder=4)
        legend.append(Legend("red", _LOST))
    highest = max((phrase.end_to_end_ms or 0.0 for phrase in shown), default=0.0)
    highest = max(highest, draw_latency_threshold(axes, result.verdict, highest, legend))
    axes.set_ylim(0, max(LEAST_MS, ROOM_ABOVE * highest))
    axes.set_xlim(left=0)
    drawing.entitle(Text("délai (ms)", "delay (ms)"))
    drawing.below(unit)
    return Plot(
        name,
        drawing.svg(),
        Text("Délai de chaque phrase", "Delay of each phrase"),
        _told(result) + _thinned_note(result, MOST_POINTS),
        tuple(legend),
        phrase_table(result),
    )


def draw_threshold(axes: Any, bound: float, highest: float) -> bool:
    """Draw a threshold where figures up to `highest` come near it, and return whether they do."""
    if highest <= _NEAR_THRESHOLD * bound:
        return False
    axes.axhline(bound, color=colour("red"), linestyle="--", linewidth=1.2)
    return True


def draw_latency_threshold(axes: Any, verdict: Verdict, highest: float, legend: list[Legend]) -> float:
    """Draw that of the latency likewise, name it in `legend`, and return it; 0 where it is not drawn."""
    bound = next((one.threshold for one in verdict.figures if one.figure == "latency_max_ms"), None)
    if bound is None or not draw_threshold(axes, bound, highest):
        return 0.0
    legend.append(Legend("red", _THRESHOLD + f" ({bound:g} ms)"))
    return bound


def _draw_points(axes: Any, phrases: Sequence[PhraseObservation], scale: float) -> list[Legend]:
    """Draw what was received: of one speaker both delays, of several the one-way delay of each."""
    heard = [phrase for phrase in phrases if phrase.one_way_delay_ms is not None]
    speakers = list(dict.fromkeys(phrase.speaker for phrase in phrases))
    if len(speakers) == 1:
        places = [phrase.position_in_sent_seconds / scale for phrase in heard]
        axes.plot(places, [phrase.end_to_end_ms for phrase in heard], "s", ms=5, color=colour("purple"))
        axes.plot(places, [phrase.one_way_delay_ms for phrase in heard], "o", ms=6, color=colour("blue"))
        return [Legend("blue", _ONE_WAY), Legend("purple", _END_TO_END)]
    legend: list[Legend] = []
    for number, speaker in enumerate(speakers):
        name = SERIES[number % len(SERIES)]
        own = [phrase for phrase in heard if phrase.speaker == speaker]
        axes.plot(
            [phrase.position_in_sent_seconds / scale for phrase in own],
            [phrase.one_way_delay_ms for phrase in own],
            "o",
            ms=6,
            color=colour(name),
        )
        legend.append(Legend(name, _ONE_WAY + f" {speaker}"))
    return legend


def _told(result: ScenarioResult) -> Text:
    delay = result.delay.one_way_delay_ms
    received, sent = result.packets_received, result.packets_sent
    if delay.median is None:
        return Text(
            f"Aucune des {sent} phrases n'a été reçue.", f"Not one of the {sent} phrases was received."
        )
    low, high, middle = milliseconds(delay.min), milliseconds(delay.max), milliseconds(delay.median)
    return Text(
        f"Aller simple de {received} phrases sur {sent} : de {low} à {high}, médiane {middle}.",
        f"One-way delay of {received} of {sent} phrases: {low} to {high}, median {middle}.",
    )


def phrase_table(result: ScenarioResult) -> Table:
    """Return a row a phrase; of more than 500 those that were not received and the slowest."""
    several = len(result.speakers) > 1
    worst = sorted(result.phrases, key=lambda phrase: (phrase.received, -(phrase.one_way_delay_ms or 0.0)))
    kept = {phrase.index for phrase in worst[:MOST_ROWS]}
    rows = tuple(_phrase_row(phrase, several=several) for phrase in result.phrases if phrase.index in kept)
    left = len(result.phrases) - len(rows)
    title = (
        _ALL_PHRASES
        if not left
        else Text(f"Les {len(rows)} phrases les moins bonnes", f"The {len(rows)} worst phrases")
    )
    columns = (
        Text("n°", "no."),
        Text("phrase", "phrase"),
        Text("dite à (s)", "said at (s)"),
        Text("aller simple (ms)", "one way (ms)"),
        Text("± (ms)", "± (ms)"),
        Text("bout en bout (ms)", "end to end (ms)"),
        Text("entendu", "heard"),
    )
    return Table(title, columns, rows, words=frozenset({1}), folded=True)


def _phrase_row(phrase: PhraseObservation, *, several: bool) -> Row:
    said = f"{phrase.speaker} : {phrase.text}" if several else phrase.text
    heard: Text | str = f"{phrase.received_ratio * 100:.0f} %" if phrase.received else _LOST
    figures = (phrase.one_way_delay_ms, phrase.uncertainty_ms, phrase.end_to_end_ms)
    return (
        str(phrase.index),
        said,
        f"{phrase.position_in_sent_seconds:.1f}",
        *("—" if value is None else f"{value:.1f}" for value in figures),
        heard,
    )


def budget_plot(result: ScenarioResult) -> Plot | None:
    """Draw what each stage took of each phrase's delay, as stacked bars; None where it is not known."""
    known = [phrase for phrase in result.phrases if phrase.budget is not None and phrase.received]
    if not known:
        return None
    shown = thinned(known, _MOST_BARS)
    drawing = Drawing("budget", 250)
    (axes,) = drawing.axes
    places = list(range(len(shown)))
    floor = [0.0] * len(shown)
    for stage, name in STAGE_COLOURS.items():
        heights = [_share(phrase.budget, stage) for phrase in shown]
        axes.bar(places, heights, bottom=floor, width=0.78, color=colour(name))
        floor = [below + height for below, height in zip(floor, heights, strict=True)]
    step = -(-len(shown) // 12)
    axes.set_xticks(places[::step], [str(phrase.index) for phrase in shown[::step]])
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, max(LEAST_MS, ROOM_ABOVE * max(floor)))
    axes.set_xlim(-0.7, max(len(shown) - 0.3, 4))
    drawing.entitle(Text("délai (ms)", "delay (ms)"))
    drawing.below(Text("phrase n°", "phrase no."))
    legend = tuple(Legend(name, STAGES[stage]) for stage, name in STAGE_COLOURS.items())
    return Plot(
        "budget",
        drawing.svg(),
        Text("D'où vient le délai de chaque phrase", "Where the delay of each phrase comes from"),
        _budget_told(result) + (_thinned_note(result, _MOST_BARS) if len(shown) < len(known) else ""),
        legend,
        _budget_table(result, known),
    )


def _share(budget: DelayBudget | None, stage: Stage) -> float:
    value = None if budget is None else budget.of(stage)
    return max(0.0, value or 0.0)


def _budget_told(result: ScenarioResult) -> Text:
    median = result.budget.median
    if median is None:
        return Text("", "")
    parts = [(STAGES[stage], milliseconds(median.of(stage))) for stage in STAGE_COLOURS]
    whose = f" ({result.budget.speaker})" if result.budget.speaker else ""
    return Text(
        f"Médianes{whose} : {', '.join(f'{name.fr} {value}' for name, value in parts)}.",
        f"Medians{whose}: {', '.join(f'{name.en} {value}' for name, value in parts)}.",
    )


def _budget_table(result: ScenarioResult, known: Sequence[PhraseObservation]) -> Table:
    columns = (Text("n°", "no."), *(STAGES[stage] + " (ms)" for stage in Stage))
    worst = sorted(known, key=lambda phrase: -(phrase.end_to_end_ms or 0.0))[:MOST_ROWS]
    rows: list[Row] = [
        (str(phrase.index), *(_cell(phrase.budget, stage) for stage in Stage))
        for phrase in sorted(worst, key=lambda phrase: phrase.index)
    ]
    if result.budget.median is not None:
        middle = result.budget.median
        rows.insert(0, (Text("médiane", "median"), *(_cell(middle, stage) for stage in Stage)))
    title = Text("Budget du délai de chaque phrase", "Delay budget of each phrase")
    return Table(title, columns, tuple(rows), words=frozenset(), folded=True)


def _cell(budget: DelayBudget | None, stage: Stage) -> str:
    value = None if budget is None else budget.of(stage)
    return "—" if value is None else f"{value:.1f}"


def histogram_plot(result: ScenarioResult) -> Plot | None:
    """Draw how often each delay occurred; None where nothing was received.

    Of few phrases the windows along them are counted: so many phrases make no histogram.
    """
    delay = result.delay
    if delay.window_delay_histogram is not None:
        counted = Text("nombre de fenêtres le long des phrases", "number of windows along the phrases")
        return spread_plot(delay.window_delay_histogram, delay.window_delay_ms, counted)
    return spread_plot(delay.one_way_delay_histogram, delay.one_way_delay_ms)


def spread_plot(
    histogram: Histogram | None, spread: Statistics, counted: Text = _PHRASES_COUNTED
) -> Plot | None:
    """Draw how often each delay occurred; None where there is no histogram.

    Parameters
    ----------
    histogram, spread
        Of the same delays.
    counted
        What the axis of the counts is called.
    """
    if histogram is None or not histogram.counts:
        return None
    drawing = Drawing("histogram", 220)
    (axes,) = drawing.axes
    width = histogram.bin_width_ms
    edges = [histogram.first_edge_ms + width * place for place in range(len(histogram.counts))]
    axes.bar(edges, histogram.counts, width=0.92 * width, align="edge", color=colour("blue"))
    axes.grid(visible=False, axis="x")
    # One value alone would fill the whole width, and look like a wide spread.
    middle, span = edges[0] + width * len(edges) / 2, max(width * len(edges), 20.0)
    axes.set_xlim(middle - 0.55 * span, middle + 0.55 * span)
    axes.yaxis.get_major_locator().set_params(integer=True)
    drawing.entitle(counted)
    drawing.below(Text("aller simple (ms)", "one way (ms)"))
    median, p95, p99 = (milliseconds(value) for value in (spread.median, spread.p95, spread.p99))
    told = Text(
        f"{spread.count} valeurs : médiane {median}, 95 % jusqu'à {p95}, 99 % jusqu'à {p99}.",
        f"{spread.count} values: median {median}, 95 % up to {p95}, 99 % up to {p99}.",
    )
    title = Text("Répartition du délai", "How the delay is spread")
    return Plot("histogram", drawing.svg(), title, told, table=_histogram_table(histogram))


def _histogram_table(histogram: Histogram) -> Table:
    width = histogram.bin_width_ms
    first = histogram.first_edge_ms
    rows = tuple(
        (f"{first + width * place:g} – {first + width * (place + 1):g}", str(count))
        for place, count in enumerate(histogram.counts)
        if count
    )
    columns = (Text("aller simple (ms)", "one way (ms)"), Text("nombre", "count"))
    return Table(Text("Nombres par classe", "Counts"), columns, rows, words=frozenset(), folded=True)
