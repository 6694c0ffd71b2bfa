"""All scenarios, one after the other, with one combined result."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, cast

from prefect import flow
from prefect.client.schemas.objects import State

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.models import ScenarioOutcome, SuiteOutcome
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.suite import suite_event, suite_sentence, suite_status
from flows.defaults import default_parameters
from flows.environment import servers_at_hand
from flows.parameters import Network
from flows.scenario import Seed, basic, latency, stress
from flows.states import told_apart, verdict_state
from tasks.events import emit
from tasks.logs import forward_logs_to_prefect
from tasks.progress import shown_progress
from tasks.report import report_suite

_logger = PipelineLogger("SUITE")


_SCENARIOS = (basic, stress, latency)


@flow(name="suite", flow_run_name="suite", persist_result=False)
@told_apart("suite")
async def suite(seed: Seed = 0, network: Network = "") -> State[Any]:
    """Run every scenario as the settings say; one that cannot be carried out does not stop the others."""
    forward_logs_to_prefect()
    outcomes: dict[str, ScenarioOutcome] = {}
    errors: dict[str, str] = {}
    with (
        servers_at_hand(_logger.info) as settings,
        shown_progress("suite-progress", "Tests de la suite") as progress,
    ):
        for number, scenario in enumerate(_SCENARIOS, start=1):
            _logger.info(f"test {scenario.fn.__name__}")
            parameters = default_parameters(scenario.fn.__name__, settings)
            # Prefect's types take an async flow with return_state for a synchronous one.
            running = cast(
                Awaitable[State[Any]],
                scenario(**parameters, seed=seed, network=network, return_state=True),
            )
            outcome = await (await running).aresult(raise_on_failure=False)
            if isinstance(outcome, ScenarioOutcome):
                outcomes[scenario.fn.__name__] = outcome
            elif isinstance(outcome, EloquenceError):
                errors[scenario.fn.__name__] = str(outcome)
            else:
                raise outcome
            progress.tell(number / len(_SCENARIOS))
    # The evidence is kept: a page that cannot be shown is no reason to fail.
    await cast(Awaitable[Any], report_suite(outcomes, errors, return_state=True))
    emit([suite_event(outcomes, errors)])
    return verdict_state(
        suite_status(outcomes, errors),
        suite_sentence(outcomes, errors),
        SuiteOutcome(outcomes=tuple(outcomes.values()), errors=errors),
    )
