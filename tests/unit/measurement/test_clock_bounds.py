"""What is known of two clocks from messages between them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.clock import KernelClock
from eloquence_pipeline.measurement.clock_bounds import OffsetBounds, clock_error_ms

pytestmark = pytest.mark.unit

OFFSETS = st.floats(-1e6, 1e6)
WAYS = st.lists(st.floats(0, 1e4), min_size=1, max_size=5)
SILENT = KernelClock(is_synchronised=None)


@given(OFFSETS, WAYS, WAYS)
def test_the_true_offset_is_within_the_bounds_whatever_the_ways_take(
    offset_ms: float, to_coordinator_ms: list[float], to_cell_ms: list[float]
) -> None:
    bounds = OffsetBounds()
    for way in to_coordinator_ms:
        bounds = bounds.heard_by_coordinator(way - offset_ms)
    for way in to_cell_ms:
        bounds = bounds.heard_by_cell(way + offset_ms)
    slack = 1e-6  # of floats of this size
    assert bounds.low - slack <= offset_ms <= bounds.high + slack
    assert bounds.error_ms is not None
    assert abs(offset_ms - bounds.correction_ms) <= bounds.error_ms + slack


def test_a_clock_that_nothing_speaks_against_is_not_corrected() -> None:
    bounds = OffsetBounds().heard_by_coordinator(300.0).heard_by_cell(400.0)
    assert bounds == OffsetBounds(-300.0, 400.0)
    assert bounds.correction_ms == 0.0
    assert bounds.error_ms == 400.0


def test_a_clock_half_a_minute_ahead_is_corrected() -> None:
    bounds = OffsetBounds().heard_by_coordinator(200 - 30_000.0).heard_by_cell(300 + 30_000.0)
    assert bounds.correction_ms == 29_800.0
    assert bounds.error_ms == 500.0


def test_one_side_alone_says_nothing_of_the_error() -> None:
    assert OffsetBounds().heard_by_cell(10.0).error_ms is None
    assert clock_error_ms(OffsetBounds(), SILENT, SILENT, is_the_same=False) is None
    assert clock_error_ms(OffsetBounds(), SILENT, SILENT, is_the_same=True) == 0.0


def test_what_both_kernels_say_counts_where_it_is_the_smaller() -> None:
    good = KernelClock(is_synchronised=True, max_error_ms=3.0)
    bounds = OffsetBounds(-300.0, 400.0)
    assert clock_error_ms(bounds, good, good, is_the_same=False) == 6.0
    assert clock_error_ms(bounds, good, SILENT, is_the_same=False) == 400.0
    # A clock that had to be corrected is not what its kernel takes it for.
    assert clock_error_ms(OffsetBounds(100.0, 300.0), good, good, is_the_same=False) == 200.0
