"""The published schema of results.json is that of the model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eloquence_pipeline.models import ScenarioResult

pytestmark = pytest.mark.unit

SCHEMA = Path(__file__).parents[2] / "docs" / "results.schema.json"


def test_the_published_schema_is_that_of_the_model() -> None:
    published = json.loads(SCHEMA.read_text(encoding="utf-8"))
    assert published == ScenarioResult.json_schema(), "run `make schema`"
