"""`--test load`: many coaching sessions at once; `--test capacity`: how many of them go well."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import JsonValue

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.load.host_watch import usable_cores
from eloquence_pipeline.load.planning import SESSIONS_PER_CELL
from eloquence_pipeline.load.server_watch import is_loopback
from eloquence_pipeline.measurement.capacity import CapacitySearch, cores_needed, sessions_that_fit
from eloquence_pipeline.measurement.load_limit import HOST_BUSY_RATIO
from eloquence_pipeline.measurement.method import METHOD_VERSION
from eloquence_pipeline.models import (
    Archive,
    SpeechScript,
    Statistics,
    Verdict,
    VerdictStatus,
)
from eloquence_pipeline.models.load import (
    CapacityFormat,
    CapacityOutcome,
    CapacityResult,
    CapacityStep,
    LimitSide,
    LoadLimit,
    LoadOutcome,
    LoadResult,
    LoadWish,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.capacity import capacity_sentence
from eloquence_pipeline.reporting.event import capacity_event, load_event
from eloquence_pipeline.reporting.load import load_sentence
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.room import require_room
from flows.cancellation import sealed_when_cancelled
from flows.parameters import (
    ASKED_CATEGORIES,
    ASKED_SEED,
    ASKED_TARGET,
    Background,
    Categories,
    LoadDurationSeconds,
    RampUpSeconds,
    Seed,
    Sessions,
    StepDurationSeconds,
    Target,
    asked,
)
from flows.plans import basic_plan, choose_seed
from flows.scenario import ONE_AT_A_TIME, measuring, scripts_of
from flows.states import ends_in_order, verdict_state
from tasks.archive import check_store
from tasks.events import emit
from tasks.load import archive_load, carry_load, kept_or_raised, report_capacity, report_load
from tasks.outcome import outcome_of
from tasks.run import Run

LOAD, CAPACITY = "load", "capacity"
_INVALID_TRIES = 2
"""A machine that hesitated once says nothing; one that does so twice says where its limit is."""
_PAUSE_SECONDS, _PAUSE_SECONDS_PER_SESSION = 2.0, 0.2
"""Before the next number: the server forgets those who have left, the tester's machine comes to rest."""

_logger = PipelineLogger("LOAD")


@flow(name="scenario", flow_run_name="load-{sessions}", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order("load")
async def load(
    sessions: Sessions = asked(4, "Sessions", "How many measured sessions at once, 1 to 1000."),
    background: Background = asked(
        0, "Background", "How many sessions more that only make load and are not measured, 0 to 1000."
    ),
    duration_seconds: LoadDurationSeconds = asked(
        60, "Duration", "How long all speak, in seconds, 8 to 43200 (12 h)."
    ),
    ramp_up_seconds: RampUpSeconds = asked(
        0, "Ramp-up", "Within how many seconds they join; 0 takes 0.15 s a session."
    ),
    categories: Categories = ASKED_CATEGORIES,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Let many coaching sessions speak at once, each in a room of its own, and measure every one."""
    wish = LoadWish(
        sessions=sessions,
        background=background,
        duration_seconds=duration_seconds,
        ramp_up_seconds=ramp_up_seconds,
    )
    async with measuring(target) as settings:
        await check_store(settings)
        warn_beforehand(wish, settings)
        spoken = categories or list(settings.tests.load.categories)
        outcome = await _one_load(wish, spoken, settings, choose_seed(seed))
        # The evidence is kept: a page that cannot be shown is no reason to fail.
        await outcome_of(report_load(outcome.result, outcome.archive, settings, return_state=True))
    emit([load_event(outcome.result, outcome.archive)])
    return verdict_state(outcome.result.verdict.status, load_sentence(outcome.result), outcome)


def warn_beforehand(wish: LoadWish, settings: Settings) -> None:
    """Say so when this machine is not expected to pace so many sessions, by what was measured."""
    here = is_loopback(settings.livekit_url)
    cores, most = usable_cores(), SESSIONS_PER_CELL
    needed = cores_needed(wish.sessions, wish.background, sessions_per_process=most, server_is_here=here)
    if needed > HOST_BUSY_RATIO * cores:
        fit = sessions_that_fit(cores, sessions_per_process=most, server_is_here=here)
        _logger.warning(
            f"{wish.sessions} sessions demandent environ {needed:.1f} cœurs, cette machine en a {cores} : "
            f"elle devrait en tenir environ {fit} ; ce qui n'est pas tenu sera déclaré non valide"
        )


async def _one_load(wish: LoadWish, categories: list[str], settings: Settings, seed: int) -> LoadOutcome:
    parameters: dict[str, JsonValue] = {**wish.model_dump(), "categories": [*categories]}
    require_room(settings, wish.duration_seconds, speakers=wish.sessions)
    run = Run.begin(LOAD, settings, seed=seed, parameters=parameters)
    with sealed_when_cancelled(run):
        scripts = session_scripts(wish, categories, settings, seed)
        result: LoadResult = await outcome_of(carry_load(run, wish, scripts, settings, return_state=True))
    return LoadOutcome(result=result, archive=await kept_or_raised(run, result, settings))


def session_scripts(
    wish: LoadWish, categories: list[str], settings: Settings, seed: int
) -> Mapping[str, SpeechScript]:
    """Lay out what each session says: the pauses of a normal conversation, other phrases in each."""
    plan = replace(basic_plan(wish.duration_seconds, categories), scenario=LOAD, speakers=wish.sessions)
    return scripts_of(plan, settings, seed)


@flow(name="scenario", flow_run_name="capacity-{sessions}", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order("capacity")
async def capacity(
    sessions: Sessions = asked(64, "Sessions", "The largest number to try, 1 to 1000."),
    duration_seconds: StepDurationSeconds = asked(
        20, "Duration", "How long each number of sessions speaks, in seconds, 8 to 3600."
    ),
    categories: Categories = ASKED_CATEGORIES,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Raise the number of sessions until a threshold is missed, and say what gave way first."""
    async with measuring(target) as settings:
        await check_store(settings)
        parameters: dict[str, JsonValue] = {"sessions": sessions, "duration_seconds": duration_seconds}
        run = Run.begin(CAPACITY, settings, seed=choose_seed(seed), parameters=parameters)
        spoken = categories or list(settings.tests.capacity.categories)
        search, steps = CapacitySearch(sessions), list[CapacityStep]()
        while (number := search.next()) is not None:
            wish = LoadWish(sessions=number, duration_seconds=duration_seconds)
            try:
                tried = await _tried(wish, spoken, settings, run.seed)
            except TransportError as error:
                if not search.most_that_held:
                    raise
                tried = [refused_step(wish, error)]
            steps += tried
            search.note(number, held=tried[-1].status is VerdictStatus.PASSED)
            _logger.info(
                f"{number} sessions : {tried[-1].status} ; tient : {search.most_that_held}, "
                f"ne tient pas : {search.fewest_that_did_not or '?'}"
            )
        result = capacity_result(run, search, steps)
        kept = await archive_load(run, result, settings)
        await outcome_of(report_capacity(result, kept, settings, return_state=True))
    emit([capacity_event(result, kept)])
    outcome = CapacityOutcome(result=result, archive=kept)
    return verdict_state(result.verdict.status, capacity_sentence(result), outcome)


async def _tried(wish: LoadWish, categories: list[str], settings: Settings, seed: int) -> list[CapacityStep]:
    """Try one number; a second time where the tester could not pace it the first time."""
    warn_beforehand(wish, settings)
    steps: list[CapacityStep] = []
    for _ in range(_INVALID_TRIES):
        outcome = await _one_load(wish, categories, settings, seed)
        steps.append(_step(outcome.result, outcome.archive))
        await asyncio.sleep(_PAUSE_SECONDS + _PAUSE_SECONDS_PER_SESSION * wish.sessions)
        if steps[-1].status is not VerdictStatus.INVALID:
            break
    return steps


def _step(result: LoadResult, archive: Archive) -> CapacityStep:
    lateness = [one.pacing_lateness_ms.p99 for one in result.cells if one.pacing_lateness_ms.p99 is not None]
    return CapacityStep(
        sessions=result.sessions_planned,
        status=result.verdict.status,
        limit=result.limit,
        sessions_measured=result.sessions_measured,
        one_way_delay_ms=result.figures.one_way_delay_ms,
        packet_loss_ratio=result.figures.rtp.packet_loss_ratio,
        concealed_ratio=result.figures.rtp.concealed_ratio,
        pacing_lateness_p99_ms=max(lateness, default=0.0),
        host_busy_ratio=result.host.busy_ratio_avg,
        server_cpu_ratio=result.server.cpu_ratio if result.server else None,
        evidence=archive.place,
    )


def refused_step(wish: LoadWish, error: TransportError) -> CapacityStep:
    """Return the step of a number of sessions of which none could join, after fewer could."""
    lost = float(wish.sessions)
    reasons = (error.message,)
    return CapacityStep(
        sessions=wish.sessions,
        status=VerdictStatus.FAILED,
        limit=LoadLimit(
            side=LimitSide.SERVER_OR_NETWORK, figure="sessions_lost", value=lost, bound=0.0, reasons=reasons
        ),
        sessions_measured=0,
        one_way_delay_ms=Statistics(count=0),
        packet_loss_ratio=None,
        concealed_ratio=None,
        pacing_lateness_p99_ms=0.0,
        host_busy_ratio=0.0,
        server_cpu_ratio=None,
        evidence="",
    )


def capacity_result(run: Run, search: CapacitySearch, steps: list[CapacityStep]) -> CapacityResult:
    """Return the bracket, and what gave way at its upper end.

    Where the tester gave way the verdict is invalid: how many the server carries is not known then.
    """
    missed = [step for step in steps if step.sessions == search.fewest_that_did_not]
    limit = missed[-1].limit if missed else LoadLimit(side=LimitSide.NONE)
    status = VerdictStatus.PASSED
    if limit.side is LimitSide.TESTER:
        status = VerdictStatus.INVALID
    elif not search.most_that_held:
        status = VerdictStatus.FAILED
    return CapacityResult(
        format=CapacityFormat(method_version=METHOD_VERSION),
        run=run.info(room=""),
        verdict=Verdict(status=status, figures=(), reasons=limit.reasons),
        steps=tuple(steps),
        most_that_held=search.most_that_held,
        fewest_that_did_not=search.fewest_that_did_not,
        limit=limit,
    )
