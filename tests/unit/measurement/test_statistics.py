"""Order statistics."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.statistics import drift, histogram, summarise

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


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=50))
def test_every_value_is_in_its_bin(values: list[float]) -> None:
    counted = histogram(values)
    assert counted is not None
    assert sum(counted.counts) == len(values)
    assert len(counted.counts) <= 50
    assert counted.counts[0] > 0
    assert counted.counts[-1] > 0
    assert counted.first_edge_ms % counted.bin_width_ms == 0
    assert counted.first_edge_ms <= min(values)
    assert max(values) < counted.first_edge_ms + counted.bin_width_ms * len(counted.counts)


def test_the_bins_of_two_runs_coincide() -> None:
    narrow, wide = histogram([48.2, 51.9, 52.0]), histogram([48.2, 120.0])
    assert narrow is not None
    assert wide is not None
    assert (narrow.first_edge_ms, narrow.bin_width_ms, narrow.counts) == (48, 1, (1, 0, 0, 1, 1))
    assert (wide.first_edge_ms, wide.bin_width_ms) == (48, 2)
    assert histogram([None]) is None


def test_a_drift_is_measured_and_a_wild_value_does_not_move_it() -> None:
    minutes = [number / 10 for number in range(10)]
    values = [50 + 3 * minute for minute in minutes]
    values[4] = 900
    measured = drift(minutes, values)
    assert measured is not None
    assert measured.ms_per_minute == pytest.approx(3)
    assert measured.low <= 3 <= measured.high


def test_the_interval_of_a_drift_is_that_of_sen() -> None:
    # Sen (1968), the example of the paper: 1, 2, 3, 4, 10, 12, 18 against 9, 15, 19, 20, 45, 55, 78.
    measured = drift([1, 2, 3, 4, 10, 12, 18], [9, 15, 19, 20, 45, 55, 78])
    assert measured is not None
    assert measured.ms_per_minute == pytest.approx(4)
    assert (measured.low, measured.high) == pytest.approx((3.67, 4.75), abs=0.6)


def test_few_values_have_no_drift() -> None:
    assert drift([0, 1, 2, 3], [1, 2, 3, 4]) is None
    assert drift([1] * 6, [1, 2, 3, 4, 5, 6]) is None
