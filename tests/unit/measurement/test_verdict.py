"""Classes, their bounds, and the verdict over a run."""

from __future__ import annotations

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
    RtpFigures,
    SpeakerFigures,
    Verdict,
    VerdictStatus,
)
from eloquence_pipeline.settings import ThresholdSettings
from tests import figures
from tests.figures import pacing, speaker_figures

pytestmark = pytest.mark.unit

DEFAULTS = ThresholdSettings()
ON_PACE = pacing()
TOO_SLOW = pacing(max_ms=30.0, overloaded=True)


def phrase(index: int, end_to_end_ms: float | None, speaker: str = "speaker") -> PhraseObservation:
    delay_ms = None if end_to_end_ms is None else end_to_end_ms - 10
    return figures.phrase(index, delay_ms, speaker=speaker, end_to_end_ms=end_to_end_ms)


def figures_of(
    phrases: list[PhraseObservation], packet_loss_ratio: float | None, speaker: str = "speaker"
) -> SpeakerFigures:
    said = [phrase for phrase in phrases if phrase.speaker == speaker]
    return speaker_figures(speaker, said, RtpFigures(packet_loss_ratio=packet_loss_ratio))


def judged(
    phrases: list[PhraseObservation],
    packet_loss_ratio: float | None,
    tester: PacingFigures = ON_PACE,
    failure: str = "",
) -> Verdict:
    return judge(phrases, [figures_of(phrases, packet_loss_ratio)], tester, DEFAULTS, failure=failure)


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
    verdict = judged([phrase(1, 60), phrase(2, 80)], 0.0)
    assert verdict.status is VerdictStatus.PASSED
    assert not verdict.reasons


def test_one_late_phrase_fails_the_run_and_is_named() -> None:
    verdict = judged([phrase(1, 60), phrase(2, 700), phrase(3, 50)], 0.0)
    assert verdict.status is VerdictStatus.FAILED
    assert verdict.reasons == ("latency_max_ms is 700.0 ms (phrase 2), over the threshold of 500 ms",)


def test_a_lost_phrase_beyond_the_threshold_fails_the_run_and_is_named() -> None:
    verdict = judged([phrase(1, 60), phrase(2, None)], 0.0)
    assert verdict.status is VerdictStatus.FAILED
    assert "phrase_loss_ratio is 50.0 % (phrase 2)" in verdict.reasons[0]


def test_rtp_loss_alone_fails_the_run() -> None:
    assert judged([phrase(1, 60)], 0.2).status is VerdictStatus.FAILED


def test_a_run_without_any_phrase_does_not_pass() -> None:
    assert judged([], None).status is VerdictStatus.FAILED


def test_a_transmission_that_broke_off_fails_even_with_good_figures() -> None:
    verdict = judged([phrase(1, 60)], 0.0, failure="the publisher was disconnected")
    assert verdict.status is VerdictStatus.FAILED
    assert verdict.reasons[0] == "the transmission broke off: the publisher was disconnected"


@given(latencies=st.lists(st.one_of(st.none(), st.floats(0, 5000)), max_size=20))
def test_a_slow_tester_never_blames_the_server(latencies: list[float | None]) -> None:
    phrases = [phrase(i + 1, latency) for i, latency in enumerate(latencies)]
    verdict = judged(phrases, 0.5, TOO_SLOW)
    assert verdict.status is VerdictStatus.INVALID
    assert verdict.reasons[0].startswith("invalid: tester overloaded")


def test_a_slow_tester_does_not_hide_that_the_transmission_broke_off() -> None:
    verdict = judged([phrase(1, 60)], 0.0, TOO_SLOW, failure="the publisher was disconnected")
    assert verdict.status is VerdictStatus.INVALID
    assert "the transmission broke off: the publisher was disconnected" in verdict.reasons


def test_a_speaker_who_is_not_heard_is_not_hidden_by_those_who_are() -> None:
    phrases = [phrase(n, 60 if n > 2 else None, "speaker-1" if n <= 4 else "speaker-2") for n in range(1, 60)]
    speakers = [figures_of(phrases, 0.0, name) for name in ("speaker-1", "speaker-2")]
    verdict = judge(phrases, speakers, ON_PACE, DEFAULTS)
    assert verdict.status is VerdictStatus.FAILED
    assert verdict.reasons == (
        "phrase_loss_ratio is 50.0 % (speaker-1, phrase 1), over the threshold of 5 %",
    )


def test_the_slowest_speaker_on_average_is_judged_and_named() -> None:
    phrases = [phrase(1, 60, "speaker-1"), phrase(2, 400, "speaker-2"), phrase(3, 60, "speaker-3")]
    speakers = [figures_of(phrases, 0.0, f"speaker-{number}") for number in (1, 2, 3)]
    average = judge(phrases, speakers, ON_PACE, DEFAULTS).figures[0]
    assert (average.figure, average.value, average.speaker) == ("latency_avg_ms", 400, "speaker-2")


def test_a_test_that_went_wrong_itself_says_nothing_about_the_voice_path() -> None:
    phrases = [phrase(1, 60)]
    verdict = judge(
        phrases, [figures_of(phrases, 0.0)], ON_PACE, DEFAULTS, tester_failure="the test custom failed"
    )
    assert verdict.status is VerdictStatus.INVALID
    assert verdict.reasons == ("invalid: the test custom failed",)
