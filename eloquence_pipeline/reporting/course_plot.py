"""The course of a long call as a drawing: delay, loss and quality over time, events as marks."""

from __future__ import annotations

from io import BytesIO
from typing import Any, cast

from eloquence_pipeline.clock import SECONDS_PER_MINUTE
from eloquence_pipeline.models import ScenarioResult

_WIDTH_INCHES, _HEIGHT_INCHES = 9, 7
_PER_CENT = 100
_LEAST_PER_CENT = 1.0
"""The axis of loss shows that much at least: noise must not look like a catastrophe."""
_RED, _ORANGE, _BLUE, _GREEN, _GREY = "#c0392b", "#d68910", "#2471a3", "#1e8449", "#7f8c8d"


def course_svg(result: ScenarioResult) -> bytes:
    """Draw delay, lost and concealed audio, and MOS over time.

    Parameters
    ----------
    result
        One that has a course.

    Returns
    -------
    bytes
        An SVG file; the same result gives the same bytes.
    """
    # Half a second to import, which every other run would pay.
    import matplotlib  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415

    style = {"svg.hashsalt": result.run.run_id, "svg.fonttype": "none", "font.size": 9}
    with cast(Any, matplotlib).rc_context(style):
        figure: Any = Figure(figsize=(_WIDTH_INCHES, _HEIGHT_INCHES), layout="constrained")
        delay, loss, quality = figure.subplots(3, 1, sharex=True)
        _draw_delay(delay, result)
        _draw_loss(loss, result)
        _draw_quality(quality, result)
        for axes in (delay, loss, quality):
            _mark_events(axes, result)
            axes.grid(visible=True, alpha=0.3)
            # Above the axes: on them it would hide what is drawn.
            axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False)
        quality.set_xlabel("minutes")
        figure.suptitle(f"{result.run.scenario} {result.run.run_id}", x=0.01, ha="left")
        content = BytesIO()
        figure.savefig(content, format="svg", metadata={"Date": None})
    return content.getvalue()


def _draw_delay(axes: Any, result: ScenarioResult) -> None:
    received = [phrase for phrase in result.phrases if phrase.one_way_delay_ms is not None]
    minutes = [phrase.position_in_sent_seconds / SECONDS_PER_MINUTE for phrase in received]
    axes.plot(
        minutes, [phrase.one_way_delay_ms for phrase in received], ".", color=_BLUE, label="aller simple"
    )
    network = [phrase.budget.network_ms if phrase.budget else None for phrase in received]
    axes.plot(minutes, [_or_gap(value) for value in network], ".", color=_GREY, ms=3, label="réseau")
    lost = [phrase for phrase in result.phrases if not phrase.received]
    axes.plot(
        [phrase.position_in_sent_seconds / SECONDS_PER_MINUTE for phrase in lost],
        [0.0] * len(lost),
        "x",
        color=_RED,
        label="phrase non reçue",
    )
    axes.set_ylabel("ms")
    axes.set_ylim(bottom=0)


def _draw_loss(axes: Any, result: ScenarioResult) -> None:
    for name, colour, shares in (
        ("paquets RTP perdus", _RED, [each.rtp_loss_ratio for each in _intervals(result)]),
        ("son masqué", _ORANGE, [each.concealed_ratio for each in _intervals(result)]),
    ):
        per_cent = [_or_gap(None if share is None else share * _PER_CENT) for share in shares]
        axes.plot(_middles(result), per_cent, ".-", color=colour, label=name)
    axes.set_ylabel("%")
    axes.set_ylim(0, max(_LEAST_PER_CENT, axes.get_ylim()[1]))


def _draw_quality(axes: Any, result: ScenarioResult) -> None:
    places = {phrase.index: phrase.position_in_sent_seconds for phrase in result.phrases}
    scored = [phrase for phrase in result.quality.phrases if phrase.mos_lqo] if result.quality else []
    axes.plot(
        [places[phrase.index] / SECONDS_PER_MINUTE for phrase in scored],
        [phrase.mos_lqo.value for phrase in scored if phrase.mos_lqo],
        ".",
        color=_GREEN,
        label="MOS-LQO (ViSQOL)",
    )
    axes.set_ylabel("MOS")
    axes.set_ylim(1, 5)


def _mark_events(axes: Any, result: ScenarioResult) -> None:
    for each, minutes in zip(_intervals(result), _middles(result), strict=True):
        if each.state_changes:
            axes.axvline(minutes, color=_RED, linestyle=":", alpha=0.7)


def _intervals(result: ScenarioResult) -> tuple[Any, ...]:
    return result.course.intervals if result.course else ()


def _middles(result: ScenarioResult) -> list[float]:
    return [(each.start_seconds + each.end_seconds) / 2 / SECONDS_PER_MINUTE for each in _intervals(result)]


def _or_gap(value: float | None) -> float:
    return float("nan") if value is None else value
