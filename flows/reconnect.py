"""`--test reconnect`: one disturbed call after the other, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from prefect import flow
from prefect.client.schemas.objects import State
from pydantic import JsonValue

from eloquence_pipeline.errors import DisturbanceNotPossible, EloquenceError
from eloquence_pipeline.measurement.method import METHOD_VERSION
from eloquence_pipeline.measurement.reconnection import summaries
from eloquence_pipeline.measurement.reconnection_verdict import judge_call, judge_calls
from eloquence_pipeline.models import (
    Archive,
    Clip,
    DisturbanceKind,
    DisturbedCall,
    DisturbedSide,
    Phrase,
    ReconnectionFormat,
    ReconnectionOutcome,
    ReconnectionResult,
    ScenarioResult,
    Transmission,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.event import reconnection_events
from eloquence_pipeline.reporting.reconnection import call_sentence, reconnection_sentence
from eloquence_pipeline.servers import Endpoints, restartable_livekit
from eloquence_pipeline.settings import EMBEDDED_TARGET, Settings, load_settings
from eloquence_pipeline.speech.catalogue import load_catalogue
from flows.disturbances import Case, plan_cases
from flows.environment import environment_of, exported
from flows.parameters import (
    ASKED_NETWORK,
    ASKED_SEED,
    ASKED_TARGET,
    Network,
    Repetitions,
    Seed,
    Target,
    asked,
)
from flows.plans import choose_seed
from flows.scenario import ONE_AT_A_TIME, measuring
from flows.states import ends_in_order, verdict_state
from tasks.archive import archive, archive_reconnection, check_store
from tasks.baseline import beside_nights
from tasks.disturbed_call import Venue, measure_reconnection, transmit_disturbed
from tasks.events import emit
from tasks.outcome import outcome_of
from tasks.progress import shown_progress
from tasks.report import report_reconnection
from tasks.run import Run
from tasks.speech import synthesised

CALL_SCENARIO, SCENARIO = "reconnect-call", "reconnect"
_ALL_KINDS: list[DisturbanceKind] = []
_BOTH_SIDES: list[DisturbedSide] = []

_logger = PipelineLogger("RECONNECT")


@flow(name="scenario", flow_run_name="reconnect", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order("reconnect")
async def reconnect(
    disturbances: list[DisturbanceKind] = asked(
        _ALL_KINDS, "Disturbances", "What is done to the calls; none for everything there is."
    ),
    sides: list[DisturbedSide] = asked(
        _BOTH_SIDES, "Sides", "Whom it is done to; none for speaker and listener in turn."
    ),
    repetitions: Repetitions = asked(1, "Repetitions", "How often each disturbance is tried, 1 to 100."),
    network: Network = ASKED_NETWORK,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Disturb calls in every way there is, and measure how long nothing is heard and who comes back."""
    async with measuring(target) as settings:
        await check_store(settings)
        parameters: dict[str, JsonValue] = {
            "disturbances": [str(kind) for kind in disturbances],
            "sides": [str(side) for side in sides],
            "repetitions": repetitions,
        }
        run = Run.begin(SCENARIO, settings, seed=choose_seed(seed), parameters=parameters, network=network)
        clips = _spoken(settings)
        cases = plan_cases(disturbances, sides, repetitions, run.seed)
        calls: list[DisturbedCall] = []
        with shown_progress("reconnect-progress", f"Perturbations, essai {run.run_id}") as progress:
            for number, case in enumerate(cases, start=1):
                calls.append(await _carried_out(case, f"{number}/{len(cases)}", clips, settings, network))
                progress.tell(number / len(cases))
        result = ReconnectionResult(
            format=ReconnectionFormat(method_version=METHOD_VERSION),
            run=run.info(room=""),
            verdict=judge_calls(calls),
            limits={
                call.disturbance.kind: settings.reconnection.limits_of(call.disturbance.kind)
                for call in calls
            },
            summaries=summaries(calls),
            calls=tuple(calls),
        )
        result = await beside_nights(run, result, settings)
        kept = await archive_reconnection(run, result, settings)
        await outcome_of(report_reconnection(result, kept, settings, return_state=True))
    message = reconnection_sentence(result)
    emit(reconnection_events(result, kept))
    return verdict_state(result.status, message, ReconnectionOutcome(result=result, archive=kept))


def _spoken(settings: Settings) -> dict[Phrase, Clip]:
    """Speak every phrase of the categories once; each call says them in another order."""
    phrases = load_catalogue(settings.phrases).phrases(*settings.reconnection.categories)
    return synthesised(phrases, settings)


async def _carried_out(
    case: Case, number: str, clips: Mapping[Phrase, Clip], settings: Settings, network: str
) -> DisturbedCall:
    """Make one call; one that cannot be made does not stop the others."""
    kind, side = case.disturbance.kind, case.disturbance.side
    call = DisturbedCall(disturbance=case.disturbance, repetition=case.repetition)
    _logger.info(f"perturbation {number} : {kind} ({side}), essai {case.repetition}")
    try:
        async with _venue(kind, settings) as (venue, its_settings):
            measured = await _call(case, call, clips, venue=venue, settings=its_settings, network=network)
    except DisturbanceNotPossible as error:
        _logger.warning(f"{kind} ({side}) non essayée : {error.message}")
        return call.model_copy(update={"not_tried": error.message})
    except EloquenceError as error:
        _logger.warning(f"{kind} ({side}) : {error}")
        return call.model_copy(update={"invalid": str(error)})
    judged = judge_call(measured, settings.reconnection.limits_of(kind), settings.thresholds)
    _logger.info(call_sentence(judged))
    return judged


@asynccontextmanager
async def _venue(kind: DisturbanceKind, settings: Settings) -> AsyncGenerator[tuple[Venue, Settings]]:
    """Yield what the place of a call offers, and settings that name its server."""
    if kind is not DisturbanceKind.SERVER_RESTART:
        yield Venue(), settings
        return
    if settings.target != EMBEDDED_TARGET:
        raise DisturbanceNotPossible(
            f"only a server that this test has started itself is killed, not {settings.livekit_url}",
            remedy="unset LIVEKIT_URL to try it with the embedded server",
        )
    with (
        restartable_livekit(settings, _logger.info) as server,
        exported(environment_of(Endpoints(livekit=server.endpoint))),
    ):

        async def restart(down_seconds: float) -> None:
            await asyncio.to_thread(server.restart, down_seconds)

        yield Venue(restart=restart), load_settings()


async def _call(
    case: Case,
    call: DisturbedCall,
    clips: Mapping[Phrase, Clip],
    *,
    venue: Venue,
    settings: Settings,
    network: str,
) -> DisturbedCall:
    script = case.lay_out(clips)
    call = call.model_copy(update={"disturbance": case.in_speech(script)})
    parameters: dict[str, JsonValue] = {
        "repetition": case.repetition,
        **call.disturbance.model_dump(mode="json"),
    }
    run = Run.begin(CALL_SCENARIO, settings, seed=case.seed, parameters=parameters, network=network)
    transmission: Transmission = await transmit_disturbed(run, script, call.disturbance, venue, settings)
    outcome = await outcome_of(measure_reconnection(run, transmission, call, settings, return_state=True))
    if isinstance(outcome, BaseException):
        await archive(run, None, settings)
        raise outcome
    result, measured = cast(tuple[ScenarioResult, DisturbedCall], outcome)
    kept: Archive = await archive(run, result, settings)
    return measured.model_copy(update={"evidence": kept.place})
