"""Where the delay comes from, and which stage is to blame."""

from __future__ import annotations

import pytest

from eloquence_pipeline.measurement.budget import bottleneck
from eloquence_pipeline.measurement.method import USUAL_MS
from eloquence_pipeline.models import DelayBudget, Stage
from eloquence_pipeline.reporting.advice import bottleneck_advice, bottleneck_sentence

pytestmark = pytest.mark.unit


def budget(**more_ms: float) -> DelayBudget:
    values = {f"{stage}_ms": USUAL_MS[stage] + more_ms.get(stage, 0.0) for stage in Stage}
    return DelayBudget(**values)


@pytest.mark.parametrize("stage", list(Stage))
def test_the_stage_that_exceeds_its_usual_share_most_is_to_blame(stage: Stage) -> None:
    others: dict[str, float] = {each: 25.0 for each in Stage if each != stage}
    found = bottleneck(budget(**others, **{stage: 90.0}))
    assert found.stage is stage
    assert found.excess_ms == pytest.approx(90)
    assert found.value_ms == pytest.approx(USUAL_MS[stage] + 90)
    assert f"{found.value_ms:.0f} ms" in bottleneck_sentence(found)
    assert bottleneck_advice(found)


def test_a_large_share_that_is_usual_is_not_to_blame() -> None:
    found = bottleneck(budget(network=10.0))
    assert found.stage is None
    assert "Aucun goulot" in bottleneck_sentence(found)
    assert bottleneck_advice(found) == ""


def test_a_stage_that_is_not_known_is_not_blamed() -> None:
    unknown = DelayBudget(
        generation_ms=900, send_ms=0, network_ms=None, jitter_buffer_ms=None, remainder_ms=None
    )
    assert bottleneck(unknown).stage is Stage.GENERATION
