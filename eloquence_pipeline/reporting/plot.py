"""A run as a picture: the delay of each phrase, and below it what was lost meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from statistics import median
from typing import Any

from matplotlib.figure import Figure

from eloquence_pipeline.models import LossTimeline, PhraseObservation, ScenarioResult
from eloquence_pipeline.reporting.losses import concealed_per_cent

_INCHES = (9.0, 5.0)
_DPI = 100
_LEAST_MS, _LEAST_PER_CENT, _LEAST_PACKETS = 100.0, 1.0, 1.0
"""The axes show that much at least: noise must not look like a catastrophe."""
_ROOM_ABOVE = 1.15
_RED, _ORANGE, _BLUE, _GREY = "#c0392b", "#d68910", "#2471a3", "#7f8c8d"


def delay_and_loss_png(result: ScenarioResult) -> bytes:
    """Draw the delays of the phrases, and below them packets lost and sound made up, over the recording.

    A threshold is drawn where a phrase is beyond it, and that phrase is named.

    Parameters
    ----------
    result
        Of a run of any length; one with a course is better told by
        :func:`~eloquence_pipeline.reporting.course_plot.course_svg`.

    Returns
    -------
    bytes
        A PNG file of 900 by 500 pixels.
    """
    figure: Any = Figure(figsize=_INCHES, layout="constrained")
    delay, loss = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    _draw_delay(delay, result)
    _draw_loss(loss, result.loss.timelines)
    loss.set_xlabel("secondes de l'enregistrement reçu")
    figure.suptitle(f"{result.run.scenario} {result.run.run_id}", x=0.01, ha="left", fontsize="medium")
    content = BytesIO()
    figure.savefig(content, format="png", dpi=_DPI)
    return content.getvalue()


def _draw_delay(axes: Any, result: ScenarioResult) -> None:
    late = _seconds_that_recordings_differ(result.phrases)
    places = [_place(phrase, late) for phrase in result.phrases]
    for marker, colour, label, delays in (
        ("s", _GREY, "bout en bout", [phrase.end_to_end_ms for phrase in result.phrases]),
        ("o", _BLUE, "aller simple", [phrase.one_way_delay_ms for phrase in result.phrases]),
    ):
        known = [(place, ms) for place, ms in zip(places, delays, strict=True) if ms is not None]
        axes.plot([place for place, _ in known], [ms for _, ms in known], marker, color=colour, label=label)
    lost = [_place(phrase, late) for phrase in result.phrases if not phrase.received]
    if lost:
        axes.plot(lost, [0.0] * len(lost), "x", color=_RED, label="non reçue", clip_on=False, zorder=3)
    _draw_missed_threshold(axes, result, late)
    axes.set_ylabel("délai (ms)")
    axes.set_ylim(0, max(_LEAST_MS, _ROOM_ABOVE * axes.get_ylim()[1]))
    axes.set_xlim(left=0)
    axes.grid(visible=True, alpha=0.3)
    axes.legend(loc="upper right", ncols=4, fontsize="small", framealpha=0.8)


def _draw_missed_threshold(axes: Any, result: ScenarioResult, late_seconds: float) -> None:
    worst = next((one for one in result.verdict.figures if one.figure == "latency_max_ms"), None)
    if worst is None or worst.passed:
        return
    axes.axhline(worst.threshold, color=_RED, linestyle="--", linewidth=1, label="seuil")
    phrase = next(one for one in result.phrases if one.index == worst.worst_phrase_index)
    place = _place(phrase, late_seconds)
    right = place > sum(axes.get_xlim()) / 2
    axes.annotate(
        f"phrase {phrase.index}",
        (place, worst.value),
        xytext=(-8 if right else 8, -3),
        ha="right" if right else "left",
        textcoords="offset points",
        color=_RED,
        fontsize="small",
    )


def _seconds_that_recordings_differ(phrases: Sequence[PhraseObservation]) -> float:
    """Return how much later a phrase lies in the recording than in what was sent."""
    differences = [
        phrase.position_in_received_seconds - phrase.position_in_sent_seconds
        for phrase in phrases
        if phrase.position_in_received_seconds is not None
    ]
    return median(differences) if differences else 0.0


def _place(phrase: PhraseObservation, late_seconds: float) -> float:
    if phrase.position_in_received_seconds is not None:
        return phrase.position_in_received_seconds
    return phrase.position_in_sent_seconds + late_seconds


def _draw_loss(axes: Any, timelines: Sequence[LossTimeline]) -> None:
    beside = axes.twinx()
    for timeline in timelines:
        # Negative where packets came after they had been given up.
        packets = [max(0, count) for count in timeline.packets_lost]
        axes.plot(timeline.seconds, packets, drawstyle="steps-pre", color=_RED)
        concealed = concealed_per_cent(timeline)
        beside.plot(timeline.seconds, concealed, drawstyle="steps-pre", color=_ORANGE)
    axes.set_ylim(0, max(_LEAST_PACKETS, _ROOM_ABOVE * axes.get_ylim()[1]))
    beside.set_ylim(0, max(_LEAST_PER_CENT, _ROOM_ABOVE * beside.get_ylim()[1]))
    axes.set_ylabel("paquets RTP perdus", color=_RED, fontsize="small")
    beside.set_ylabel("son masqué (%)", color=_ORANGE, fontsize="small")
    axes.grid(visible=True, alpha=0.3)
