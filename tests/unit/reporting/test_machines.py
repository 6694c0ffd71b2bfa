"""Results for machines are what their formats say, and say what the result says."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.openmetrics import parser

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Archive, ArchiveState, ScenarioOutcome, ScenarioResult
from eloquence_pipeline.reporting.machines import junit_xml, open_metrics, phrases_csv, summary_markdown
from flows.commands import require_output
from flows.machine_files import MachineFiles

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parents[2] / "golden" / "expected"
RUNS = sorted(path.stem for path in GOLDEN.glob("*.json") if "attempts" in path.read_text())
STORED = Archive(state=ArchiveState.UPLOADED, folder=Path("/results/run"), uri="s3://eloquence/runs/x/")


def outcome_of(name: str, **changes: Any) -> ScenarioOutcome:
    result = ScenarioResult.model_validate_json((GOLDEN / f"{name}.json").read_text())
    return ScenarioOutcome(result=result.model_copy(update=changes), archive=STORED)


def families_of(text: str) -> dict[str, Metric]:
    """Parse OpenMetrics text."""
    parsed: Iterable[Metric] = cast(Any, parser).text_string_to_metric_families(text)
    return {family.name: family for family in parsed}


def suites_of(text: str) -> list[ET.Element]:
    """Parse a report, and hold it against the rules of the usual JUnit schema: order, attributes, counts."""
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    for element in (root, *root):
        cases = list(element.iter("testcase"))
        assert int(element.attrib["tests"]) == len(cases)
        for counted, tag in {"failures": "failure", "errors": "error", "skipped": "skipped"}.items():
            assert int(element.attrib[counted]) == sum(case.find(tag) is not None for case in cases)
        assert float(element.attrib["time"]) >= 0
    for suite in root:
        order = [child.tag for child in suite]
        assert order == sorted(order, key=["properties", "testcase", "system-out"].index)
        for case in suite.iter("testcase"):
            assert case.attrib.keys() == {"classname", "name", "time"}
            assert all("message" in child.attrib for child in case)
            assert len(case) <= 1
    return list(root)


@pytest.mark.parametrize("name", RUNS)
def test_junit_has_a_failure_or_an_error_exactly_where_the_run_was_not_good(name: str) -> None:
    outcome = outcome_of(name)
    (suite,) = suites_of(junit_xml([outcome], {}))
    is_bad = any(suite.attrib[counted] != "0" for counted in ("failures", "errors"))
    assert is_bad is (outcome.result.status.value != "passed")
    named = [case.attrib["name"] for case in suite.iter("testcase")]
    assert sum(name.startswith("phrase ") for name in named) == len(outcome.result.phrases)


def test_junit_of_evidence_that_was_not_stored_and_of_a_test_that_could_not_be_carried_out() -> None:
    kept_here = Archive(state=ArchiveState.LOCAL_ONLY, folder=Path("/x"), problem="the store is away")
    outcome = outcome_of("clean").model_copy(update={"archive": kept_here})
    first, second = suites_of(junit_xml([outcome], {"stress": "no server → start it"}))
    for suite, told in ((first, "the store is away"), (second, "no server → start it")):
        (error,) = suite.iter("error")
        assert error.attrib["message"] == told


@given(st.text(max_size=40))
@settings(max_examples=50, deadline=None)
def test_whatever_is_said_junit_csv_and_markdown_stay_what_they_are(text: str) -> None:
    outcome = outcome_of("clean")
    phrase = outcome.result.phrases[0].model_copy(update={"text": text})
    said = ScenarioOutcome(
        result=outcome.result.model_copy(update={"phrases": (phrase, *outcome.result.phrases[1:])}),
        archive=STORED,
    )
    (suite,) = suites_of(junit_xml([said], {"other": text}))[:1]
    assert len(list(suite.iter("testcase"))) > len(said.result.phrases)
    rows = list(csv.DictReader(StringIO(phrases_csv([said]), newline="")))
    assert rows[0]["text"] == text
    assert len(rows) == len(said.result.phrases)
    assert summary_markdown([said], {"other": text}).count("\n# ❌ other") == 1


@pytest.mark.parametrize("name", RUNS)
def test_metrics_are_open_metrics_in_base_units(name: str) -> None:
    outcome = outcome_of(name)
    text = open_metrics([outcome])
    assert text.endswith("# EOF\n")
    families = families_of(text)
    assert all(name.startswith("eloquence_") for name in families)
    for family in families.values():
        assert family.documentation
        assert not re.search(r"_(ms|milliseconds|percent|total)$", family.name)
        assert not family.unit or family.name.endswith(f"_{family.unit}")
        for sample in family.samples:
            assert {"test", "target", "network"} <= sample.labels.keys()
    median_ms = outcome.result.delay.one_way_delay_ms.median
    medians = families["eloquence_one_way_delay_median_seconds"].samples
    assert [sample.value * 1000 for sample in medians] == pytest.approx([median_ms] if median_ms else [])
    states = [sample for sample in families["eloquence_verdict"].samples if sample.value]
    assert [sample.labels["eloquence_verdict"] for sample in states] == [outcome.result.status.value]


def test_metrics_of_several_tests_stand_beside_each_other() -> None:
    outcomes = [outcome_of("clean"), outcome_of("lossy")]
    families = families_of(open_metrics(outcomes))
    tests = [sample.labels["test"] for sample in families["eloquence_phrases_sent"].samples]
    assert tests == [outcome.result.run.scenario for outcome in outcomes]
    assert open_metrics([]).endswith("# EOF\n")


def test_csv_has_every_phrase_with_its_figures_and_nothing_for_those_there_are_not() -> None:
    outcomes = [outcome_of("clean"), outcome_of("several")]
    rows = list(csv.DictReader(StringIO(phrases_csv(outcomes), newline="")))
    phrases = [phrase for outcome in outcomes for phrase in outcome.result.phrases]
    assert [int(row["index"]) for row in rows] == [phrase.index for phrase in phrases]
    for row, phrase in zip(rows, phrases, strict=True):
        delay = phrase.one_way_delay_ms
        assert row["one_way_delay_ms"] == ("" if delay is None else str(delay))
        assert row["received"] == str(phrase.received)
    assert any(row["one_way_delay_ms"] == "" for row in rows)


def test_the_summary_names_each_verdict_and_holds_no_picture() -> None:
    text = summary_markdown([outcome_of("clean"), outcome_of("several")], {"stress": "no server"})
    assert text.count("| Mesure | Valeur | Classe | Seuil |") == 2
    assert "# ❌ stress\n\nno server" in text
    assert "data:image" not in text


def test_files_are_refused_before_anything_starts(tmp_path: Path) -> None:
    good = tmp_path / "a.xml"
    MachineFiles(junit=good).require("basic", require_output)
    for files, flow, told in (
        (MachineFiles(junit=tmp_path / "none" / "a.xml"), "basic", "--junit"),
        (MachineFiles(metrics=good), "reconnect", "--metrics does not go with"),
        (MachineFiles(csv=good, summary=good), "basic", "the same file"),
    ):
        with pytest.raises(ConfigurationError) as refused:
            files.require(flow, require_output)
        assert told in str(refused.value)
