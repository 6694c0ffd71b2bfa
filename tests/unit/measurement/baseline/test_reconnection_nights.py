"""Nights of disturbed calls: what is compared, how often by mistake, and what is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from scipy.stats import binom

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.baseline.judging import judge_in_order, judge_night
from eloquence_pipeline.measurement.baseline.night import figures_of, night_of
from eloquence_pipeline.measurement.baseline.pairs import compare_pair
from eloquence_pipeline.models import Change, Night, Recovery, VerdictStatus
from eloquence_pipeline.settings import BaselineSettings, SmallestDifferences
from tests.disturbed import reconnection
from tests.nights import Draw, even, heavy_tailed, normal, skewed

pytestmark = pytest.mark.unit

SETTINGS = BaselineSettings()
REMOVED, BLACKOUT = "audible_gap_ms.participant_removed.speaker", "audible_gap_ms.blackout_3s.speaker"
SURE = 0.999
SCATTER_MS = 100.0
"""Of a gap from night to night: 13 to 236 ms by the kind, measured; see docs/adr/0013-baseline.md."""


def drawn(rng: np.random.Generator, number: int, draw: Draw, longer_ms: float = 0.0) -> Night:
    """Return the n-th night: calls that come back, with gaps that scatter."""
    result = reconnection()
    kept = [call for call in result.calls if call.figures and call.figures.recovery is not Recovery.NONE]
    gaps = 700 + longer_ms + SCATTER_MS * draw(rng, len(kept))
    calls = tuple(
        call.model_copy(update={"figures": call.figures.model_copy(update={"audible_gap_ms": max(gap, 0.0)})})
        for call, gap in zip(kept, gaps.tolist(), strict=True)
        if call.figures
    )
    started_at = datetime(2026, 9, 1, 2, tzinfo=UTC) + timedelta(days=number)
    run = result.run.model_copy(
        update={"started_at": started_at, "run_id": f"{started_at:%Y%m%dT%H%M%SZ}-{number:06x}"}
    )
    verdict = result.verdict.model_copy(update={"status": VerdictStatus.PASSED})
    return night_of(result.model_copy(update={"calls": calls, "run": run, "verdict": verdict}))


def test_a_night_says_who_came_back_and_how_long_nothing_was_heard() -> None:
    result = reconnection()
    night = night_of(result)
    back = [call for call in result.calls if call.figures and call.figures.audible_gap_ms is not None]
    beyond = [
        call.figures.audible_gap_ms - call.figures.outage_ms
        for call in back
        if call.figures and call.figures.audible_gap_ms is not None
    ]
    figures = night.figures
    assert (figures["calls_not_back_ratio"].lost, figures["calls_not_back_ratio"].total) == (1, 4)
    assert (figures["calls_rejoined_ratio"].lost, figures["calls_rejoined_ratio"].total) == (1, 4)
    assert (figures["phrase_loss_ratio"].lost, figures["phrase_loss_ratio"].total) == (3, 28)
    assert figures["audible_gap_median_ms"].value == np.median(beyond)
    assert figures["audible_gap_max_ms"].value == max(beyond)
    assert figures[REMOVED].value == back[-1].figures.audible_gap_ms if back[-1].figures else None
    # A call that never came back has no gap; one that was not tried is no part of the night.
    names = {figure.name for figure in figures_of(night.conditions)}
    assert "audible_gap_ms.server_leave.speaker" in names - set(figures)
    assert not any("server_restart" in name for name in names)


def test_nights_that_tried_something_else_are_not_compared() -> None:
    whole = night_of(reconnection())
    fewer = reconnection()
    later = whole.started_at + timedelta(days=1)
    run = fewer.run.model_copy(update={"started_at": later, "run_id": "20990101T000000Z-000001"})
    other = night_of(fewer.model_copy(update={"calls": fewer.calls[:2], "run": run}))
    assert judge_night(other, [whole], SETTINGS).left_out == {"other_parameters": 1}


def test_nights_over_a_simulated_network_are_compared_with_their_like() -> None:
    real, simulated = reconnection(), reconnection()
    later = real.run.started_at + timedelta(days=1)
    run = {"started_at": later, "run_id": "20990101T000000Z-000001", "parameters": {"network": "train"}}
    night = night_of(simulated.model_copy(update={"run": simulated.run.model_copy(update=run)}))
    assert night.conditions.network == "train"
    assert judge_night(night, [night_of(real)], SETTINGS).left_out == {"other_network": 1}


def test_the_difference_of_two_nights_names_the_disturbance() -> None:
    rng = np.random.default_rng(1)
    first, second = drawn(rng, 0, normal), drawn(rng, 1, normal, longer_ms=2000)
    pair = compare_pair(first, second, SmallestDifferences())
    found = {one.figure for one in pair.figures if one.change is Change.WORSE}
    assert {REMOVED, BLACKOUT, "audible_gap_median_ms", "audible_gap_max_ms"} <= found


def test_what_is_no_result_is_refused() -> None:
    document = reconnection().model_dump(mode="json")
    document["calls"][0]["figures"] = {"recovery": "unaided"}
    with pytest.raises(MeasurementError, match="no result that a night can be taken from"):
        night_of(document)


@pytest.mark.parametrize("draw", [normal, even, heavy_tailed, skewed])
def test_fifty_nights_that_are_alike_raise_at_most_the_stated_rate_of_false_alarms(draw: Draw) -> None:
    rng, repetitions, nights = np.random.default_rng(20261123), 8, 50
    alarms = 0
    for _ in range(repetitions):
        judged = judge_in_order([drawn(rng, number, draw) for number in range(5 + nights)], SETTINGS)
        alarms += sum(one.comparison.change is Change.WORSE for one in judged[5:])
    assert alarms <= binom.ppf(SURE, repetitions * nights, SETTINGS.alpha)


@pytest.mark.parametrize("earlier", [7, 21])
def test_gaps_that_are_a_second_longer_are_found_in_the_first_night(earlier: int) -> None:
    rng = np.random.default_rng(3)
    for _ in range(10):
        before = [drawn(rng, number, normal) for number in range(earlier)]
        comparison = judge_night(drawn(rng, earlier, normal, longer_ms=1000), before, SETTINGS)
        assert comparison.change is Change.WORSE
        assert "audible_gap_median_ms" in {one.figure for one in comparison.of(Change.WORSE)}


def test_a_call_that_comes_back_no_more_is_found_in_the_first_night() -> None:
    rng = np.random.default_rng(4)
    before = [drawn(rng, number, normal) for number in range(21)]
    tonight = drawn(rng, 21, normal)
    lost = tonight.figures["calls_not_back_ratio"].model_copy(update={"value": 2 / 3, "lost": 2, "total": 3})
    figures = {**tonight.figures, "calls_not_back_ratio": lost}
    tonight = tonight.model_copy(update={"figures": figures})
    (found,) = judge_night(tonight, before, SETTINGS).of(Change.WORSE)
    assert found.figure == "calls_not_back_ratio"
