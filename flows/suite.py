"""Several tests, one after the other, with one combined verdict: `--all`, and the night."""

from __future__ import annotations

from collections.abc import Awaitable
from enum import StrEnum
from typing import Annotated, Any, cast

from prefect import Flow, flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.models import (
    MatrixOutcome,
    ReconnectionOutcome,
    ScenarioOutcome,
    SuiteOutcome,
    VerdictStatus,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from flows.cancellation import ending_in_order
from flows.defaults import default_parameters
from flows.environment import servers_at_hand
from flows.network import network_matrix
from flows.parameters import ASKED_NETWORK, ASKED_SEED, ASKED_TARGET, Network, Seed, Target, asked
from flows.reconnect import reconnect
from flows.scenario import basic, latency, stability, stress
from tasks.logs import forward_logs_to_prefect

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
Outcome = ScenarioOutcome | MatrixOutcome | ReconnectionOutcome


@flow(name="suite", persist_result=False)
async def suite(
    tests: Annotated[list[SuiteTest], Field(min_length=1)] = asked(
        SHORT_TESTS, "Tests", "Which tests to run, one after the other."
    ),
    network: Network = ASKED_NETWORK,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Run tests as the settings say; one that cannot be carried out does not stop the others."""
    return await ending_in_order(_in_turn(tests, network, target, seed))


async def _in_turn(tests: list[SuiteTest], network: str, target: str, seed: int) -> State[Any]:
    forward_logs_to_prefect()
    outcomes: dict[SuiteTest, Outcome] = {}
    errors: dict[str, str] = {}
    with servers_at_hand(_logger.info, target) as settings:
        for test in dict.fromkeys(tests):
            _logger.info(f"test {test}")
            # The matrix has networks of its own.
            common = {"target": target, "seed": seed} | (
                {} if test is SuiteTest.NETWORK else {"network": network}
            )
            # Prefect's types take an async flow with return_state for a synchronous one.
            running = cast(
                Awaitable[State[Any]],
                _FLOWS[test](**default_parameters(test, settings), **common, return_state=True),
            )
            outcome = await (await running).aresult(raise_on_failure=False)
            if isinstance(outcome, Outcome):
                outcomes[test] = outcome
            elif isinstance(outcome, EloquenceError):
                errors[str(test)] = str(outcome)
            elif isinstance(outcome, Exception):
                errors[str(test)] = f"unexpected {type(outcome).__name__}: {outcome}"
            else:
                raise outcome
    combined = SuiteOutcome(
        outcomes=tuple(one for one in outcomes.values() if isinstance(one, ScenarioOutcome)), errors=errors
    )
    message = suite_sentence(outcomes, errors)
    return (Completed if _passed(outcomes, errors) else Failed)(message=message, data=combined)


def status_of(outcome: Outcome) -> VerdictStatus:
    """Return the status of one test, of whatever kind."""
    if isinstance(outcome, ReconnectionOutcome):
        return outcome.result.verdict.status
    return outcome.result.status


def suite_sentence(outcomes: dict[SuiteTest, Outcome], errors: dict[str, str]) -> str:
    """Return one line that names the tests that were not good."""
    bad = [
        f"{test} {status}"
        for test, outcome in outcomes.items()
        if (status := status_of(outcome)) is not VerdictStatus.PASSED
    ]
    bad += [f"{test} not carried out" for test in errors]
    count = len(outcomes) + len(errors)
    return f"{count} tests: {', '.join(bad)}" if bad else f"{count} tests: {VerdictStatus.PASSED}"


def _passed(outcomes: dict[SuiteTest, Outcome], errors: dict[str, str]) -> bool:
    return not errors and all(status_of(outcome) is VerdictStatus.PASSED for outcome in outcomes.values())
