"""The course of a long call in words and rows, for the terminal and for Markdown."""

from __future__ import annotations

from rich.box import SIMPLE_HEAVY
from rich.table import Table

from eloquence_pipeline.clock import SECONDS_PER_MINUTE
from eloquence_pipeline.models import CourseFigures, CourseInterval, ScenarioResult

_TITLES = ("De", "Phrases", "Aller", "p95", "Réseau", "Tampon", "RTP", "Masqué", "Trous", "MOS")


def course_rows(result: ScenarioResult) -> list[tuple[str, ...]]:
    """Return a row for each interval: delays in milliseconds, shares in per cent."""
    if result.course is None:
        return []
    scores = {each.start_seconds: each.mos_lqo for each in result.quality.over_time} if result.quality else {}
    return [
        (
            clock(each.start_seconds),
            f"{each.phrases_received}/{each.phrases_sent}",
            _shown(each.one_way_delay_median_ms),
            _shown(each.one_way_delay_p95_ms),
            _shown(each.network_median_ms),
            _shown(each.jitter_buffer_ms),
            _share(each.rtp_loss_ratio),
            _share(each.concealed_ratio),
            f"{each.gap_ms:.0f}" if each.gap_count else "",
            _shown(scores.get(each.start_seconds), 2),
        )
        for each in result.course.intervals
    ]


def course_table(result: ScenarioResult) -> Table:
    """Return a row an interval; it fits into 80 columns."""
    notes = "\n".join(course_notes(result))
    table = Table(
        title="Au fil de l'appel (ms ; %)",
        box=SIMPLE_HEAVY,
        padding=(0, 1, 0, 0),
        expand=False,
        caption=notes or None,
        caption_justify="left",
    )
    for title in _TITLES:
        table.add_column(title, justify="right", no_wrap=True)
    for row in course_rows(result):
        table.add_row(*row)
    return table


def course_notes(result: ScenarioResult) -> list[str]:
    """Return what there is to say about the whole: drift, trend of the quality, gaps, states."""
    course = result.course
    if course is None:
        return []
    notes: list[str] = []
    if (drift := result.delay.drift) is not None:
        notes.append(
            f"dérive du délai : {drift.ms_per_minute:+.2f} ms/min ({drift.low:+.2f} à {drift.high:+.2f})"
        )
    quality = result.quality
    if quality is not None and (trend := quality.trend) is not None:
        bounds = f"{trend.low:+.2f} à {trend.high:+.2f}"
        notes.append(f"tendance du MOS : {trend.mos_lqo_per_hour:+.2f} par heure ({bounds})")
    if (gap := course.longest_gap) is not None:
        place = clock(gap.position_in_sent_seconds)
        notes.append(f"plus long trou : {gap.duration_ms:.0f} ms à {place} (phrase {gap.phrase_index})")
    notes += [f"{clock(each.start_seconds)} : {change}" for each, change in _changes(course)]
    return notes


def _changes(course: CourseFigures) -> list[tuple[CourseInterval, str]]:
    return [(each, change) for each in course.intervals for change in each.state_changes]


def course_markdown(result: ScenarioResult) -> str:
    """Return the same as a Markdown table; empty without a course."""
    if result.course is None:
        return ""
    rows = "\n".join(f"| {' | '.join(row)} |" for row in course_rows(result))
    notes = "".join(f"- {note}\n" for note in course_notes(result))
    return f"""
| {" | ".join(_TITLES)} |
|{"---|" * len(_TITLES)}
{rows}

Délais en ms, parts en %.

{notes}"""


def clock(seconds: float) -> str:
    """Return a place in a call: ``12:00``, ``1:02:00``."""
    minutes, rest = divmod(int(seconds), SECONDS_PER_MINUTE)
    hours, minutes = divmod(minutes, SECONDS_PER_MINUTE)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _shown(value: float | None, digits: int = 1) -> str:
    return "—" if value is None else f"{value:.{digits}f}"


def _share(value: float | None) -> str:
    return "—" if value is None else f"{value * 100:.1f}"
