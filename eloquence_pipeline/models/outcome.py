"""What a flow returns."""

from __future__ import annotations

from eloquence_pipeline.models.base import Record
from eloquence_pipeline.models.evidence import Archive
from eloquence_pipeline.models.reconnection import ReconnectionResult
from eloquence_pipeline.models.result import ScenarioResult, SuiteResult


class ScenarioOutcome(Record):
    """What a scenario flow returns: the result and where its evidence is."""

    result: ScenarioResult
    archive: Archive


class SuiteOutcome(Record):
    """What a suite returns: an outcome or an error for each scenario."""

    outcomes: tuple[ScenarioOutcome, ...]
    errors: dict[str, str]

    @property
    def result(self) -> SuiteResult:
        """The combined result, as ``--all --output`` writes it."""
        return SuiteResult(
            tests={outcome.result.run.scenario: outcome.result for outcome in self.outcomes},
            errors=self.errors,
        )


class ReconnectionOutcome(Record):
    """What ``--test reconnect`` returns: the result over all calls and where it is."""

    result: ReconnectionResult
    archive: Archive
