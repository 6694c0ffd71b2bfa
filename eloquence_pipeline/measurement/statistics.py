"""Order statistics, distribution and drift of one figure."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import SECONDS_PER_MINUTE
from eloquence_pipeline.models import Drift, Histogram, PhraseObservation, Statistics

FloatArray = npt.NDArray[np.float64]

_MOST_BINS = 50
_FEWEST_FOR_DRIFT = 5
_MOST_FOR_SLOPE = 1000
_NORMAL_QUANTILE_95 = 1.959964


def summarise(values: Iterable[float | None]) -> Statistics:
    """Return count, extremes, mean, median, 95th and 99th percentile and standard deviation.

    Percentiles are interpolated linearly between order statistics; the standard deviation is that
    of the sample (n - 1), and ``None`` for a single value. ``None`` among the values is left out.
    """
    return summarise_array(np.asarray([value for value in values if value is not None], dtype=np.float64))


def summarise_array(present: FloatArray) -> Statistics:
    """Do the same of an array, float64 of shape (n,): the frames of hours are too many for a list."""
    if not len(present):
        return Statistics(count=0)
    median, p95, p99 = (float(value) for value in np.percentile(present, (50, 95, 99)))
    return Statistics(
        count=len(present),
        min=float(present.min()),
        max=float(present.max()),
        avg=float(present.mean()),
        median=median,
        p95=p95,
        p99=p99,
        standard_deviation=float(present.std(ddof=1)) if len(present) > 1 else None,
    )


def histogram(values_ms: Iterable[float | None]) -> Histogram | None:
    """Count values in bins of equal width.

    The width is the least power of two that makes do with 50 bins, 1 ms at least, and all edges are multiples
    of it. ``None`` among the values is left out; without values there is no
    histogram.
    """
    present = np.asarray([value for value in values_ms if value is not None], dtype=np.float64)
    if not len(present):
        return None
    low, high = float(present.min()), float(present.max())
    width = 1.0
    while math.floor(high / width) - math.floor(low / width) >= _MOST_BINS:
        width *= 2
    first = math.floor(low / width)
    bins = np.floor(present / width).astype(np.int64) - first
    counts = np.bincount(bins, minlength=math.floor(high / width) - first + 1)
    return Histogram(first_edge_ms=first * width, bin_width_ms=width, counts=tuple(counts.tolist()))


def drift(minutes: Sequence[float], values_ms: Sequence[float]) -> Drift | None:
    """Return how a delay moved over time; see :func:`slope_of`."""
    slope = slope_of(minutes, values_ms)
    return Drift(ms_per_minute=slope.value, low=slope.low, high=slope.high) if slope else None


def drift_of_phrases(voices: Iterable[Sequence[PhraseObservation]]) -> Drift | None:
    """Return how the one-way delay of the phrases that were heard moved over time.

    Parameters
    ----------
    voices
        The phrases of each speaker. Of all together the delay is that from the median of its own speaker:
        speakers have different delays, and taken together without regard to that, their order would look
        like a drift.
    """
    points: list[tuple[float, float]] = []
    for phrases in voices:
        heard = [
            (phrase.position_in_sent_seconds / SECONDS_PER_MINUTE, phrase.one_way_delay_ms)
            for phrase in phrases
            if phrase.one_way_delay_ms is not None
        ]
        if heard:
            usual_ms = statistics.median(delay_ms for _, delay_ms in heard)
            points += [(minutes, delay_ms - usual_ms) for minutes, delay_ms in heard]
    points.sort()
    return drift([minutes for minutes, _ in points], [delay_ms for _, delay_ms in points])


class Slope(NamedTuple):
    """A change for one unit of time, and its 95 % interval."""

    value: float
    low: float
    high: float


def slope_of(times: Sequence[float], values: Sequence[float]) -> Slope | None:
    """Return how a figure moved over time: the median of the slopes between all pairs of values.

    Parameters
    ----------
    times, values
        Of equal length, the values in the order of time. Of more than 1000, consecutive ones are
        taken together, as many as it takes, and stand there with their medians: the number of pairs is
        bounded.

    Returns
    -------
    Slope or None
        None for fewer than five values, or all at one time.

    Notes
    -----
    H. Theil, 1950, and P. K. Sen, "Estimates of the Regression Coefficient Based on Kendall's Tau", Journal
    of the American Statistical Association 63, 1968: up to 29 % of the values may be wild. The interval lies
    between the slopes of rank (N ± 1.96 √(n (n - 1) (2n + 5) / 18)) / 2 of N.
    """
    x, y = _thinned(np.asarray(times, dtype=np.float64)), _thinned(np.asarray(values, dtype=np.float64))
    n = len(x)
    first, second = np.triu_indices(n, k=1)
    apart = x[second] != x[first]
    if n < _FEWEST_FOR_DRIFT or not apart.any():
        return None
    slopes = np.sort(((y[second] - y[first])[apart]) / ((x[second] - x[first])[apart]))
    reach = _NORMAL_QUANTILE_95 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low = max(0, round((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, round((len(slopes) + reach) / 2))
    return Slope(float(np.median(slopes)), float(slopes[low]), float(slopes[high]))


def _thinned(values: FloatArray) -> FloatArray:
    together = -(-len(values) // _MOST_FOR_SLOPE)
    if together <= 1:
        return values
    groups = np.split(values, range(together, len(values), together))
    return np.asarray([np.median(group) for group in groups])
