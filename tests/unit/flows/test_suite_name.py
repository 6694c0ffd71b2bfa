"""What a run of several tests is called in the Prefect UI."""

from __future__ import annotations

import pytest

from flows.suite import suite

pytestmark = pytest.mark.unit


def test_a_run_of_the_suite_is_called_as_the_deployment_that_started_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert callable(suite.flow_run_name)
    assert suite.flow_run_name() == "suite"
    # Prefect's own way to pretend: https://docs.prefect.io/v3/concepts/runtime-context
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__NAME", "nightly")
    assert suite.flow_run_name() == "nightly"
