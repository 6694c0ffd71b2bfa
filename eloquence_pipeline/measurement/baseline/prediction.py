"""How surprising a night is after the earlier ones: one prediction test for figures, one for losses.

Nights are the observations: phrases of one night share its connection, and are not independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln, stdtr

from eloquence_pipeline.settings import FEWEST_NIGHTS

USUAL_OVERDISPERSION = 0.02
"""Correlation of losses within a night that is assumed while there are too few nights to know it."""

_MOST_DISPERSED = 0.95
_ROUNDING = 1e-9

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """What the earlier nights say of this one.

    Attributes
    ----------
    usual, scatter
        Mean of the earlier nights, and the standard deviation between nights that was gone by.
    p_more, p_less
        Chance of a night that is higher, or lower, by at least so much beyond the smallest difference that
        matters, if nothing has changed by more than that.
    """

    usual: float
    scatter: float
    p_more: float
    p_less: float


def predict_value(
    value: float, earlier: Sequence[float], smallest: float, least_scatter: float, assumed_scatter: float
) -> Prediction:
    """Compare a figure with those of earlier nights.

    Parameters
    ----------
    value, earlier
        Tonight's and one a night, one at least, in the unit of the figure.
    smallest
        Difference that has to be exceeded before it matters.
    least_scatter
        Lower bound of the standard deviation: identical nights have none, and still are not exact.
    assumed_scatter
        Its lower bound for fewer than `FEWEST_NIGHTS` nights.

    Notes
    -----
    Student's prediction interval for one further observation (G. J. Hahn and W. Q. Meeker, "Statistical
    Intervals", 1991, 4.7), as a one-sided minimum-effect test: with d the difference from the mean of the n
    earlier nights and s their standard deviation,

        T = (d - smallest) / (s √(1 + 1/n)),   n - 1 degrees of freedom.

    Exact for nights that scatter normally and have not moved by more than `smallest`.
    """
    n = len(earlier)
    usual = float(np.mean(earlier))
    own = float(np.std(earlier, ddof=1)) if n > 1 else 0.0
    few = n < FEWEST_NIGHTS
    scatter = max(own, assumed_scatter if few else least_scatter)
    freedom = FEWEST_NIGHTS - 1 if few else n - 1
    unit = scatter * math.sqrt(1 + 1 / n)
    # Student's distribution is symmetric: the upper tail is the lower one of the negative.
    more, less = (float(stdtr(freedom, -(far - smallest) / unit)) for far in (value - usual, usual - value))
    return Prediction(usual, scatter, more, less)


def predict_loss(
    lost: int, total: int, earlier: Sequence[tuple[int, int]], smallest_ratio: float
) -> Prediction:
    """Compare a loss with those of earlier nights.

    Parameters
    ----------
    lost, total
        Tonight's counts.
    earlier
        Counts of each earlier night, one at least.
    smallest_ratio
        Difference of the ratio that has to be exceeded before it matters.

    Notes
    -----
    Tonight's count is beta-binomial: a ratio of its own each night, and so many trials. The mean is that of
    all nights with Jeffreys' prior (half a loss and half a success more). Its dispersion has two parts: that
    between nights by the method of moments (Pearson's chi-square over its degrees of freedom, as D. A.
    Williams, "Extra-binomial variation in logistic linear models", Applied Statistics 31, 1982), never less
    than binomial, and what is not known of the mean itself, from as many trials as the dispersed counts are
    worth.
    """
    counts = np.asarray(earlier, dtype=np.float64)
    all_lost, all_total = (float(each) for each in counts.sum(axis=0))
    mean = (all_lost + 0.5) / (all_total + 1)
    correlation, inflation = _overdispersion(counts, mean)
    dispersion = min(correlation + 1 / (all_total / inflation + 2), _MOST_DISPERSED)
    concentration = 1 / dispersion - 1
    beyond = smallest_ratio * total
    # At least, at most: the tests are of whole counts.
    at_least, at_most = math.ceil(lost - beyond - _ROUNDING), math.floor(lost + beyond + _ROUNDING)
    alpha, beta = mean * concentration, (1 - mean) * concentration
    return Prediction(
        usual=all_lost / all_total,
        scatter=math.sqrt(mean * (1 - mean) * dispersion),
        p_more=beta_binomial(range(max(at_least, 0), total + 1), total, alpha, beta),
        p_less=beta_binomial(range(min(at_most, total) + 1), total, alpha, beta),
    )


def beta_binomial(counts: range, total: int, alpha: float, beta: float) -> float:
    """Return the probability of any of `counts` out of `total`, for a ratio that is Beta(alpha, beta).

    The terms of a tail are added up themselves: one minus the other tail would lose what is small.
    """
    k = np.arange(counts.start, counts.stop, dtype=np.float64)
    ways = gammaln(total + 1) - gammaln(k + 1) - gammaln(total - k + 1)
    terms = ways + betaln(k + alpha, total - k + beta) - betaln(alpha, beta)
    return min(float(np.exp(terms).sum()), 1.0)


def _overdispersion(counts: FloatArray, mean: float) -> tuple[float, float]:
    """Return the correlation of losses within a night, and by how much their variance is inflated."""
    lost, total = counts[:, 0], counts[:, 1]
    inflation = 1.0
    if len(counts) > 1:
        squares = (lost - total * mean) ** 2 / (total * mean * (1 - mean))
        inflation = max(1.0, float(squares.sum()) / (len(counts) - 1))
    average = float(total.mean())
    correlation = (inflation - 1) / (average - 1) if average > 1 else 0.0
    if len(counts) < FEWEST_NIGHTS:
        correlation = max(correlation, USUAL_OVERDISPERSION)
        inflation = max(inflation, 1 + correlation * (average - 1))
    return correlation, inflation


def holm(p_values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """Adjust p-values of several figures, so that one of them is below alpha by chance only with alpha.

    Parameters
    ----------
    p_values
        Of single tests.
    weights
        Share of each in the errors; all above 0.

    Notes
    -----
    S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6,
    1979, with weights. It asks nothing of how the figures depend on each other.
    """
    order = sorted(range(len(p_values)), key=lambda place: p_values[place] / weights[place])
    left = sum(weights)
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for place in order:
        highest = max(highest, min(1.0, p_values[place] * left / weights[place]))
        adjusted[place] = highest
        left -= weights[place]
    return adjusted
