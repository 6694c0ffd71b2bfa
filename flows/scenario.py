"""The scenarios as flows: synthesise, transmit, analyse, score, compare, archive, report."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import JsonValue

from eloquence_pipeline.models import (
    ArchiveState,
    ScenarioOutcome,
    ScenarioResult,
    SpeechScript,
    Transmission,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.wording import verdict_sentence
from eloquence_pipeline.settings import ScenarioSettings, Settings
from eloquence_pipeline.storage.room import require_room
from flows.environment import servers_at_hand
from flows.parameters import (
    ASKED_CATEGORIES,
    ASKED_NETWORK,
    ASKED_SEED,
    ASKED_TARGET,
    Categories,
    DurationSeconds,
    IntervalMs,
    LongDurationSeconds,
    NamedNetwork,
    Network,
    Packets,
    Seed,
    Speakers,
    Target,
    asked,
)
from flows.plans import (
    Plan,
    basic_plan,
    choose_seed,
    latency_plan,
    network_plan,
    stability_plan,
    stress_plan,
)
from flows.states import ends_in_order, verdict_state
from tasks.analysis import analyse
from tasks.archive import archive, check_store, send_what_is_left
from tasks.baseline import beside_nights
from tasks.events import emit_result
from tasks.outcome import outcome_of
from tasks.own_test import transmit_own_test
from tasks.own_test_loader import load_own_test
from tasks.quality import score_quality
from tasks.report import report
from tasks.run import Run
from tasks.slot import alone_on_this_machine
from tasks.speech import synthesised
from tasks.transmission import transmit

_NO_OPTIONS: dict[str, JsonValue] = {}
_logger = PipelineLogger("SCENARIO")


# Phrases are synthesised one after the other: side by side they would keep each other waiting for the
# interpreter, and their generation time would be the tester's doing. (The cast: Prefect's types want
# the general future, its thread pool makes a special one.)
ONE_AT_A_TIME = cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner(max_workers=1))


@flow(
    name="scenario",
    flow_run_name="basic-{duration_seconds}s",
    task_runner=ONE_AT_A_TIME,
    persist_result=False,
)
@ends_in_order("basic")
async def basic(
    duration_seconds: DurationSeconds = asked(
        30, "Duration", "Length of the conversation in seconds, 8 to 3600."
    ),
    categories: Categories = ASKED_CATEGORIES,
    network: Network = ASKED_NETWORK,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Speak greetings and coaching phrases with pauses of 2 to 4 s, and measure how they arrive."""
    return await _carry_out(
        lambda tests: basic_plan(duration_seconds, categories or tests.basic.categories),
        network,
        target,
        seed,
    )


@flow(name="scenario", flow_run_name="stress-{packets}", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order("stress")
async def stress(
    packets: Packets = asked(50, "Phrases", "How many phrases each speaker says, 1 to 1000."),
    interval_ms: IntervalMs = asked(500, "Pause", "Pause between phrases in milliseconds, 0 to 60000."),
    speakers: Speakers = asked(1, "Speakers", "How many speak at the same time in one room, 1 to 8."),
    categories: Categories = ASKED_CATEGORIES,
    network: Network = ASKED_NETWORK,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Speak many short technical phrases in quick succession, and measure how they arrive."""
    return await _carry_out(
        lambda tests: stress_plan(packets, interval_ms, speakers, categories or tests.stress.categories),
        network,
        target,
        seed,
    )


@flow(name="scenario", flow_run_name="latency-{packets}", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order("latency")
async def latency(
    packets: Packets = asked(20, "Phrases", "How many phrases are said, 1 to 1000."),
    interval_ms: IntervalMs = asked(200, "Pause", "Pause between phrases in milliseconds, 0 to 60000."),
    categories: Categories = ASKED_CATEGORIES,
    network: Network = ASKED_NETWORK,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Speak very short phrases in very quick succession, and measure how soon they arrive."""
    return await _carry_out(
        lambda tests: latency_plan(packets, interval_ms, categories or tests.latency.categories),
        network,
        target,
        seed,
    )


@flow(
    name="scenario",
    flow_run_name="stability-{duration_seconds}s",
    task_runner=ONE_AT_A_TIME,
    persist_result=False,
)
@ends_in_order("stability")
async def stability(
    duration_seconds: LongDurationSeconds = asked(
        600,
        "Duration",
        "Length of the call in seconds, 30 to 43200 (12 h). An hour takes 0.83 GB of disk, twice that with "
        "the embedded store.",
    ),
    categories: Categories = ASKED_CATEGORIES,
    network: Network = ASKED_NETWORK,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Speak as in a normal conversation, for long, and measure how the call goes over time."""
    return await _carry_out(
        lambda tests: stability_plan(duration_seconds, categories or tests.stability.categories),
        network,
        target,
        seed,
    )


@flow(name="scenario", flow_run_name="network-{network}", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order("network condition")
async def condition(
    network: NamedNetwork,
    packets: Packets = 3,
    categories: Categories = ASKED_CATEGORIES,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Speak some phrases over one simulated network: a condition of the network matrix."""
    return await _carry_out(
        lambda tests: network_plan(network, packets, categories or tests.basic.categories),
        network,
        target,
        seed,
    )


@flow(name="scenario", flow_run_name="{test}", task_runner=ONE_AT_A_TIME, persist_result=False)
@ends_in_order("own test")
async def own_test(
    test: str = asked(..., "Test", "On the worker's machine: tests/mine.py:run, or a registered name."),
    options: dict[str, JsonValue] = asked(_NO_OPTIONS, "Options", "What the function takes, by name."),
    network: Network = ASKED_NETWORK,
    target: Target = ASKED_TARGET,
    seed: Seed = ASKED_SEED,
) -> State[Any]:
    """Run a test of the user's own, ``file.py:function`` or a registered name, and measure what it says."""
    async with measuring(target) as settings:
        await check_store(settings)
        loaded = load_own_test(test)
        run = Run.begin(
            loaded.name,
            settings,
            seed=choose_seed(seed),
            parameters={"test": test, **options},
            network=network,
        )
        transmission = await transmit_own_test(run, test, options)
        return await _conclude(run, transmission, settings)


@asynccontextmanager
async def measuring(target: str) -> AsyncGenerator[Settings]:
    """Yield settings that name all servers, while no other run measures on this machine."""
    async with alone_on_this_machine():
        with servers_at_hand(_logger.info, target) as settings:
            yield settings


async def _carry_out(
    make_plan: Callable[[ScenarioSettings], Plan], network: str, target: str, seed: int
) -> State[Any]:
    async with measuring(target) as settings:
        await check_store(settings)
        plan = make_plan(settings.tests)
        run = Run.begin(
            plan.scenario,
            settings,
            seed=choose_seed(seed),
            parameters=plan.parameters,
            network=network,
        )

        scripts = scripts_of(plan, settings, run.seed)
        require_room(
            settings, max(script.duration_seconds for script in scripts.values()), speakers=len(scripts)
        )

        transmission = await transmit(run, scripts)
        return await _conclude(run, transmission, settings)


def scripts_of(plan: Plan, settings: Settings, seed: int) -> dict[str, SpeechScript]:
    """Choose what is said, synthesise it, and lay out who says what when."""
    phrases = plan.choose_phrases(settings.phrases, seed, settings.speech.rate_wpm)
    clip_of = synthesised((phrase for chosen in phrases.values() for phrase in chosen), settings)
    clips = {speaker: [clip_of[phrase] for phrase in chosen] for speaker, chosen in phrases.items()}
    return plan.lay_out(clips, seed)


async def _conclude(run: Run, transmission: Transmission, settings: Settings) -> State[Any]:
    result = await outcome_of(analyse(run, transmission, settings.thresholds, return_state=True))
    scored = result
    if isinstance(result, ScenarioResult) and settings.quality.enabled:
        scored = await outcome_of(score_quality(run, transmission, result, settings, return_state=True))
        result = scored if isinstance(scored, ScenarioResult) else result
    if isinstance(result, ScenarioResult):
        result = await beside_nights(run, result, settings)
    kept = await archive(run, result if isinstance(result, ScenarioResult) else None, settings)
    if not isinstance(result, ScenarioResult):
        raise result
    if not isinstance(scored, ScenarioResult):
        raise scored
    # The evidence is kept: a page that cannot be shown is no reason to fail.
    await outcome_of(report(result, kept, settings, return_state=True))
    if kept.state is ArchiveState.UPLOADED:
        await send_what_is_left(settings)
    emit_result(result, kept)
    message = verdict_sentence(result)
    return verdict_state(result.status, message, ScenarioOutcome(result=result, archive=kept))
