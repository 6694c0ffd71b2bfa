"""How the scores of a long call went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eloquence_pipeline.measurement.statistics import slope_of, summarise
from eloquence_pipeline.models import CourseFigures, PhraseQuality, QualityInterval, QualityTrend

_SECONDS_PER_HOUR = 3600.0


def scores_over_time(
    phrases: Sequence[PhraseQuality], places: Mapping[int, float], course: CourseFigures
) -> tuple[QualityInterval, ...]:
    """Return the mean scores of each interval of a call.

    Parameters
    ----------
    phrases
        Every received phrase; those without a score count nowhere.
    places
        Where each begins in what was sent, in seconds, by its index.
    course
        The intervals.
    """
    return tuple(
        _interval(
            [phrase for phrase in phrases if each.start_seconds <= places[phrase.index] < each.end_seconds],
            (each.start_seconds, each.end_seconds),
        )
        for each in course.intervals
    )


def _interval(phrases: Sequence[PhraseQuality], seconds: tuple[float, float]) -> QualityInterval:
    mos_lqo = summarise(phrase.mos_lqo and phrase.mos_lqo.value for phrase in phrases)
    stoi = summarise(phrase.stoi and phrase.stoi.value for phrase in phrases)
    return QualityInterval(
        start_seconds=seconds[0],
        end_seconds=seconds[1],
        scored_count=sum(bool(phrase.mos_lqo or phrase.stoi) for phrase in phrases),
        mos_lqo=mos_lqo.avg,
        stoi=stoi.avg,
    )


def quality_trend(phrases: Sequence[PhraseQuality], places: Mapping[int, float]) -> QualityTrend | None:
    """Return how MOS-LQO moved over a call, with the uncertainty of it; None for fewer than five scores.

    Parameters
    ----------
    phrases, places
        As of :func:`scores_over_time`.
    """
    points = sorted(
        (places[phrase.index] / _SECONDS_PER_HOUR, phrase.mos_lqo.value)
        for phrase in phrases
        if phrase.mos_lqo
    )
    slope = slope_of([hours for hours, _ in points], [value for _, value in points])
    if slope is None:
        return None
    return QualityTrend(mos_lqo_per_hour=slope.value, low=slope.low, high=slope.high)
