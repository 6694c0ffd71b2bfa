"""The results that the golden runs give."""

from __future__ import annotations

from eloquence_pipeline.models import ScenarioResult
from tests.golden.cases import EXPECTED


def golden(name: str) -> ScenarioResult:
    """Return the result of a golden run."""
    return ScenarioResult.model_validate_json((EXPECTED / f"{name}.json").read_text(encoding="utf-8"))
