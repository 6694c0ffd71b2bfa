"""What the events say: enough to be told from afar what is wrong, and in which test."""

from __future__ import annotations

from pathlib import Path

import pytest

from eloquence_pipeline.measurement.baseline.judging import judge_night
from eloquence_pipeline.models import (
    Archive,
    ArchiveState,
    BaselineComparison,
    ScenarioOutcome,
    ScenarioResult,
)
from eloquence_pipeline.reporting.event import events_of
from eloquence_pipeline.reporting.suite import suite_event, suite_markdown, suite_sentence
from eloquence_pipeline.settings import BaselineSettings
from tests.golden import results
from tests.nights import steady

pytestmark = pytest.mark.unit

ARCHIVE = Archive(state=ArchiveState.UPLOADED, folder=Path("/results/run"), uri="s3://bucket/runs/run/")
USUAL = [46.0, 47.0, 45.5, 46.5, 46.2, 45.8]


def golden(name: str, baseline: BaselineComparison | None = None) -> ScenarioResult:
    return results.golden(name).model_copy(update={"baseline": baseline})


def compared(*delays_ms: float) -> BaselineComparison:
    *earlier, tonight = steady(delays_ms)
    return judge_night(tonight, earlier, BaselineSettings())


def test_a_run_that_passed_tells_its_verdict_and_nothing_else() -> None:
    (verdict,) = events_of(golden("clean", compared(*USUAL, 46.0)), ARCHIVE)
    assert verdict.name == "eloquence.verdict"
    assert verdict.resource["prefect.resource.id"] == "eloquence.test.clean"
    assert verdict.resource["eloquence.status"] == "passed"
    assert verdict.payload["change"] == "same"
    assert verdict.payload["evidence"] == "s3://bucket/runs/run/"


def test_a_missed_threshold_is_told_with_figure_phrase_and_bound() -> None:
    (verdict,) = events_of(golden("several"), ARCHIVE)
    assert verdict.resource["eloquence.status"] == "failed"
    figures = verdict.payload["figures"]
    assert isinstance(figures, list)
    missed = [figure for figure in figures if isinstance(figure, dict) and not figure["passed"]]
    assert missed
    assert {"figure", "value", "unit", "threshold", "worst_phrase_index"} <= set(missed[0])
    assert str(verdict.payload["message"]).startswith("🔴 several ÉCHOUÉ: ")


def test_a_regression_has_an_event_of_its_own_that_says_in_what_and_since_when() -> None:
    _, regression = events_of(golden("clean", compared(*USUAL, 66.4, 66.0)), ARCHIVE)
    assert regression.name == "eloquence.regression"
    assert regression.resource["eloquence.provisional"] == "false"
    (figure,) = regression.payload["figures"]  # pyright: ignore[reportGeneralTypeIssues, reportUnknownVariableType]
    assert isinstance(figure, dict)
    assert (figure["figure"], figure["value"]) == ("one_way_delay_median_ms", 66.0)
    assert figure["since"] is not None
    assert "pire que les 6 dernières bonnes nuits" in str(regression.payload["message"])


def test_what_few_nights_say_is_marked_as_provisional() -> None:
    _, regression = events_of(golden("clean", compared(46.0, 146.0)), ARCHIVE)
    assert regression.resource["eloquence.provisional"] == "true"


def test_a_suite_names_what_was_missed_in_which_test_and_what_was_not_carried_out() -> None:
    parts = {name: ScenarioOutcome(result=golden(name), archive=ARCHIVE) for name in ("clean", "several")}
    errors = {"latency": "no server → start one"}
    sentence = suite_sentence(parts, errors)
    assert sentence.startswith("🟡 suite NON VALIDE: 1/3 tests réussis; several : ")
    assert "phrase 4), seuil" in sentence
    assert sentence.endswith("; latency non réalisé : no server → start one")
    event = suite_event(parts, errors)
    assert event.payload["tests"] == {"clean": "passed", "several": "failed"}
    assert event.resource["eloquence.status"] == "invalid"
    page = suite_markdown(parts, errors, {"clean": "https://store/report.html?signed"})
    assert page.count("\n|") == 2 + 3
    assert "| 🟢 clean | RÉUSSI | — | [ouvrir](https://store/report.html?signed) |" in page
    assert "| ⚫ latency | NON RÉALISÉ | — | — |" in page
    assert "⚫ **latency** : no server → start one" in page


def test_a_suite_says_of_each_test_how_it_compares_with_the_nights_before() -> None:
    usual, worse = golden("clean", compared(46.0, 46.2)), golden("clean", compared(46.0, 146.0))
    parts = {
        "basic": ScenarioOutcome(result=usual, archive=ARCHIVE),
        "stress": ScenarioOutcome(result=worse, archive=ARCHIVE),
    }
    page = suite_markdown(parts, {}, {})
    assert "| 🟢 basic | RÉUSSI | 🟡 pareil | — |" in page
    assert "| 🟢 stress | RÉUSSI | 🟡 pire | — |" in page
    clause = "pire que d'habitude (provisoire) : délai médian 146.0 ms au lieu de 46.0 ms"
    assert clause in page
    # Good enough, and still worse than usual: whoever reads the state message alone has to know it.
    assert suite_sentence(parts, {}).startswith(f"🟢 suite RÉUSSI: 2/2 tests réussis; stress : {clause}")
