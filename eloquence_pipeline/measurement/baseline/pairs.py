"""Two runs side by side, and how figures move from night to night."""

from __future__ import annotations

from collections.abc import Sequence

from eloquence_pipeline.measurement.baseline.figure import Figure
from eloquence_pipeline.measurement.baseline.night import figures_of
from eloquence_pipeline.measurement.statistics import drift
from eloquence_pipeline.models import Change, Conditions, Drift, FigureComparison, Night, PairComparison
from eloquence_pipeline.settings import SmallestDifferences


def compare_pair(first: Night, second: Night, smallest: SmallestDifferences) -> PairComparison:
    """Put the second run beside the first; differences of at least the smallest ones are marked."""
    differing = tuple(
        name
        for name in Conditions.model_fields
        if getattr(first.conditions, name) != getattr(second.conditions, name)
    )
    figures = tuple(
        _pair(figure, first, second, getattr(smallest, figure.smallest_difference))
        for figure in figures_of(second.conditions)
    )
    return PairComparison(first=first, second=second, differing=differing, figures=figures)


def _pair(figure: Figure, first: Night, second: Night, smallest: float) -> FigureComparison:
    before, now = first.figures.get(figure.name), second.figures.get(figure.name)
    difference = None if before is None or now is None else now.value - before.value
    return FigureComparison(
        figure=figure.name,
        unit=figure.unit,
        value=now.value if now else None,
        usual=before.value if before else None,
        difference=difference,
        nights=0 if before is None else 1,
        smallest_difference=smallest,
        change=_change(figure, difference, smallest),
    )


def _change(figure: Figure, difference: float | None, smallest: float) -> Change:
    if difference is None:
        return Change.UNKNOWN
    if abs(difference) < smallest:
        return Change.SAME
    return Change.BETTER if (difference > 0) == figure.more_is_better else Change.WORSE


def trend(nights: Sequence[Night], figure: str) -> Drift | None:
    """Return by how much a figure moves from night to night, in its unit; None for fewer than five nights.

    A creeping change moves what is usual along with it, so that no single night stands out: this is where it
    shows. ``ms_per_minute`` of what is returned is per night here, whatever the unit.
    """
    values = [(place, one.figures[figure].value) for place, one in enumerate(nights) if figure in one.figures]
    return drift([float(place) for place, _ in values], [value for _, value in values])
