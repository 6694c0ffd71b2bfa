"""The result of one speech over many simulated networks."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from eloquence_pipeline.models.base import Record, ResultDocument
from eloquence_pipeline.models.evidence import Archive
from eloquence_pipeline.models.outcome import ScenarioOutcome
from eloquence_pipeline.models.result import ScenarioResult
from eloquence_pipeline.models.verdict import VerdictStatus, worst_status

MATRIX_FORMAT = "eloquence-network-matrix"


class Axis(StrEnum):
    """What gets worse from one condition to the next, by its key in ``--network``."""

    LOSS = "loss"
    LATENCY = "latency"
    JITTER = "jitter"


class MatrixCell(Record):
    """One condition."""

    network: str
    """As it was asked for: a name, or conditions."""
    conditions: str
    """As they can be given to ``--network``; empty where nothing is done."""
    must_pass: bool
    """Whether its verdict decides about the whole."""
    result: ScenarioResult


class ClassEdge(Record):
    """Where a figure leaves a class while a network gets worse."""

    axis: Axis
    figure: str
    """Name of the verdict's figure."""
    left: str
    """The class that ends here."""
    entered: str
    at: float
    """Interpolated linearly between the two conditions, in the unit of ``--network``: per cent or ms."""
    below: str
    """The last condition tested that still has the class."""
    above: str
    """The first one that does not."""


class MatrixResult(ResultDocument):
    """The result of ``--test network``, as it is written to its ``results.json``."""

    format: Literal["eloquence-network-matrix"] = MATRIX_FORMAT
    version: Literal[1] = 1
    cells: tuple[MatrixCell, ...]
    """In the order in which they ran."""
    edges: tuple[ClassEdge, ...]
    errors: dict[str, str] = Field(default_factory=dict)
    """Why a condition could not be carried out, by the network that was asked for."""

    @property
    def status(self) -> VerdictStatus:
        """The worst of the conditions that must pass; invalid if any condition could not be carried out."""
        deciding = (cell.result.verdict.status for cell in self.cells if cell.must_pass)
        return worst_status(deciding, lacking=bool(self.errors))


class MatrixOutcome(Record):
    """What the flow of the matrix returns: each condition's outcome, and where the whole is kept."""

    outcomes: tuple[ScenarioOutcome, ...]
    result: MatrixResult
    archive: Archive

    @property
    def errors(self) -> dict[str, str]:
        """Why a condition could not be carried out."""
        return self.result.errors
