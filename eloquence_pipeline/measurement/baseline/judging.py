"""Judge nights in the order of time, each by the good ones before it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from eloquence_pipeline.measurement.baseline.figure import Figure
from eloquence_pipeline.measurement.baseline.night import figures_of
from eloquence_pipeline.measurement.baseline.prediction import Prediction, holm, predict_loss, predict_value
from eloquence_pipeline.models import (
    BaselineComparison,
    Change,
    FigureComparison,
    LeftOut,
    Night,
    Since,
    VerdictStatus,
)
from eloquence_pipeline.settings import FEWEST_NIGHTS, BaselineSettings

OVERLOADED = "this run is not valid, so nothing is said of it"


@dataclass(frozen=True)
class JudgedNight:
    """A night, and how it compares with those before it."""

    night: Night
    comparison: BaselineComparison

    @property
    def is_good(self) -> bool:
        """Whether later nights are compared with it.

        One that is worse by an assumed scatter only stays: were it left out, the first night alone would
        decide for good what is usual.
        """
        worse = self.comparison.change is Change.WORSE and not self.comparison.provisional
        return self.night.status is VerdictStatus.PASSED and not worse


def judge_night(night: Night, earlier: Iterable[Night], settings: BaselineSettings) -> BaselineComparison:
    """Compare a night with the last good nights of the same conditions.

    Parameters
    ----------
    night
        Tonight.
    earlier
        Other nights of any conditions, in any order; those that are not before it are left out, silently.
    settings
        How many nights, the smallest differences, and the rate of false alarms.

    Returns
    -------
    BaselineComparison
        Worse if any figure is, else better if any is; unknown without earlier nights.
    """
    before = [one for one in earlier if one.started_at < night.started_at and one.run_id != night.run_id]
    comparable, left_out = split(night, before, settings)
    judged = judge_in_order([*comparable, night], settings)
    left_out[LeftOut.NOT_PASSED] += sum(one.night.status is not VerdictStatus.PASSED for one in judged[:-1])
    left_out[LeftOut.JUDGED_WORSE] += sum(
        one.night.status is VerdictStatus.PASSED and not one.is_good for one in judged[:-1]
    )
    return judged[-1].comparison.model_copy(update={"left_out": _counted(left_out)})


def _counted(left_out: Mapping[LeftOut, int]) -> dict[LeftOut, int]:
    return {reason: left_out[reason] for reason in LeftOut if left_out.get(reason)}


def split(
    night: Night, others: Iterable[Night], settings: BaselineSettings
) -> tuple[list[Night], Counter[LeftOut]]:
    """Return the nights that can be compared with one, oldest first, and how many cannot, by the reason."""
    earliest = earliest_start(night.started_at, settings)
    comparable: list[Night] = []
    left_out: Counter[LeftOut] = Counter()
    for other in others:
        reason = _difference(night, other)
        if other.started_at < earliest:
            reason = LeftOut.BEFORE_START
        if reason is None:
            comparable.append(other)
        else:
            left_out[reason] += 1
    return sorted(comparable, key=lambda one: (one.started_at, one.run_id)), left_out


def earliest_start(now: datetime, settings: BaselineSettings) -> datetime:
    """Return the moment before which nights do not count."""
    earliest = now - timedelta(days=settings.days)
    if settings.not_before is None:
        return earliest
    return max(earliest, datetime.combine(settings.not_before, time(), UTC))


def _difference(night: Night, other: Night) -> LeftOut | None:
    mine, its = night.conditions, other.conditions
    if its.target != mine.target:
        return LeftOut.OTHER_TARGET
    if (its.network, its.network_conditions) != (mine.network, mine.network_conditions):
        return LeftOut.OTHER_NETWORK
    if its.method_version != mine.method_version:
        return LeftOut.OTHER_METHOD
    if its.scenario != mine.scenario or its.parameters != mine.parameters:
        return LeftOut.OTHER_PARAMETERS
    return None


def judge_in_order(nights: Sequence[Night], settings: BaselineSettings) -> list[JudgedNight]:
    """Judge each night by the good ones before it, so that a regression does not become what is usual.

    Parameters
    ----------
    nights
        Of the same conditions, oldest first.
    """
    judged: list[JudgedNight] = []
    for night in nights:
        good = [one.night for one in judged if one.is_good][-settings.nights :]
        comparison = _with_since(_compare(night, good, settings), night, judged)
        judged.append(JudgedNight(night, comparison))
    return judged


def _compare(night: Night, good: Sequence[Night], settings: BaselineSettings) -> BaselineComparison:
    known = figures_of(night.conditions)
    figures = [_figure(figure, night, good, settings) for figure in known]
    valid = night.status is not VerdictStatus.INVALID
    compared = _judged(known, figures, settings.alpha) if valid else [one for one, _ in figures]
    changes = {one.change for one in compared}
    order = (Change.WORSE, Change.BETTER, Change.SAME)
    change = next((one for one in order if one in changes), Change.UNKNOWN)
    deciding = [one.nights for one in compared if one.change is change]
    return BaselineComparison(
        change=change,
        provisional=change is not Change.UNKNOWN and max(deciding) < FEWEST_NIGHTS,
        fails=settings.fails,
        alpha=settings.alpha,
        nights=tuple(one.run_id for one in good),
        figures=tuple(compared),
        notes=() if valid else (OVERLOADED,),
    )


def _figure(
    figure: Figure, night: Night, good: Sequence[Night], settings: BaselineSettings
) -> tuple[FigureComparison, Prediction | None]:
    smallest: float = getattr(settings.smallest, figure.smallest_difference)
    mine = night.figures.get(figure.name)
    earlier = [found for one in good if (found := one.figures.get(figure.name)) is not None]
    known = FigureComparison(
        figure=figure.name,
        unit=figure.unit,
        value=None if mine is None else mine.value,
        smallest_difference=smallest,
        nights=len(earlier),
    )
    if mine is None or not earlier:
        return known, None
    if figure.is_loss:
        counts = [(one.lost or 0, one.total or 0) for one in earlier]
        found = predict_loss(mine.lost or 0, mine.total or 0, counts, smallest)
    else:
        values = [one.value for one in earlier]
        found = predict_value(mine.value, values, smallest, figure.least_scatter, figure.assumed_scatter)
    update = {"usual": found.usual, "difference": mine.value - found.usual, "scatter": found.scatter}
    return known.model_copy(update=update), found


def _judged(
    known: Sequence[Figure], figures: Sequence[tuple[FigureComparison, Prediction | None]], alpha: float
) -> list[FigureComparison]:
    """Return the figures with their p-values adjusted, each direction by itself, and what they come to."""
    tested = [
        (place, figure, found)
        for place, (figure, (_, found)) in enumerate(zip(known, figures, strict=True))
        if found is not None
    ]
    weights = [figure.weight for _, figure, _ in tested]
    worse = holm([_p(figure, found, Change.WORSE) for _, figure, found in tested], weights)
    better = holm([_p(figure, found, Change.BETTER) for _, figure, found in tested], weights)
    judged = [one for one, _ in figures]
    for (place, _, _), p_worse, p_better in zip(tested, worse, better, strict=True):
        change = Change.WORSE if p_worse <= alpha else Change.BETTER if p_better <= alpha else Change.SAME
        update = {"change": change, "p_value": min(p_worse, p_better)}
        judged[place] = judged[place].model_copy(update=update)
    return judged


def _p(figure: Figure, found: Prediction, direction: Change) -> float:
    more = (direction is Change.BETTER) == figure.more_is_better
    return found.p_more if more else found.p_less


def _with_since(
    comparison: BaselineComparison, night: Night, judged: Sequence[JudgedNight]
) -> BaselineComparison:
    """Say of each figure that is worse since which night it has been."""
    figures = tuple(
        figure.model_copy(update={"since": _since(figure.figure, night, judged)})
        if figure.change is Change.WORSE
        else figure
        for figure in comparison.figures
    )
    return comparison.model_copy(update={"figures": figures})


def _since(name: str, night: Night, judged: Sequence[JudgedNight]) -> Since:
    first, nights = night, 1
    for one in reversed(judged):
        if one.night.status is VerdictStatus.INVALID:
            continue  # nothing is known of that night
        if all(figure.figure != name for figure in one.comparison.of(Change.WORSE)):
            break
        first, nights = one.night, nights + 1
    return Since(run_id=first.run_id, started_at=first.started_at, nights=nights)
