"""What is required of the instrument, and whether it holds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from calibration.live import Live, LossPoint
from calibration.short import WrongPeaks
from calibration.synthetic import Synthetic
from calibration.warped import SOME_UNSURE, WarpedPhrases

MOST_SAMPLES = 1.0
SLOPE, SLOPE_TOLERANCE = 1.0, 0.02
MOST_OFF_MS = 2.0
MOST_DEVIATION_MS = 0.5
MOST_UNSURE_RATIO = 0.015
"""Of the windows where pitch periods are missing or repeated."""
LEAST_SHORT_RATIO = 0.8
LEAST_DISTANCE = 0.1


class Bound(NamedTuple):
    """One requirement.

    Attributes
    ----------
    required, measured
        In words, with units.
    holds
        Whether what was measured meets it.
    """

    required: str
    measured: str
    holds: bool


class Line(NamedTuple):
    """The straight line through the points of the live network: least squares, 95 % interval of the slope."""

    slope: float
    slope_low: float
    slope_high: float
    intercept_ms: float
    residuals_ms: tuple[float, ...]


def synthetic_bounds(synthetic: Synthetic) -> list[Bound]:
    """Return what is required without a server."""
    bounds = [
        Bound(
            f"delay within {MOST_SAMPLES:g} sample at 48 kHz: {errors.damage}",
            f"{errors.largest_samples:.2f} samples, {errors.received} of {errors.said} phrases received",
            errors.received > 0 and errors.largest_samples <= MOST_SAMPLES,
        )
        for errors in synthetic.delays
    ]
    bounds += [
        Bound(
            f"no delay for a phrase in whose place there is {number.received_instead}",
            f"{number.found} of {number.said} phrases",
            number.found == 0,
        )
        for number in synthetic.false_numbers
    ]
    bounds += [_warped_bound(warped) for warped in synthetic.warped]
    bounds += [_short_bound(short) for short in synthetic.short]
    return bounds + [_wrong_bound(wrong) for wrong in synthetic.wrong]


def _warped_bound(warped: WarpedPhrases) -> Bound:
    unsure = warped.warp.startswith(SOME_UNSURE)
    most = MOST_UNSURE_RATIO * warped.windows if unsure else 0
    within = f", and windows in {MOST_UNSURE_RATIO:.1%} at most" if unsure else ", nor window"
    return Bound(
        f"no phrase{within} with a false delay: {warped.warp}",
        f"{warped.false_delays} of {warped.said} phrases ({warped.received} received), "
        f"{warped.false_windows} of {warped.windows} windows",
        warped.false_delays == 0 and warped.false_windows <= most,
    )


def _short_bound(short: WarpedPhrases) -> Bound:
    return Bound(
        f"{LEAST_SHORT_RATIO:.0%} of the short phrases received, no false delay, windows in "
        f"{MOST_UNSURE_RATIO:.1%} at most: {short.warp}",
        f"{short.received} of {short.said} phrases, {short.false_delays} false, "
        f"{short.false_windows} of {short.windows} windows",
        short.received >= LEAST_SHORT_RATIO * short.said
        and short.false_delays == 0
        and short.false_windows <= MOST_UNSURE_RATIO * short.windows,
    )


def _wrong_bound(wrong: WrongPeaks) -> Bound:
    return Bound(
        f"pieces of a short phrase stay {LEAST_DISTANCE:g} below its gate: {wrong.received_instead}",
        f"{wrong.least_distance:.2f}, {len(wrong.peaks)} phrases",
        wrong.least_distance >= LEAST_DISTANCE,
    )


def live_bounds(live: Live) -> list[Bound]:
    """Return what is required through the server."""
    line = fitted(live)
    largest_ms = max(abs(residual) for residual in line.residuals_ms)
    deviations = clean_deviations_ms(live)
    return [
        Bound(
            f"network share follows the added delay with slope {SLOPE:.2f} ± {SLOPE_TOLERANCE:.2f}",
            f"{line.slope:.4f} (95 %: {line.slope_low:.4f} to {line.slope_high:.4f})",
            abs(line.slope - SLOPE) <= SLOPE_TOLERANCE,
        ),
        Bound(
            f"each point within {MOST_OFF_MS:g} ms of what was added and the clean path",
            f"{largest_ms:.2f} ms, {len(live.latencies)} calls",
            largest_ms <= MOST_OFF_MS,
        ),
        Bound(
            f"standard deviation of the phrases of a clean call at most {MOST_DEVIATION_MS:g} ms",
            f"{min(deviations):.3f} to {max(deviations):.3f} ms, {len(deviations)} calls",
            max(deviations) <= MOST_DEVIATION_MS,
        ),
        *(
            Bound(
                f"loss within the 95 % binomial interval of the truth: {point.asked_ratio:.0%}",
                f"{point.measured_ratio:.2%} of {interval(point)[0]:.2%} to {interval(point)[1]:.2%}",
                interval(point)[0] <= point.measured_ratio <= interval(point)[1],
            )
            for point in live.losses
        ),
    ]


def fitted(live: Live) -> Line:
    """Fit the measured network share to the added delay; residuals are from the clean path, not the line."""
    added = np.asarray([point.added_ms for point in live.latencies])
    measured = np.asarray([point.network_ms for point in live.latencies])
    fit = stats.linregress(added, measured)
    half = float(stats.t.ppf(0.975, len(added) - 2)) * float(fit.stderr)
    clean_ms = float(
        np.median([point.network_ms - point.added_ms for point in live.latencies if not point.asked_ms])
    )
    return Line(
        float(fit.slope),
        float(fit.slope) - half,
        float(fit.slope) + half,
        float(fit.intercept),
        tuple((measured - added - clean_ms).tolist()),
    )


def clean_deviations_ms(live: Live) -> list[float]:
    """Return the standard deviation of the phrases' delays of each clean call (n - 1)."""
    return [float(np.std(run.delays_ms, ddof=1)) for run in live.clean]


def interval(point: LossPoint) -> tuple[float, float]:
    """Return the exact binomial (Clopper-Pearson) 95 % interval of the loss that the relay made."""
    found = stats.binomtest(point.dropped, point.arrived).proportion_ci(0.95, method="exact")
    return float(found.low), float(found.high)
