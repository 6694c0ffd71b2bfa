"""What is kept of several tests together."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from eloquence_pipeline.models.base import Record, ResultDocument
from eloquence_pipeline.models.matrix import MatrixResult
from eloquence_pipeline.models.reconnection import ReconnectionResult
from eloquence_pipeline.models.result import ScenarioResult
from eloquence_pipeline.models.verdict import VerdictStatus, worst_status

SUITE_FORMAT = "eloquence-suite"


class SuitePart(Record):
    """One test of a suite."""

    result: ScenarioResult | MatrixResult | ReconnectionResult
    prefix: Annotated[str, Field(pattern=r"^runs/\d{4}-\d{2}-\d{2}/[a-z0-9_-]+/[0-9TZa-f-]+/$")]
    """Of its own evidence, below the results folder and below the prefix of the store."""

    @property
    def place(self) -> tuple[str, str]:
        """Name of the test as its folder has it, and the id of the run."""
        *_, scenario, run_id, _ = self.prefix.split("/")
        return scenario, run_id

    @property
    def status(self) -> VerdictStatus:
        """That of its verdict, and of the nights before where it fails by them."""
        return self.result.status


class SuiteRecord(ResultDocument):
    """Several tests one after the other, as they are written to the ``results.json`` of their own folder."""

    format: Literal["eloquence-suite"] = SUITE_FORMAT
    version: Literal[1] = 1
    run_id: str
    started_at: datetime
    parts: dict[str, SuitePart]
    """By the name of the test, in the order in which they ran."""
    errors: dict[str, str] = Field(default_factory=dict)
    """Why a test could not be carried out, by its name."""

    @property
    def status(self) -> VerdictStatus:
        """The worst status; a test that could not be carried out is not valid."""
        return worst_status((part.status for part in self.parts.values()), lacking=bool(self.errors))
