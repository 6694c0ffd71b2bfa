"""Two results are the same when every figure is equal, to the last digit."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from eloquence_pipeline.measurement.comparison import compare
from eloquence_pipeline.models import Comparison, ScenarioResult
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.reporting.comparison_table import comparison_sentence, print_comparison
from tests.golden.runs import CLEAN

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScenarioResult:
    folder: Path = CLEAN.write(tmp_path_factory.mktemp("run"))
    return StoredRun(folder).analyse()


def stored(result: ScenarioResult) -> dict[str, Any]:
    return json.loads(result.to_json())


def test_a_result_is_the_same_as_itself(result: ScenarioResult) -> None:
    comparison = compare(stored(result), result)
    assert comparison.is_same
    assert comparison_sentence(comparison).startswith("🟢 same figures to the last digit")


def test_one_digit_at_the_end_is_a_difference(result: ScenarioResult) -> None:
    before = stored(result)
    delay = result.phrases[1].one_way_delay_ms
    assert delay is not None
    before["phrases"][1]["one_way_delay_ms"] = math.nextafter(delay, 0)
    comparison = compare(before, result)
    (change,) = comparison.changes
    assert change.figure == "phrases.2.one_way_delay_ms"
    assert change.now == delay
    assert change.difference is not None
    assert 0 < change.difference < 1e-13


def test_a_phrase_that_is_received_now_has_a_number_in_place_of_none(result: ScenarioResult) -> None:
    before = stored(result)
    before["phrases"][0] |= {"received": False, "one_way_delay_ms": None}
    comparison = compare(before, result)
    assert [change.figure for change in comparison.changes] == [
        "phrases.1.received",
        "phrases.1.one_way_delay_ms",
    ]
    assert [change.difference for change in comparison.changes] == [None, None]


def test_figures_that_one_result_lacks_are_told_apart(result: ScenarioResult) -> None:
    before = stored(result)
    del before["plan"]["phrases_planned"]
    before["old"] = {"figure": 1}
    comparison = compare(before, result)
    assert comparison.added == ("plan.phrases_planned",)
    assert comparison.removed == ("old.figure",)
    assert not comparison.is_same


def test_method_versions_are_named_but_no_difference(result: ScenarioResult) -> None:
    before = stored(result)
    before["format"]["method_version"] = 1
    comparison = compare(before, result)
    assert comparison.is_same
    assert f"method 1 → {result.format.method_version}" in comparison_sentence(comparison)


def test_a_long_list_of_differences_is_cut_on_the_terminal(
    result: ScenarioResult, capsys: pytest.CaptureFixture[str]
) -> None:
    change = {"figure": "phrases.1.index", "stored": 1.0, "now": 3.5}
    comparison = Comparison.model_validate(
        {
            "stored_method_version": 1,
            "method_version": 2,
            "compared": 100,
            "changes": [change] * 45,
            "added": [],
            "removed": [],
        }
    )
    print_comparison(Console(width=80), comparison)
    shown = capsys.readouterr().out
    assert shown.count("+2.5") == 40
    assert "… and 5 more" in shown
    assert "45 of 100 figures differ" in shown
