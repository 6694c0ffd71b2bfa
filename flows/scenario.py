"""The scenarios as flows: synthesise, transmit, analyse, score, compare, archive, report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, cast

from prefect import flow, unmapped
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import Field, JsonValue

from eloquence_pipeline.models import (
    ArchiveState,
    Clip,
    Phrase,
    ScenarioOutcome,
    ScenarioResult,
    Transmission,
    VerdictStatus,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.wording import verdict_sentence
from eloquence_pipeline.settings import ScenarioSettings, Settings
from eloquence_pipeline.storage.room import require_room
from flows.environment import servers_at_hand
from flows.parameters import Network
from flows.plans import (
    Plan,
    basic_plan,
    choose_seed,
    latency_plan,
    network_plan,
    stability_plan,
    stress_plan,
)
from tasks.analysis import analyse
from tasks.archive import archive, check_store, send_what_is_left
from tasks.baseline import compare_with_nights
from tasks.logs import forward_logs_to_prefect
from tasks.own_test import transmit_own_test
from tasks.own_test_loader import load_own_test
from tasks.quality import score_quality
from tasks.report import report
from tasks.run import Run
from tasks.speech import synthesise_phrase
from tasks.transmission import transmit

DurationSeconds = Annotated[
    int, Field(ge=8, le=3600, title="Duration", description="Length of the transmission in seconds.")
]
LongDurationSeconds = Annotated[
    int,
    Field(
        ge=30,
        le=43_200,
        title="Duration",
        description="Length of the call in seconds, 12 hours at most; an hour takes 0.83 GB of disk, twice "
        "that with the embedded store.",
    ),
]
Seed = Annotated[
    int,
    Field(
        ge=0, title="Seed", description="Repeats the phrases and pauses of an earlier run; 0 draws a new one."
    ),
]

Packets = Annotated[int, Field(ge=1, le=1000, title="Packets", description="Number of phrases.")]
Speakers = Annotated[
    int,
    Field(ge=1, le=8, title="Speakers", description="How many speak at the same time in one room."),
]
IntervalMs = Annotated[
    int, Field(ge=0, le=60_000, title="Interval", description="Pause between phrases in milliseconds.")
]
_USUAL: list[str] = []
Categories = Annotated[
    list[str],
    Field(
        title="Categories",
        description="Categories of phrases to speak; none for those of the settings.",
        max_length=20,
    ),
]

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
async def basic(
    duration_seconds: DurationSeconds = 30,
    categories: Categories = _USUAL,
    seed: Seed = 0,
    network: Network = "",
) -> State[Any]:
    """Speak greetings and coaching phrases with pauses of 2 to 4 s, and measure how they arrive."""
    return await _carry_out(
        lambda tests: basic_plan(duration_seconds, categories or tests.basic.categories), seed, network
    )


@flow(name="scenario", flow_run_name="stress-{packets}", task_runner=ONE_AT_A_TIME, persist_result=False)
async def stress(
    packets: Packets = 50,
    interval_ms: IntervalMs = 500,
    speakers: Speakers = 1,
    categories: Categories = _USUAL,
    seed: Seed = 0,
    network: Network = "",
) -> State[Any]:
    """Speak many short technical phrases in quick succession, and measure how they arrive."""
    return await _carry_out(
        lambda tests: stress_plan(packets, interval_ms, speakers, categories or tests.stress.categories),
        seed,
        network,
    )


@flow(name="scenario", flow_run_name="latency-{packets}", task_runner=ONE_AT_A_TIME, persist_result=False)
async def latency(
    packets: Packets = 20,
    interval_ms: IntervalMs = 200,
    categories: Categories = _USUAL,
    seed: Seed = 0,
    network: Network = "",
) -> State[Any]:
    """Speak very short phrases in very quick succession, and measure how soon they arrive."""
    return await _carry_out(
        lambda tests: latency_plan(packets, interval_ms, categories or tests.latency.categories),
        seed,
        network,
    )


@flow(
    name="scenario",
    flow_run_name="stability-{duration_seconds}s",
    task_runner=ONE_AT_A_TIME,
    persist_result=False,
)
async def stability(
    duration_seconds: LongDurationSeconds = 600,
    categories: Categories = _USUAL,
    seed: Seed = 0,
    network: Network = "",
) -> State[Any]:
    """Speak as in a normal conversation, for long, and measure how the call goes over time."""
    return await _carry_out(
        lambda tests: stability_plan(duration_seconds, categories or tests.stability.categories),
        seed,
        network,
    )


@flow(name="scenario", flow_run_name="network-{network}", task_runner=ONE_AT_A_TIME, persist_result=False)
async def condition(
    network: Network, packets: Packets = 3, categories: Categories = _USUAL, seed: Seed = 0
) -> State[Any]:
    """Speak some phrases over one simulated network: a condition of the network matrix."""
    return await _carry_out(
        lambda tests: network_plan(network, packets, categories or tests.basic.categories), seed, network
    )


@flow(name="scenario", flow_run_name="{test}", task_runner=ONE_AT_A_TIME, persist_result=False)
async def own_test(
    test: str, options: dict[str, JsonValue] | None = None, seed: Seed = 0, network: Network = ""
) -> State[Any]:
    """Run a test of the user's own, ``file.py:function`` or a registered name, and measure what it says."""
    forward_logs_to_prefect()
    given = options or {}
    with servers_at_hand(_logger.info) as settings:
        await check_store(settings)
        loaded = load_own_test(test)
        run = Run.begin(
            loaded.name,
            settings,
            seed=choose_seed(seed),
            parameters={"test": test, **given},
            network=network,
        )
        transmission = await transmit_own_test(run, test, given)
        return await _conclude(run, transmission, settings)


async def _carry_out(make_plan: Callable[[ScenarioSettings], Plan], seed: int, network: str) -> State[Any]:
    forward_logs_to_prefect()
    with servers_at_hand(_logger.info) as settings:
        await check_store(settings)
        plan = make_plan(settings.tests)
        run = Run.begin(
            plan.scenario,
            settings,
            seed=choose_seed(seed),
            parameters=plan.parameters,
            network=network,
        )

        phrases = plan.choose_phrases(settings.phrases, run.seed, settings.speech.rate_wpm)
        clips = _synthesised(phrases, settings)
        scripts = plan.lay_out(clips, run.seed)
        require_room(
            settings, max(script.duration_seconds for script in scripts.values()), speakers=len(scripts)
        )

        transmission = await transmit(run, scripts)
        return await _conclude(run, transmission, settings)


def _synthesised(phrases: Mapping[str, Sequence[Phrase]], settings: Settings) -> dict[str, list[Clip]]:
    """Speak each phrase once, however many say it and however often."""
    different = list(dict.fromkeys(phrase for chosen in phrases.values() for phrase in chosen))
    clips = synthesise_phrase.map(different, settings=unmapped(settings)).result()
    clip_of = dict(zip(different, clips, strict=True))
    return {speaker: [clip_of[phrase] for phrase in chosen] for speaker, chosen in phrases.items()}


async def _conclude(run: Run, transmission: Transmission, settings: Settings) -> State[Any]:
    judging = analyse(run, transmission, settings.thresholds, return_state=True)
    result = await judging.aresult(raise_on_failure=False)
    scored = result
    if isinstance(result, ScenarioResult) and settings.quality.enabled:
        scoring = await cast(
            Awaitable[State[Any]],
            score_quality(run, transmission, result, settings, return_state=True),
        )
        scored = await scoring.aresult(raise_on_failure=False)
        result = scored if isinstance(scored, ScenarioResult) else result
    if isinstance(result, ScenarioResult) and settings.baseline.enabled:
        result = await _compared(run, result, settings)
    kept = await archive(run, result if isinstance(result, ScenarioResult) else None, settings)
    if not isinstance(result, ScenarioResult):
        raise result
    if not isinstance(scored, ScenarioResult):
        raise scored
    # The evidence is kept: a page that cannot be shown is no reason to fail.
    await cast(Awaitable[Any], report(result, kept, settings, return_state=True))
    if kept.state is ArchiveState.UPLOADED:
        await send_what_is_left(settings)
    return _final_state(ScenarioOutcome(result=result, archive=kept))


async def _compared(run: Run, result: ScenarioResult, settings: Settings) -> ScenarioResult:
    """Compare with earlier nights; that it cannot be done is no reason to lose this one."""
    comparing = cast(Awaitable[State[Any]], compare_with_nights(run, result, settings, return_state=True))
    compared = await (await comparing).aresult(raise_on_failure=False)
    if isinstance(compared, ScenarioResult):
        return compared
    if not isinstance(compared, Exception):
        raise compared  # a cancellation
    _logger.warning(f"pas de comparaison avec les nuits précédentes: {type(compared).__name__}: {compared}")
    return result


def _final_state(outcome: ScenarioOutcome) -> State[Any]:
    """Return the state that says the verdict; what fails the run leaves its evidence kept."""
    message = verdict_sentence(outcome.result)
    passed = outcome.result.status is VerdictStatus.PASSED
    return Completed(message=message, data=outcome) if passed else Failed(message=message, data=outcome)
