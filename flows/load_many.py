"""`--test load --cells N`: one load on many machines, and the load cell that each of them carries."""

from __future__ import annotations

from importlib.metadata import version
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed
from pydantic import Field, JsonValue

from eloquence_pipeline.clock import clock_id
from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.load.barrier import Barrier, this_machine
from eloquence_pipeline.load.shares import shares_of
from eloquence_pipeline.models.load import LoadOutcome, LoadResult, LoadWish
from eloquence_pipeline.models.load_cells import LoadPlan, ManyMachinesResult
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.event import load_event
from eloquence_pipeline.reporting.load import load_sentence
from eloquence_pipeline.settings import Settings, ThresholdSettings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.room import require_room
from eloquence_pipeline.storage.store import open_store
from flows.cancellation import sealed_when_cancelled
from flows.environment import servers_at_hand
from flows.load import LOAD, session_scripts, warn_beforehand
from flows.parameters import (
    ASKED_CATEGORIES,
    ASKED_SEED,
    ASKED_TARGET,
    Categories,
    LoadDurationSeconds,
    RampUpSeconds,
    Seed,
    Target,
    asked,
)
from flows.plans import choose_seed
from flows.scenario import ONE_AT_A_TIME
from flows.states import ends_in_order, verdict_state
from tasks.events import emit
from tasks.load import kept_or_raised, report_load
from tasks.load_cells import PACKAGE, carry_share, exchange_of, lead_load, read_plan
from tasks.load_pool import LOAD_CELL, PoolWish, require_pool
from tasks.outcome import outcome_of
from tasks.run import Run
from tasks.slot import ensure_slot

PATIENCE_SECONDS = 3600
"""Another measurement may be under way on one of the machines: a night takes half an hour."""

Cells = Annotated[int, Field(ge=1, le=2000)]
ManySessions = Annotated[int, Field(ge=1, le=100_000)]
MuchBackground = Annotated[int, Field(ge=0, le=100_000)]
Pool = Annotated[str, Field(max_length=200)]

_logger = PipelineLogger("LOAD")


@flow(name="scenario", flow_run_name="load-{cells}-cells", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order("load")
async def load_many(
    cells: Cells = asked(
        3, "Load cells", "Among how many load cells the sessions are shared, 1 to 2000; a machine each."
    ),
    sessions: ManySessions = asked(
        12, "Sessions", "How many measured sessions at once on all machines together, 1 to 100000."
    ),
    background: MuchBackground = asked(
        0, "Background", "How many sessions more that only make load and are not measured, 0 to 100000."
    ),
    duration_seconds: LoadDurationSeconds = asked(
        60, "Duration", "How long all speak, in seconds, 8 to 43200 (12 h)."
    ),
    ramp_up_seconds: RampUpSeconds = asked(
        0, "Ramp-up", "Within how many seconds those of a load cell join; 0 takes 0.15 s a session."
    ),
    pool: Pool = asked("", "Pool", "Work pool of the load cells; empty takes that of the settings."),
    categories: Categories = ASKED_CATEGORIES,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Let load cells on many machines speak together, and put together what each of them measured."""
    wish = LoadWish(
        sessions=sessions,
        background=background,
        duration_seconds=duration_seconds,
        ramp_up_seconds=ramp_up_seconds,
    )
    require_shares(wish, cells)
    with servers_at_hand(_logger.info, target) as settings:
        where = PoolWish(
            pool or settings.load_cells.pool, target, float(settings.load_cells.start_within_seconds)
        )
        await require_pool(where.pool)
        # Figures come through it: without a store there is nothing to put together.
        open_store(settings.storage).ensure(create=settings.storage.create_bucket)
        spoken = categories or list(settings.tests.load.categories)
        parameters: dict[str, JsonValue] = {
            "cells": cells,
            **wish.model_dump(),
            "pool": where.pool,
            "categories": [*spoken],
        }
        run = Run.begin(LOAD, settings, seed=choose_seed(seed), parameters=parameters)
        plan = plan_of(run, wish, cells, spoken, settings)
        with sealed_when_cancelled(run):
            result: ManyMachinesResult = await outcome_of(
                lead_load(run, plan, where, settings, return_state=True)
            )
        kept = await kept_or_raised(run, result, settings)
        # The evidence is kept: a page that cannot be shown is no reason to fail.
        await outcome_of(report_load(result, kept, settings, return_state=True))
    emit([load_event(result, kept)])
    outcome = LoadOutcome(result=result, archive=kept)
    return verdict_state(result.verdict.status, load_sentence(result), outcome)


def require_shares(wish: LoadWish, cells: int) -> None:
    """Refuse more load cells than there are measured sessions.

    Raises
    ------
    ConfigurationError
        If a load cell would have none.
    """
    if wish.sessions < cells:
        raise ConfigurationError(
            f"{wish.sessions} sessions cannot be shared among {cells} load cells",
            remedy="give each load cell at least one measured session",
        )


def plan_of(run: Run, wish: LoadWish, cells: int, categories: list[str], settings: Settings) -> LoadPlan:
    """Return what the load cells are told."""
    return LoadPlan(
        run_id=run.run_id,
        package_version=version(PACKAGE),
        livekit_url=settings.livekit_url,
        clock_id=clock_id(),
        room=run.room(1),
        seed=run.seed,
        categories=tuple(categories),
        duration_seconds=wish.duration_seconds,
        ramp_up_seconds=wish.ramp_up_seconds,
        thresholds=settings.thresholds.model_dump(),
        patience_seconds=PATIENCE_SECONDS,
        shares=shares_of(wish, cells),
    )


@flow(name=LOAD_CELL, flow_run_name="cell-{cell}", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order(LOAD_CELL)
async def load_cell(
    load: str = asked(..., "Load", "Key prefix of the coordinator's run; it starts load cells by itself."),
    cell: Annotated[int, Field(ge=1)] = asked(..., "Number", "Which load cell of that load this is."),
    target: Target = ASKED_TARGET,
) -> State[Any]:
    """Carry the share of one load cell; started by the coordinator of a load on many machines.

    It takes no slot of its machine: the coordinator holds those of all machines, so that load cells of one
    load may share a machine.
    """
    with servers_at_hand(_logger.info, target) as settings:
        run = Run.begin(LOAD_CELL, settings, seed=cell, parameters={"load": load, "cell": cell})
        exchange = exchange_of(run, load, settings)
        plan = await read_plan(exchange, load, settings)
        share = plan.share(cell)
        judged = settings.model_copy(update={"thresholds": ThresholdSettings.model_validate(plan.thresholds)})
        barrier = Barrier(
            plan,
            share,
            exchange,
            machine=this_machine(await ensure_slot()),
            evidence=RunFolder.open(run.folder).prefix,
        )
        with sealed_when_cancelled(run):
            await barrier.until_its_turn()
            wish = plan.wish(share)
            warn_beforehand(wish, judged)
            require_room(judged, wish.duration_seconds, speakers=wish.sessions)
            scripts = session_scripts(wish, [*plan.categories], judged, plan.seed + share.first_session - 1)
            result: LoadResult = await outcome_of(
                carry_share(run, scripts, judged, barrier, return_state=True)
            )
        kept = await kept_or_raised(run, result, judged)
    # Whether it is good is for the coordinator to say, who sees all of them.
    return Completed(message=f"{load_sentence(result)}; {kept.uri or kept.folder}")
