"""Order statistics of one figure."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from eloquence_pipeline.models import Statistics


def summarise(values: Iterable[float | None]) -> Statistics:
    """Return count, extremes, mean, median, 95th and 99th percentile and standard deviation.

    Percentiles are interpolated linearly between order statistics; the standard deviation is that
    of the sample (n - 1), and ``None`` for a single value. ``None`` among the values is left out.
    """
    present = np.asarray([value for value in values if value is not None], dtype=np.float64)
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
