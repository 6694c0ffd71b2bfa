"""Scores are judged only where there is a threshold for them."""

from __future__ import annotations

import pytest

from eloquence_pipeline.measurement.quality import quality_figures
from eloquence_pipeline.measurement.verdict import judge_quality
from eloquence_pipeline.models import (
    PhraseQuality,
    QualityClass,
    QualityFigures,
    Score,
    Verdict,
    VerdictStatus,
)
from eloquence_pipeline.settings import EModelSettings, ThresholdSettings

pytestmark = pytest.mark.unit

PASSED = Verdict(status=VerdictStatus.PASSED, figures=())
INVALID = Verdict(status=VerdictStatus.INVALID, figures=(), reasons=("invalid: tester overloaded",))


def phrase(index: int, mos: float | None, **more: object) -> PhraseQuality:
    score = None if mos is None else Score(value=mos, model="m", version="v")
    return PhraseQuality.model_validate({"index": index, "speaker": "speaker", "mos_lqo": score} | more)


def run(*phrases: PhraseQuality) -> QualityFigures:
    return quality_figures(phrases, [], EModelSettings())


def test_without_a_threshold_the_verdict_stays_as_it_is() -> None:
    assert judge_quality(PASSED, run(phrase(1, 1.2)), ThresholdSettings()) == PASSED


def test_the_lowest_score_is_judged_and_its_phrase_named() -> None:
    quality = run(phrase(1, 4.1), phrase(2, 2.9))
    verdict = judge_quality(PASSED, quality, ThresholdSettings(mos_lqo_min=3))
    (figure,) = verdict.figures
    assert verdict.status is VerdictStatus.FAILED
    assert (figure.value, figure.worst_phrase_index, figure.judged) == (2.9, 2, QualityClass.INSUFFICIENT)
    assert verdict.reasons == ("mos_lqo_min is 2.90 (phrase 2), under the threshold of 3",)


def test_a_score_on_the_threshold_passes() -> None:
    verdict = judge_quality(PASSED, run(phrase(1, 3.0)), ThresholdSettings(mos_lqo_min=3))
    assert (verdict.status, verdict.reasons) == (VerdictStatus.PASSED, ())
    assert verdict.figures[0].judged is QualityClass.SUFFICIENT


def test_phrases_too_short_to_be_scored_are_not_judged() -> None:
    quality = run(phrase(1, None, not_scored={"mos_lqo": "too short"}))
    assert judge_quality(PASSED, quality, ThresholdSettings(mos_lqo_min=3)) == PASSED


def test_a_score_that_went_wrong_is_no_silent_pass() -> None:
    quality = run(phrase(1, 4.0), phrase(2, None, failures={"mos_lqo": "ValueError: x"}))
    verdict = judge_quality(PASSED, quality, ThresholdSettings(mos_lqo_min=3))
    assert verdict.status is VerdictStatus.INVALID
    assert "phrase 2: ValueError: x" in verdict.reasons[0]


def test_an_invalid_run_stays_invalid() -> None:
    verdict = judge_quality(INVALID, run(phrase(1, 1.0)), ThresholdSettings(mos_lqo_min=3))
    assert verdict.status is VerdictStatus.INVALID
    assert verdict.reasons == (
        "invalid: tester overloaded",
        "mos_lqo_min is 1.00 (phrase 1), under the threshold of 3",
    )
