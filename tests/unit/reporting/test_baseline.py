"""The comparison with earlier nights, in words."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from eloquence_pipeline.measurement.baseline.judging import judge_night
from eloquence_pipeline.models import BaselineComparison, LeftOut, ScenarioResult
from eloquence_pipeline.reporting.baseline import (
    baseline_markdown,
    baseline_sentence,
    left_out_sentence,
    regression_clause,
)
from eloquence_pipeline.reporting.summary import print_baseline
from eloquence_pipeline.reporting.wording import verdict_sentence
from eloquence_pipeline.settings import BaselineSettings
from tests.nights import steady

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parents[2] / "golden" / "expected" / "clean.json"
USUAL = [46.0, 47.0, 45.5, 46.5, 46.2, 45.8]


def comparison_of(*delays_ms: float, fails: bool = False) -> BaselineComparison:
    *earlier, tonight = steady(delays_ms)
    return judge_night(tonight, earlier, BaselineSettings(fails=fails))


@pytest.mark.parametrize(
    ("delays_ms", "sentence"),
    [
        ((46.0,), "⚪ pas de comparaison : aucune bonne nuit de mêmes conditions avant"),
        ((*USUAL, 46.4), "🟢 comme les 6 dernières bonnes nuits"),
        (
            (*USUAL, 66.4),
            "🔴 pire que les 6 dernières bonnes nuits : délai médian 66.4 ms au lieu de 46.2 ms",
        ),
        (
            (*USUAL, 66.4, 66.0),
            "🔴 pire que les 6 dernières bonnes nuits : délai médian 66.0 ms au lieu de 46.2 ms "
            "depuis le 2026-09-07 (2 nuits)",
        ),
        (
            (*USUAL, 26.4),
            "🟢 mieux que les 6 dernières bonnes nuits : délai médian 26.4 ms au lieu de 46.2 ms",
        ),
        (
            (46.0, 146.0),
            "🟡 pire que la bonne nuit précédente : délai médian 146.0 ms au lieu de 46.0 ms "
            "(provisoire : il faut 5 nuits pour connaître leur dispersion)",
        ),
    ],
)
def test_the_sentence_names_figure_value_and_since_when(delays_ms: tuple[float, ...], sentence: str) -> None:
    assert baseline_sentence(comparison_of(*delays_ms)) == sentence


def test_what_was_left_out_is_counted() -> None:
    found = comparison_of(*USUAL, 46.0).model_copy(
        update={"left_out": {LeftOut.OTHER_TARGET: 2, LeftOut.UNREADABLE: 1}}
    )
    assert left_out_sentence(found) == "Nuits laissées de côté : autre cible 2, illisibles 1"


def test_markdown_has_a_row_a_figure_and_nothing_without_a_comparison() -> None:
    assert baseline_markdown(None) == ""
    shown = baseline_markdown(comparison_of(*USUAL, 66.4))
    assert "| délai médian | 66.4 ms | 46.2 ms | +20.2 ms | pire |" in shown
    assert shown.count("\n|") == 2 + 7


def test_the_terminal_shows_figures_only_where_there_is_something_to_see() -> None:
    for delays_ms, lines in (((*USUAL, 46.0), 1), ((46.0,), 1), ((*USUAL, 66.0), 12), ((46.0, 46.5), 12)):
        console = Console(file=io.StringIO(), width=80)
        print_baseline(console, comparison_of(*delays_ms))
        assert isinstance(console.file, io.StringIO)
        shown = console.file.getvalue().splitlines()
        assert len(shown) == lines
        assert max(len(line) for line in shown if line.startswith("│") or lines == 1) <= 80


def test_a_regression_stands_in_the_verdict_and_fails_only_where_that_is_asked_for() -> None:
    result = ScenarioResult.model_validate(json.loads(GOLDEN.read_text(encoding="utf-8")))
    told = result.model_copy(update={"baseline": comparison_of(*USUAL, 66.4)})
    failed = result.model_copy(update={"baseline": comparison_of(*USUAL, 66.4, fails=True)})
    clause = "pire que d'habitude : délai médian 66.4 ms au lieu de 46.2 ms"
    assert verdict_sentence(told).startswith(f"🟢 clean RÉUSSI: {clause}; 3/3 phrases")
    assert verdict_sentence(failed).startswith(f"🔴 clean ÉCHOUÉ: {clause}; 3/3 phrases")
    assert regression_clause(comparison_of(*USUAL, 46.0)) == ""


@pytest.mark.parametrize(("tonight_ms", "word"), [(46.4, "pareil"), (49.0, "incertain"), (66.4, "pire")])
def test_what_would_matter_but_may_be_chance_is_called_unsure(tonight_ms: float, word: str) -> None:
    row = next(
        line
        for line in baseline_markdown(comparison_of(*USUAL, tonight_ms)).splitlines()
        if line.startswith("| délai médian")
    )
    assert row.endswith(f"| {word} |")
