from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.baseline.call_figures import CALL_FIGURES
from eloquence_pipeline.measurement.baseline.night import night_of
from eloquence_pipeline.measurement.baseline.reconnection_figures import GAP_FIGURES, SHARED_FIGURES
from eloquence_pipeline.models import Night, ScenarioResult
from eloquence_pipeline.reporting.baseline import NIGHT_FIGURE_WORDS
from eloquence_pipeline.settings import SmallestDifferences

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parents[3] / "golden" / "expected" / "lossy.json"


def document() -> dict[str, Any]:
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


def test_a_result_becomes_a_night_from_its_model_and_from_its_json() -> None:
    result = ScenarioResult.model_validate(document())
    found = night_of(result)
    assert found == night_of(document())
    assert found.figures["one_way_delay_median_ms"].value == result.delay.one_way_delay_ms.median
    assert found.figures["phrase_loss_ratio"].lost == result.packets_sent - result.packets_received
    assert "mos_lqo_mean" not in found.figures


def test_each_figure_has_a_smallest_difference_and_a_name() -> None:
    figures = (*CALL_FIGURES, *SHARED_FIGURES, *GAP_FIGURES.values())
    assert {figure.name for figure in figures} == set(NIGHT_FIGURE_WORDS)
    assert {figure.smallest_difference for figure in figures} == set(SmallestDifferences.model_fields)


@pytest.mark.parametrize(
    ("network", "found"),
    [
        (None, ("", "")),
        ({"name": "train", "conditions": "loss=5"}, ("train", "loss=5")),
        ({"name": "", "conditions": "loss=3,latency=40"}, ("loss=3,latency=40", "loss=3,latency=40")),
    ],
)
def test_the_simulated_network_is_part_of_the_conditions(network: object, found: tuple[str, str]) -> None:
    conditions = night_of(document() | {"network": network}).conditions
    assert (conditions.network, conditions.network_conditions) == found


def test_a_newer_field_or_a_missing_one_is_no_reason_to_refuse_a_result() -> None:
    changed = document() | {"something_new": {"x": 1}}
    del changed["budget"], changed["loss"]["rtp"]
    assert set(night_of(changed).figures) == {
        "one_way_delay_median_ms",
        "one_way_delay_p95_ms",
        "phrase_loss_ratio",
        "concealed_ratio",
    }


@pytest.mark.parametrize("value", ["12", True, float("nan"), float("inf"), {}, [1]])
def test_a_value_that_is_no_number_leaves_its_figure_out(value: object) -> None:
    changed = document()
    changed["delay"]["one_way_delay_ms"]["median"] = value
    changed["loss"]["phrases"] = {"lost": value, "total": 3}
    assert not {"one_way_delay_median_ms", "phrase_loss_ratio"} & set(night_of(changed).figures)


@pytest.mark.parametrize("counts", [(-1, 3), (4, 3), (0, 0)])
def test_counts_that_cannot_be_leave_the_loss_out(counts: tuple[int, int]) -> None:
    changed = document()
    changed["loss"]["phrases"] = {"lost": counts[0], "total": counts[1]}
    assert "phrase_loss_ratio" not in night_of(changed).figures


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(document())), anything)
def test_whatever_a_document_holds_it_is_a_night_or_an_error_of_ours(key: str, value: object) -> None:
    try:
        found = night_of(document() | {key: value})
    except MeasurementError:
        return
    assert isinstance(found, Night)
