from __future__ import annotations

from datetime import date

import pytest

from eloquence_pipeline.measurement.baseline.judging import judge_in_order, judge_night
from eloquence_pipeline.measurement.baseline.pairs import compare_pair, trend
from eloquence_pipeline.models import (
    BaselineComparison,
    Change,
    FigureComparison,
    LeftOut,
    Night,
    VerdictStatus,
)
from eloquence_pipeline.settings import BaselineSettings, SmallestDifferences
from tests.nights import CONDITIONS, FIRST, night, steady

pytestmark = pytest.mark.unit

SETTINGS = BaselineSettings()
DELAY = "one_way_delay_median_ms"
USUAL = [46.0, 47.0, 45.5, 46.5, 46.2, 45.8, 46.9, 46.1]


def last(nights: list[Night], settings: BaselineSettings = SETTINGS) -> BaselineComparison:
    return judge_night(nights[-1], nights[:-1], settings)


def delay(comparison: BaselineComparison) -> FigureComparison:
    return next(figure for figure in comparison.figures if figure.figure == DELAY)


def test_without_any_history_everything_works_and_nothing_is_said() -> None:
    comparison = judge_night(night(0, {DELAY: 46.0}), [], SETTINGS)
    assert comparison.change is Change.UNKNOWN
    assert not comparison.provisional
    assert comparison.nights == ()
    assert delay(comparison).value == 46.0
    assert delay(comparison).difference is None


def test_a_night_like_the_others_is_the_same() -> None:
    assert last(steady([*USUAL, 46.3])).change is Change.SAME


def test_a_late_night_is_worse_and_an_early_one_better() -> None:
    late, early = last(steady([*USUAL, 56.3])), last(steady([*USUAL, 36.3]))
    assert (late.change, early.change) == (Change.WORSE, Change.BETTER)
    assert delay(late).difference == pytest.approx(10.05)
    assert 0 <= (delay(late).p_value or 0) < SETTINGS.alpha


def test_a_higher_score_is_better() -> None:
    scores = [4.30, 4.32, 4.31, 4.29, 4.33, 4.30]
    assert last(steady([*scores, 3.5], "mos_lqo_mean")).change is Change.WORSE
    assert last(steady([2.0 + one / 100 for one in scores] + [4.5], "mos_lqo_mean")).change is Change.BETTER


def test_a_difference_that_does_not_matter_is_none_however_sure_it_is() -> None:
    assert last(steady([46.0] * 20 + [47.9])).change is Change.SAME
    small = SETTINGS.model_copy(update={"smallest": SmallestDifferences(one_way_delay_median_ms=0.01)})
    assert last(steady([46.0] * 20 + [48.0]), small).change is Change.WORSE


def test_a_second_night_far_from_the_first_is_worse_but_provisionally_so() -> None:
    comparison = last(steady([46.0, 146.0]))
    assert comparison.change is Change.WORSE
    assert comparison.provisional
    strict = SETTINGS.model_copy(update={"fails": True})
    assert not last(steady([46.0, 146.0]), strict).is_regression
    assert last(steady([*USUAL, 146.0]), strict).is_regression


def test_a_first_night_that_was_unusual_does_not_decide_for_good() -> None:
    judged = judge_in_order(steady([5.0] + [146.0] * 20), SETTINGS)
    assert judged[1].comparison.change is Change.WORSE
    assert judged[1].is_good
    assert judged[-1].comparison.change is Change.SAME


def test_a_regression_stays_one_and_says_since_when() -> None:
    nights = steady([*USUAL] + [60.0] * 40)
    comparison = last(nights)
    since = delay(comparison).since
    assert comparison.change is Change.WORSE
    assert since is not None
    assert (since.run_id, since.nights) == (nights[len(USUAL)].run_id, 40)
    assert comparison.left_out == {LeftOut.JUDGED_WORSE: 39}
    assert comparison.nights == tuple(one.run_id for one in nights[: len(USUAL)])


def test_a_good_night_in_between_begins_the_count_anew() -> None:
    nights = steady([*USUAL, 60.0, 60.0, 46.0, 60.0])
    since = delay(last(nights)).since
    assert since is not None
    assert since.run_id == nights[-1].run_id


def test_nights_that_did_not_pass_are_no_measure_and_invalid_ones_are_not_judged() -> None:
    bad = [night(20 + place, {DELAY: 600.0}, VerdictStatus.FAILED) for place in range(3)]
    overloaded = night(30, {DELAY: 900.0}, VerdictStatus.INVALID)
    nights = [*steady(USUAL), *bad, overloaded, night(31, {DELAY: 46.4})]
    comparison = last(nights)
    assert comparison.change is Change.SAME
    assert comparison.left_out == {LeftOut.NOT_PASSED: 4}
    invalid = judge_night(overloaded, nights[:-2], SETTINGS)
    assert invalid.change is Change.UNKNOWN
    assert invalid.notes


@pytest.mark.parametrize(
    ("conditions", "reason"),
    [
        ({"target": "wss://elsewhere"}, LeftOut.OTHER_TARGET),
        ({"network": "train"}, LeftOut.OTHER_NETWORK),
        ({"network_conditions": "loss=5"}, LeftOut.OTHER_NETWORK),
        ({"method_version": 2}, LeftOut.OTHER_METHOD),
        ({"parameters": {"duration_seconds": 60}}, LeftOut.OTHER_PARAMETERS),
    ],
)
def test_nights_under_other_conditions_are_left_out_and_counted(
    conditions: dict[str, object], reason: LeftOut
) -> None:
    changed = CONDITIONS.model_copy(update=conditions)
    others = [one.model_copy(update={"conditions": changed}) for one in steady([100.0] * 6)]
    comparison = judge_night(night(40, {DELAY: 46.0}), [*others, *steady(USUAL)], SETTINGS)
    assert comparison.change is Change.SAME
    assert comparison.left_out == {reason: 6}


def test_nights_before_the_new_beginning_and_beyond_the_look_back_do_not_count() -> None:
    nights = [
        *steady([100.0] * 20),
        *(night(20 + place, {DELAY: value}) for place, value in enumerate(USUAL)),
    ]
    anew = SETTINGS.model_copy(update={"not_before": date(2026, 9, 21)})
    assert FIRST.date() == date(2026, 9, 1)
    comparison = judge_night(night(40, {DELAY: 46.0}), nights, anew)
    assert comparison.left_out == {LeftOut.BEFORE_START: 20}
    assert comparison.change is Change.SAME
    short = SETTINGS.model_copy(update={"days": 20})
    assert len(judge_night(night(40, {DELAY: 46.0}), nights, short).nights) == len(USUAL)


def test_at_most_so_many_nights_are_compared_with_and_no_later_one() -> None:
    nights = steady([46.0 + place % 3 for place in range(60)])
    comparison = judge_night(nights[40], nights, SETTINGS)
    assert comparison.nights == tuple(one.run_id for one in nights[40 - SETTINGS.nights : 40])


def test_a_figure_that_few_nights_have_is_judged_by_an_assumed_scatter_and_provisionally() -> None:
    nights = [*steady(USUAL), night(8, {DELAY: 46.0, "mos_lqo_mean": 4.3})]
    comparison = judge_night(night(9, {DELAY: 46.0, "mos_lqo_mean": 1.5}), nights, SETTINGS)
    assert comparison.change is Change.WORSE
    assert comparison.provisional
    assert judge_night(night(9, {DELAY: 146.0, "mos_lqo_mean": 1.5}), nights, SETTINGS).provisional is False


def test_two_runs_are_put_side_by_side_without_a_test() -> None:
    first = night(0, {DELAY: 46.0, "mos_lqo_mean": 4.3, "phrase_loss_ratio": (0, 20)})
    second = night(1, {DELAY: 49.0, "mos_lqo_mean": 4.35}).model_copy(
        update={"conditions": CONDITIONS.model_copy(update={"target": "other", "method_version": 4})}
    )
    pair = compare_pair(first, second, SmallestDifferences())
    assert pair.differing == ("target", "method_version")
    changes = {figure.figure: figure.change for figure in pair.figures}
    assert changes[DELAY] is Change.WORSE
    assert changes["mos_lqo_mean"] is Change.SAME
    assert changes["phrase_loss_ratio"] is Change.UNKNOWN
    assert all(figure.p_value is None for figure in pair.figures)


def test_what_creeps_shows_as_a_trend() -> None:
    found = trend(steady([46.0 + 0.5 * place for place in range(20)]), DELAY)
    assert found is not None
    assert found.ms_per_minute == pytest.approx(0.5)
    assert trend(steady([46.0] * 4), DELAY) is None
