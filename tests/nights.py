"""Nights without a run: figures drawn by chance, or given."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.models import Conditions, Night, NightFigure, VerdictStatus

FIRST = datetime(2026, 9, 1, 2, tzinfo=UTC)
CONDITIONS = Conditions(
    scenario="basic",
    target="embedded",
    network="",
    network_conditions="",
    method_version=3,
    parameters={"duration_seconds": 30},
)
PHRASES, PACKETS = 20, 1500

Draw = Callable[[np.random.Generator, int], npt.NDArray[np.float64]]
"""So many values of mean 0 and standard deviation 1."""


def normal(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Scatter as the test assumes it."""
    return rng.standard_normal(count)


def even(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """As the phase of a clock: what the embedded server's nights look like."""
    return rng.uniform(-(3**0.5), 3**0.5, count)


def heavy_tailed(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Student's distribution with three degrees of freedom."""
    return rng.standard_t(3, count) / 3**0.5


def skewed(rng: np.random.Generator, count: int) -> npt.NDArray[np.float64]:
    """Log-normal: a long tail on the side of late nights."""
    values = np.exp(0.5 * rng.standard_normal(count))
    return (values - np.exp(0.125)) / np.sqrt((np.exp(0.25) - 1) * np.exp(0.25))


def night(
    number: int, figures: Mapping[str, float | tuple[int, int]], status: VerdictStatus = VerdictStatus.PASSED
) -> Night:
    """Return the n-th night; a loss is given as lost and total."""
    return Night(
        run_id=f"{FIRST + timedelta(days=number):%Y%m%dT%H%M%SZ}-{number:06x}",
        started_at=FIRST + timedelta(days=number),
        conditions=CONDITIONS,
        status=status,
        figures={name: _figure(value) for name, value in figures.items()},
    )


def _figure(value: float | tuple[int, int]) -> NightFigure:
    if isinstance(value, tuple):
        return NightFigure(value=value[0] / value[1], lost=value[0], total=value[1])
    return NightFigure(value=value)


def drawn_nights(
    rng: np.random.Generator, count: int, draw: Draw, scatter_ms: float = 2.0, first: int = 0
) -> list[Night]:
    """Return nights that all have the same distribution, with every figure."""
    level_ms = 46 + scatter_ms * draw(rng, count)
    tail_ms = np.abs(0.3 * scatter_ms * draw(rng, count))
    network_ms = 1.2 + 0.15 * draw(rng, count)
    concealed = np.abs(0.002 + 0.001 * draw(rng, count))
    mos = 4.3 + 0.05 * draw(rng, count)
    phrases, packets = rng.binomial(PHRASES, 0.01, count), rng.binomial(PACKETS, 0.002, count)
    return [
        night(
            first + place,
            {
                "one_way_delay_median_ms": float(level_ms[place]),
                "one_way_delay_p95_ms": float(level_ms[place] + tail_ms[place]),
                "network_delay_median_ms": float(network_ms[place]),
                "phrase_loss_ratio": (int(phrases[place]), PHRASES),
                "rtp_loss_ratio": (int(packets[place]), PACKETS),
                "concealed_ratio": float(concealed[place]),
                "mos_lqo_mean": float(mos[place]),
            },
        )
        for place in range(count)
    ]


def changed(one: Night, **by: float) -> Night:
    """Return a night with some figures moved."""
    moved = {name: NightFigure(value=one.figures[name].value + change) for name, change in by.items()}
    return one.model_copy(update={"figures": {**one.figures, **moved}})


def steady(values: Sequence[float], figure: str = "one_way_delay_median_ms") -> list[Night]:
    """Return a night for each value of one figure."""
    return [night(place, {figure: value}) for place, value in enumerate(values)]
