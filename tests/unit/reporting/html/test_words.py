"""What a report says first, and that everything has its words in both languages."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pytest

from eloquence_pipeline.models import (
    Change,
    DisagreementKind,
    DisturbanceKind,
    DisturbedSide,
    FigureVerdict,
    LatencyClass,
    LeftOut,
    LossClass,
    QualityClass,
    Recovery,
    ScenarioResult,
    Stage,
    VerdictStatus,
)
from eloquence_pipeline.reporting.baseline import NIGHT_FIGURE_WORDS
from eloquence_pipeline.reporting.html import words
from eloquence_pipeline.reporting.html.text import Text
from eloquence_pipeline.reporting.html.verdict import headline, plain_sentence
from eloquence_pipeline.reporting.wording import FIGURE_WORDS
from tests.golden.results import golden
from tests.reports import overloaded, slow, with_everything

pytestmark = pytest.mark.unit

ALL: list[tuple[dict[Any, Text], type[StrEnum]]] = [
    (words.STATUSES, VerdictStatus),
    (words.STAGES, Stage),
    (words.CHANGES, Change),
    (words.LEFT_OUT, LeftOut),
    (words.DISAGREEMENTS, DisagreementKind),
    (words.SIDES, DisturbedSide),
    (words.RECOVERIES, Recovery),
    (words.DISTURBANCES, DisturbanceKind),
]


@pytest.mark.parametrize(("texts", "kind"), ALL, ids=lambda one: getattr(one, "__name__", ""))
def test_everything_has_words_in_both_languages(texts: dict[Any, Text], kind: type[StrEnum]) -> None:
    assert set(texts) == set(kind)
    assert all(text.fr and text.en for text in texts.values())


def test_every_figure_and_class_has_an_english_name() -> None:
    assert set(words.FIGURES) == set(FIGURE_WORDS)
    assert set(words.NIGHT_FIGURES) == set(NIGHT_FIGURE_WORDS)
    for judged in (*LatencyClass, *LossClass, *QualityClass):
        assert words.class_text(judged).en


@pytest.mark.parametrize(("unit", "colour"), [("ms", "orange"), ("ratio", "yellow")])
def test_acceptable_has_the_colour_of_a_latency_or_of_a_loss(unit: str, colour: str) -> None:
    stored = {
        "figure": "x",
        "value": 1.0,
        "unit": unit,
        "threshold": 2.0,
        "judged": "acceptable",
        "passed": True,
    }
    assert words.class_colour(FigureVerdict.model_validate(stored)) == colour


def missing(*figures: str) -> ScenarioResult:
    """Return a result that missed the thresholds of these figures."""
    result = golden("clean")
    judged = tuple(
        figure.model_copy(update={"passed": figure.figure not in figures})
        for figure in result.verdict.figures
    )
    verdict = result.verdict.model_copy(update={"figures": judged, "status": VerdictStatus.FAILED})
    return result.model_copy(update={"verdict": verdict})


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (golden("clean"), "The voice path is healthy"),
        (missing("latency_avg_ms", "latency_max_ms"), "The voice arrives too late"),
        (missing("latency_max_ms"), "At least one phrase arrives too late"),
        (
            missing("rtp_packet_loss_ratio", "phrase_loss_ratio"),
            "Phrases do not arrive ; the network loses too many packets",
        ),
        (golden("unheard"), "Nothing was received"),
        (golden("broken-off"), "The call broke off"),
        (overloaded(), "Nothing can be said of the voice path"),
    ],
    ids=["clean", "late", "one late", "lost", "unheard", "broken off", "overloaded"],
)
def test_the_verdict_is_said_in_plain_words(result: ScenarioResult, said: str) -> None:
    assert plain_sentence(result).en == said


def test_a_missed_threshold_is_told_with_value_bound_phrase_and_what_it_says() -> None:
    head = headline(slow(), [1])
    (problem,) = head.problems
    assert problem.text.en.startswith("highest latency: 676.8 ms (threshold ≤ 500 ms), phrase ")
    assert problem.said.startswith("Phrase ")
    assert head.colour == "red"


def test_a_phrase_that_is_not_on_the_page_is_no_link() -> None:
    assert headline(slow(), []).problems[0].anchor == ""


def test_a_night_that_is_worse_is_told_with_the_day_since_when() -> None:
    told = [problem.text.fr for problem in headline(with_everything()).problems]
    assert "délai médian : 57.1 ms au lieu de 46.4 ms d'habitude, depuis le 2026-11-20 (3 nuits)" in told


def test_a_loss_is_blamed_on_the_network_and_not_on_a_stage_of_the_delay() -> None:
    head = headline(missing("rtp_packet_loss_ratio"))
    assert head.blame is not None
    assert "RTP" in head.blame.en
    assert head.advice is not None
