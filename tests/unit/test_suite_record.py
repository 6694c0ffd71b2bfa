"""The record of several tests, as it is kept."""

from __future__ import annotations

import pytest

from eloquence_pipeline.models import BaselineComparison, Change, SuitePart, VerdictStatus
from tests.disturbed import reconnection

pytestmark = pytest.mark.unit


def test_disturbed_calls_that_fail_because_they_are_worse_than_before_fail_in_the_suite_as_well() -> None:
    result = reconnection()
    passed = result.verdict.model_copy(update={"status": VerdictStatus.PASSED})
    worse = BaselineComparison(change=Change.WORSE, fails=True, alpha=0.01)
    night = result.model_copy(update={"verdict": passed, "baseline": worse})
    assert night.status is VerdictStatus.FAILED
    prefix = "runs/2026-11-23/reconnect/20261123T020000Z-abcdef/"
    assert SuitePart(result=night, prefix=prefix).status is VerdictStatus.FAILED
