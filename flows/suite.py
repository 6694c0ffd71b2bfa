"""Several tests, one after the other, with one combined verdict: `--all`, and the night."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from prefect import Flow, flow
from prefect.client.schemas.objects import State
from prefect.runtime import deployment
from pydantic import Field

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.models import Archive, ScenarioOutcome, SuiteOutcome
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.suite import Errors, Part, Parts, suite_event, suite_sentence, suite_status
from eloquence_pipeline.settings import Settings
from flows.defaults import default_parameters
from flows.environment import servers_at_hand
from flows.network import network_matrix
from flows.parameters import ASKED_NETWORK, ASKED_SEED, ASKED_TARGET, Network, Seed, Target, asked
from flows.reconnect import reconnect
from flows.scenario import basic, latency, stability, stress
from flows.states import ends_in_order, verdict_state
from tasks.events import emit
from tasks.outcome import outcome_of
from tasks.progress import shown_progress
from tasks.report import report_suite
from tasks.suite import keep_suite

_logger = PipelineLogger("SUITE")


class SuiteTest(StrEnum):
    """A test that a suite can hold."""

    BASIC = "basic"
    STRESS = "stress"
    LATENCY = "latency"
    STABILITY = "stability"
    NETWORK = "network"
    RECONNECT = "reconnect"


SHORT_TESTS: list[SuiteTest] = [SuiteTest.BASIC, SuiteTest.STRESS, SuiteTest.LATENCY]

_FLOWS: dict[SuiteTest, Flow[..., Any]] = {
    SuiteTest.BASIC: basic,
    SuiteTest.STRESS: stress,
    SuiteTest.LATENCY: latency,
    SuiteTest.STABILITY: stability,
    SuiteTest.NETWORK: network_matrix,
    SuiteTest.RECONNECT: reconnect,
}


def _run_name() -> str:
    """Return what a run is called: as the deployment that started it, such as the night."""
    return deployment.name or "suite"


@flow(name="suite", flow_run_name=_run_name, persist_result=False)
@ends_in_order("suite")
async def suite(
    tests: Annotated[list[SuiteTest], Field(min_length=1)] = asked(
        SHORT_TESTS, "Tests", "Which tests to run, one after the other."
    ),
    network: Network = ASKED_NETWORK,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Run tests as the settings say; one that cannot be carried out does not stop the others."""
    tests, started_at = list(dict.fromkeys(tests)), datetime.now(UTC)
    outcomes: dict[str, Part] = {}
    errors: dict[str, str] = {}
    with (
        servers_at_hand(_logger.info, target) as settings,
        shown_progress("suite-progress", "Tests de la suite") as progress,
    ):
        for number, test in enumerate(tests, start=1):
            _logger.info(f"test {test}")
            # The matrix has networks of its own.
            common = {"target": target, "seed": seed} | (
                {} if test is SuiteTest.NETWORK else {"network": network}
            )
            parameters = default_parameters(test, settings) | common
            outcome = await outcome_of(_FLOWS[test](**parameters, return_state=True))
            if isinstance(outcome, Part):
                outcomes[str(test)] = outcome
            elif isinstance(outcome, EloquenceError):
                errors[str(test)] = str(outcome)
            elif isinstance(outcome, Exception):
                errors[str(test)] = f"unexpected {type(outcome).__name__}: {outcome}"
            else:
                raise outcome
            progress.tell(number / len(tests))
        await _kept(outcomes, errors, started_at, settings)
    emit([suite_event(outcomes, errors)])
    return verdict_state(
        suite_status(outcomes, errors),
        suite_sentence(outcomes, errors),
        SuiteOutcome(
            outcomes=tuple(one for one in outcomes.values() if isinstance(one, ScenarioOutcome)),
            errors=errors,
        ),
    )


async def _kept(parts: Parts, errors: Errors, started_at: datetime, settings: Settings) -> None:
    """Keep the report over all tests; each has its evidence, so that none is lost where that fails."""
    kept = await outcome_of(keep_suite(parts, errors, started_at, settings, return_state=True))
    if isinstance(kept, Archive):
        # The evidence is kept: a page that cannot be shown is no reason to fail.
        await outcome_of(report_suite(parts, errors, kept, settings, return_state=True))
        return
    if not isinstance(kept, Exception):
        raise kept  # a cancellation
    _logger.warning(f"pas de rapport de la suite: {type(kept).__name__}: {kept}")
