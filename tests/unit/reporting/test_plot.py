"""The picture of a run can be drawn of every kind of run there is."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from eloquence_pipeline.reporting.plot import delay_and_loss_png
from tests.golden.results import golden
from tests.reports import with_figure

pytestmark = pytest.mark.unit

RED = (192, 57, 43)


def red_dots(png: bytes) -> int:
    """Count the dots of the delays' part that are red: lost phrases and missed thresholds."""
    pixels: Any = np.rint(np.asarray(imread(io.BytesIO(png)))[:, :, :3] * 255)
    above = pixels[: round(0.6 * len(pixels))]
    return int(np.count_nonzero(np.all(np.abs(above - RED) <= 3, axis=-1)))


@pytest.mark.parametrize("name", ["clean", "lossy", "several", "unheard", "broken-off"])
def test_every_run_has_a_picture(name: str) -> None:
    png = delay_and_loss_png(golden(name))
    assert imread(io.BytesIO(png)).shape[:2] == (500, 900)
    assert len(png) < 100_000


def test_a_missed_threshold_is_drawn_and_one_that_is_met_is_not() -> None:
    result = golden("clean")
    late = with_figure(result, "latency_max_ms", passed=False, threshold=50.0)
    assert red_dots(delay_and_loss_png(result)) == 0
    assert red_dots(delay_and_loss_png(late)) > 300
