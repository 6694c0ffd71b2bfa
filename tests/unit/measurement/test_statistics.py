"""Order statistics."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.statistics import summarise

pytestmark = pytest.mark.unit


@given(st.lists(st.floats(0, 1e4), min_size=2, max_size=50))
def test_figures_agree_with_the_standard_library(values: list[float]) -> None:
    summary = summarise(values)
    assert summary.count == len(values)
    assert summary.avg == pytest.approx(statistics.fmean(values), abs=1e-9)
    assert summary.median == pytest.approx(statistics.median(values))
    assert summary.standard_deviation == pytest.approx(statistics.stdev(values), rel=1e-6, abs=1e-6)
    assert (summary.min, summary.max) == (min(values), max(values))


def test_what_is_missing_is_left_out() -> None:
    assert summarise([None, 3.0, None]).count == 1
    assert summarise([None, 3.0, None]).standard_deviation is None
    assert summarise([None]).avg is None
