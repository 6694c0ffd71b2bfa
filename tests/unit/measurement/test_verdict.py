"""Classes, their bounds, and the verdict over a run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.classes import latency_class, loss_class
from eloquence_pipeline.measurement.verdict import judge
from eloquence_pipeline.models import (
    LatencyClass,
    LossClass,
    PacingFigures,
    PhraseObservation,
    VerdictStatus,
)
from eloquence_pipeline.settings import ThresholdSettings

pytestmark = pytest.mark.unit

DEFAULTS = ThresholdSettings()
ON_PACE = PacingFigures(
    pacing_lateness_p99_ms=1,
    pacing_lateness_max_ms=2,
    event_loop_lag_p99_ms=1,
    arrival_jitter_p99_ms=1,
    frames_skipped=0,
    overloaded=False,
)
TOO_SLOW = ON_PACE.model_copy(update={"pacing_lateness_max_ms": 30.0, "overloaded": True})


def phrase(index: int, end_to_end_ms: float | None) -> PhraseObservation:
    return PhraseObservation(
        index=index,
        text="Bonjour",
        category="greetings",
        received=end_to_end_ms is not None,
        sent_at=datetime.now(UTC),
        position_in_sent_seconds=1,
        sample_count=48_000,
        duration_seconds=1,
        generation_ms=10,
        clip_from_cache=False,
        send_ms=0.2,
        one_way_delay_ms=None if end_to_end_ms is None else end_to_end_ms - 10,
        end_to_end_ms=end_to_end_ms,
        correlation_peak=0.9,
        peak_to_sidelobe_ratio=3,
    )


@pytest.mark.parametrize(
    ("latency_ms", "expected"),
    [
        (0, LatencyClass.EXCELLENT),
        (99.999, LatencyClass.EXCELLENT),
        (100, LatencyClass.GOOD),
        (299.999, LatencyClass.GOOD),
        (300, LatencyClass.ACCEPTABLE),
        (500, LatencyClass.ACCEPTABLE),
        (500.001, LatencyClass.PROBLEMATIC),
    ],
)
def test_latency_bounds_belong_where_the_design_says(latency_ms: float, expected: LatencyClass) -> None:
    assert latency_class(latency_ms, DEFAULTS) is expected


@pytest.mark.parametrize(
    ("loss_ratio", "expected"),
    [
        (0, LossClass.EXCELLENT),
        (0.00999, LossClass.EXCELLENT),
        (0.01, LossClass.ACCEPTABLE),
        (0.05, LossClass.ACCEPTABLE),
        (0.05001, LossClass.PROBLEMATIC),
        (1, LossClass.PROBLEMATIC),
    ],
)
def test_loss_bounds_belong_where_the_design_says(loss_ratio: float, expected: LossClass) -> None:
    assert loss_class(loss_ratio, DEFAULTS) is expected


def test_a_clean_run_passes() -> None:
    verdict = judge([phrase(1, 60), phrase(2, 80)], 0.0, ON_PACE, DEFAULTS)
    assert verdict.status is VerdictStatus.PASSED
    assert not verdict.reasons


def test_one_late_phrase_fails_the_run_and_is_named() -> None:
    verdict = judge([phrase(1, 60), phrase(2, 700), phrase(3, 50)], 0.0, ON_PACE, DEFAULTS)
    assert verdict.status is VerdictStatus.FAILED
    assert verdict.reasons == ("latency_max_ms is 700.0 ms (phrase 2), over the threshold of 500 ms",)


def test_a_lost_phrase_beyond_the_threshold_fails_the_run_and_is_named() -> None:
    verdict = judge([phrase(1, 60), phrase(2, None)], 0.0, ON_PACE, DEFAULTS)
    assert verdict.status is VerdictStatus.FAILED
    assert "phrase_loss_ratio is 50.0 % (phrase 2)" in verdict.reasons[0]


def test_rtp_loss_alone_fails_the_run() -> None:
    assert judge([phrase(1, 60)], 0.2, ON_PACE, DEFAULTS).status is VerdictStatus.FAILED


def test_a_run_without_any_phrase_does_not_pass() -> None:
    assert judge([], None, ON_PACE, DEFAULTS).status is VerdictStatus.FAILED


def test_a_transmission_that_broke_off_fails_even_with_good_figures() -> None:
    verdict = judge([phrase(1, 60)], 0.0, ON_PACE, DEFAULTS, failure="the publisher was disconnected")
    assert verdict.status is VerdictStatus.FAILED
    assert verdict.reasons[0] == "the transmission broke off: the publisher was disconnected"


@given(latencies=st.lists(st.one_of(st.none(), st.floats(0, 5000)), max_size=20))
def test_a_slow_tester_never_blames_the_server(latencies: list[float | None]) -> None:
    phrases = [phrase(i + 1, latency) for i, latency in enumerate(latencies)]
    verdict = judge(phrases, 0.5, TOO_SLOW, DEFAULTS)
    assert verdict.status is VerdictStatus.INVALID
    assert verdict.reasons[0].startswith("invalid: tester overloaded")


def test_a_slow_tester_does_not_hide_that_the_transmission_broke_off() -> None:
    verdict = judge([phrase(1, 60)], 0.0, TOO_SLOW, DEFAULTS, failure="the publisher was disconnected")
    assert verdict.status is VerdictStatus.INVALID
    assert "the transmission broke off: the publisher was disconnected" in verdict.reasons
