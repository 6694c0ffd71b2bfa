"""All scenarios, one after the other, with one combined result."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.models import ScenarioOutcome, SuiteOutcome, VerdictStatus
from eloquence_pipeline.pipeline_logger import PipelineLogger
from flows.defaults import default_parameters
from flows.environment import servers_at_hand
from flows.parameters import Network
from flows.scenario import Seed, basic, latency, stress

_logger = PipelineLogger("SUITE")


@flow(name="suite", persist_result=False)
async def suite(seed: Seed = 0, network: Network = "") -> State[Any]:
    """Run every scenario as the settings say; one that cannot be carried out does not stop the others."""
    outcomes: list[ScenarioOutcome] = []
    errors: dict[str, str] = {}
    with servers_at_hand(_logger.info) as settings:
        for scenario in (basic, stress, latency):
            _logger.info(f"test {scenario.fn.__name__}")
            parameters = default_parameters(scenario.fn.__name__, settings.tests)
            # Prefect's types take an async flow with return_state for a synchronous one.
            running = cast(
                Awaitable[State[Any]],
                scenario(**parameters, seed=seed, network=network, return_state=True),
            )
            outcome = await (await running).aresult(raise_on_failure=False)
            if isinstance(outcome, ScenarioOutcome):
                outcomes.append(outcome)
            elif isinstance(outcome, EloquenceError):
                errors[scenario.fn.__name__] = str(outcome)
            else:
                raise outcome
    combined = SuiteOutcome(outcomes=tuple(outcomes), errors=errors)
    status = combined.result.status
    message = f"{len(outcomes) + len(errors)} tests: {status}"
    if status is VerdictStatus.PASSED:
        return Completed(message=message, data=combined)
    return Failed(message=message, data=combined)
