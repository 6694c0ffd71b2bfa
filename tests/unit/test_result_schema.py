"""The published schemas of results.json, and of what a load cell hands over, are those of the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.models import ScenarioResult
from eloquence_pipeline.models.load_cells import ShareFigures

pytestmark = pytest.mark.unit

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("results.schema.json", ScenarioResult.json_schema()),
        ("load-cell.schema.json", ShareFigures.json_schema()),
    ],
)
def test_the_published_schema_is_that_of_the_model(name: str, schema: dict[str, Any]) -> None:
    published = json.loads((DOCS / name).read_text(encoding="utf-8"))
    assert published == schema, "run `make schema`"
