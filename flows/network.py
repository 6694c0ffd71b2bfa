"""One speech over many simulated networks, from good to bad."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from pydantic import Field

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.measurement.matrix import class_edges
from eloquence_pipeline.models import (
    MatrixCell,
    MatrixOutcome,
    MatrixResult,
    ScenarioOutcome,
    VerdictStatus,
    conditions_text,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.matrix import matrix_sentence
from eloquence_pipeline.settings import Settings
from flows.environment import servers_at_hand
from flows.parameters import Network, require_conditions
from flows.plans import choose_seed
from flows.scenario import Categories, Packets, Seed, condition
from tasks.logs import forward_logs_to_prefect
from tasks.matrix import keep_matrix, show_matrix

DEFAULT_CONDITIONS: list[str] = [
    "clean",
    "loss=1",
    "loss=3",
    "loss=10",
    "loss=5,burst=5",
    "latency=100",
    "latency=300",
    "jitter=20",
    "jitter=60",
]
CLEAN = "clean"
_USUAL: list[str] = []

Conditions = Annotated[
    list[Network],
    Field(
        title="Conditions",
        description="Networks that are tried one after the other, each a name or conditions.",
        min_length=1,
        max_length=50,
    ),
]
MustPass = Annotated[
    list[Network],
    Field(
        title="Must pass",
        description="Those of the conditions whose verdict decides, clean if none is named; the others are "
        "measured and shown.",
        max_length=50,
    ),
]
_logger = PipelineLogger("NETWORK")


@flow(name="network", persist_result=False)
async def network_matrix(
    conditions: Conditions = DEFAULT_CONDITIONS,
    must_pass: MustPass = _USUAL,
    packets: Packets = 3,
    categories: Categories = _USUAL,
    seed: Seed = 0,
) -> State[Any]:
    """Speak the same phrases over one network after the other, and say where each class is left."""
    forward_logs_to_prefect()
    outcomes: dict[str, ScenarioOutcome] = {}
    errors: dict[str, str] = {}
    with servers_at_hand(_logger.info) as settings:
        require_conditions(conditions, must_pass, settings.network)
        same_seed = choose_seed(seed)
        for network in dict.fromkeys(conditions):
            # Prefect's types take an async flow with return_state for a synchronous one.
            running = cast(
                Awaitable[State[Any]],
                condition(
                    network=network,
                    packets=packets,
                    categories=categories,
                    seed=same_seed,
                    return_state=True,
                ),
            )
            outcome = await (await running).aresult(raise_on_failure=False)
            if isinstance(outcome, ScenarioOutcome):
                outcomes[network] = outcome
            elif isinstance(outcome, EloquenceError):
                errors[network] = str(outcome)
            else:
                raise outcome
        result = _combined(outcomes, errors, must_pass, settings)
        kept = await keep_matrix(result, settings)
        # The evidence is kept: a page that cannot be shown is no reason to fail.
        await cast(Awaitable[Any], show_matrix(kept, return_state=True))
    combined = MatrixOutcome(outcomes=tuple(outcomes.values()), result=result, archive=kept.archive)
    message = matrix_sentence(result)
    if result.status is VerdictStatus.PASSED:
        return Completed(message=message, data=combined)
    return Failed(message=message, data=combined)


def _combined(
    outcomes: dict[str, ScenarioOutcome], errors: dict[str, str], must_pass: list[str], settings: Settings
) -> MatrixResult:
    cells: list[MatrixCell] = []
    for network, outcome in outcomes.items():
        plan = settings.network.plan(network)
        text = conditions_text(plan.conditions) if plan else ""
        cells.append(
            MatrixCell(
                network=network,
                conditions=text,
                must_pass=network in (must_pass or [CLEAN]),
                result=outcome.result,
            )
        )
    return MatrixResult(cells=tuple(cells), edges=class_edges(cells, settings.thresholds), errors=errors)
