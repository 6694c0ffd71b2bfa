from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from eloquence_pipeline.measurement.baseline.prediction import (
    beta_binomial,
    holm,
    predict_loss,
    predict_value,
)

pytestmark = pytest.mark.unit

values = st.floats(-1000, 1000)
nights = st.lists(values, min_size=1, max_size=30)
counts = st.integers(1, 300).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total)))


def test_the_chance_is_that_of_students_prediction_interval() -> None:
    earlier = [40.0, 42.0, 41.0, 44.0, 43.0, 42.0]
    found = predict_value(50.0, earlier, 2.0, least_scatter=0.5, assumed_scatter=4.0)
    s = np.std(earlier, ddof=1)
    assert found.usual == pytest.approx(42.0)
    assert found.scatter == pytest.approx(s)
    assert found.p_more == pytest.approx(stats.t.sf((8 - 2) / (s * math.sqrt(1 + 1 / 6)), 5))
    assert found.p_less == pytest.approx(stats.t.sf((-8 - 2) / (s * math.sqrt(1 + 1 / 6)), 5))


def test_nights_that_are_identical_have_the_least_scatter() -> None:
    found = predict_value(43.0, [42.0] * 10, 2.0, least_scatter=0.5, assumed_scatter=4.0)
    assert found.scatter == 0.5
    assert found.p_more > 0.5  # 1 ms is less than what matters


def test_few_nights_have_the_assumed_scatter_unless_their_own_is_larger() -> None:
    assert predict_value(0, [42.0], 2, 0.5, 4.0).scatter == 4.0
    assert predict_value(0, [42.0, 42.1, 42.2], 2, 0.5, 4.0).scatter == 4.0
    assert predict_value(0, [20.0, 60.0], 2, 0.5, 4.0).scatter > 20


@given(values, nights, st.floats(0.01, 100))
def test_a_direction_is_never_likely_in_both_ways_and_mirrors(
    value: float, earlier: list[float], smallest: float
) -> None:
    found = predict_value(value, earlier, smallest, 0.5, 4.0)
    mirrored = predict_value(-value, [-one for one in earlier], smallest, 0.5, 4.0)
    assert 0 <= min(found.p_more, found.p_less) <= 1
    assert max(found.p_more, found.p_less) >= 0.5
    assert mirrored.p_more == pytest.approx(found.p_less, abs=1e-9)


@given(values, nights, st.floats(0, 50))
def test_further_away_is_never_less_surprising(value: float, earlier: list[float], further: float) -> None:
    near = predict_value(value, earlier, 2.0, 0.5, 4.0)
    far = predict_value(value + further, earlier, 2.0, 0.5, 4.0)
    assert far.p_more <= near.p_more + 1e-12


@given(counts, st.lists(counts, min_size=1, max_size=25))
def test_the_chance_of_a_loss_is_one_for_every_count(
    tonight: tuple[int, int], earlier: list[tuple[int, int]]
) -> None:
    found = predict_loss(*tonight, earlier, 0.01)
    assert 0 <= found.p_more <= 1
    assert 0 <= found.p_less <= 1
    # Both hold the count itself.
    assert found.p_more + found.p_less >= 1 - 1e-6


@given(st.integers(1, 200), st.floats(0.01, 50), st.floats(0.01, 50))
def test_all_counts_together_are_certain(total: int, alpha: float, beta: float) -> None:
    assert beta_binomial(range(total + 1), total, alpha, beta) == pytest.approx(1, abs=1e-6)
    middle = total // 2
    assert beta_binomial(range(middle, total + 1), total, alpha, beta) == pytest.approx(
        stats.betabinom.sf(middle - 1, total, alpha, beta), abs=1e-6
    )


def test_nights_that_lose_unevenly_make_a_loss_less_surprising() -> None:
    even = [(10, 100)] * 10
    uneven = [(0, 100), (20, 100)] * 5
    assert predict_loss(30, 100, uneven, 0.01).p_more > 100 * predict_loss(30, 100, even, 0.01).p_more


def test_a_first_loss_after_many_nights_without_one_is_surprising_only_if_it_is_large() -> None:
    clean = [(0, 20)] * 14
    assert predict_loss(1, 20, clean, 0.01).p_more > 0.01
    assert predict_loss(6, 20, clean, 0.01).p_more < 1e-5


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.1, 10)), min_size=1, max_size=12))
def test_adjusted_chances_lie_between_the_single_one_and_its_share(tests: list[tuple[float, float]]) -> None:
    p_values, weights = [p for p, _ in tests], [weight for _, weight in tests]
    total = sum(weights)
    for p, weight, adjusted in zip(p_values, weights, holm(p_values, weights), strict=True):
        assert p * (1 - 1e-9) <= adjusted + 1e-300 <= min(1.0, max(q * total / w for q, w in tests)) + 1e-9
        assert adjusted <= 1
        if adjusted < 1 and p * total / weight == min(q * total / w for q, w in tests):
            assert adjusted == pytest.approx(p * total / weight)


def test_equal_weights_give_holms_own_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005], [1, 1, 1, 1]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
