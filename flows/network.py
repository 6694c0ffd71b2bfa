"""One speech over many simulated networks, from good to bad."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import Field

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.measurement.matrix import class_edges
from eloquence_pipeline.models import (
    MatrixCell,
    MatrixOutcome,
    MatrixResult,
    ScenarioOutcome,
    conditions_text,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.event import matrix_event
from eloquence_pipeline.reporting.matrix import matrix_sentence
from eloquence_pipeline.settings import Settings
from flows.environment import servers_at_hand
from flows.parameters import (
    ASKED_CATEGORIES,
    ASKED_SEED,
    ASKED_TARGET,
    NONE_NAMED,
    Categories,
    NamedNetwork,
    Packets,
    Seed,
    Target,
    asked,
    require_conditions,
)
from flows.plans import choose_seed
from flows.scenario import condition
from flows.states import ends_in_order, verdict_state
from tasks.events import emit
from tasks.matrix import keep_matrix
from tasks.outcome import outcome_of
from tasks.progress import shown_progress
from tasks.report import report_matrix

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
Conditions = Annotated[list[NamedNetwork], Field(min_length=1, max_length=50)]
MustPass = Annotated[list[NamedNetwork], Field(max_length=50)]
_logger = PipelineLogger("NETWORK")


@flow(name="scenario", flow_run_name="network", persist_result=False)
@ends_in_order("network")
async def network_matrix(
    conditions: Conditions = asked(
        DEFAULT_CONDITIONS, "Conditions", "Networks to try one after the other, each a name or conditions."
    ),
    must_pass: MustPass = asked(
        NONE_NAMED,
        "Must pass",
        "Those of the conditions whose verdict decides, clean if none is named; the others are shown.",
    ),
    packets: Packets = asked(3, "Phrases", "How many phrases are said over each network, 1 to 1000."),
    categories: Categories = ASKED_CATEGORIES,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Speak the same phrases over one network after the other, and say where each class is left."""
    outcomes: dict[str, ScenarioOutcome] = {}
    errors: dict[str, str] = {}
    with servers_at_hand(_logger.info, target) as settings:
        require_conditions(conditions, must_pass, settings.network)
        same_seed = choose_seed(seed)
        networks = list(dict.fromkeys(conditions))
        with shown_progress("network-progress", "Conditions de réseau") as progress:
            for number, network in enumerate(networks, start=1):
                outcome = await outcome_of(
                    condition(
                        network=network,
                        packets=packets,
                        categories=categories,
                        target=target,
                        seed=same_seed,
                        return_state=True,
                    )
                )
                if isinstance(outcome, ScenarioOutcome):
                    outcomes[network] = outcome
                elif isinstance(outcome, EloquenceError):
                    errors[network] = str(outcome)
                else:
                    raise outcome
                progress.tell(number / len(networks))
        result = _combined(outcomes, errors, must_pass, settings)
        kept = await keep_matrix(result, settings)
        # The evidence is kept: a page that cannot be shown is no reason to fail.
        await outcome_of(report_matrix(result, kept, settings, return_state=True))
    combined = MatrixOutcome(outcomes=tuple(outcomes.values()), result=result, archive=kept)
    message = matrix_sentence(result)
    emit([matrix_event(combined, message)])
    return verdict_state(result.status, message, combined)


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
