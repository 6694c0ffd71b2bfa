"""One scenario as a flow: synthesise, transmit, analyse, archive, report."""

from __future__ import annotations

from typing import Annotated, Any, cast

from prefect import flow, unmapped
from prefect.client.schemas.objects import State
from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner
from pydantic import Field

from eloquence_pipeline.models import Archive, Record, ScenarioResult, VerdictStatus
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.reporting.wording import verdict_sentence
from flows.environment import servers_at_hand
from flows.plans import BASIC, choose_seed
from tasks.analysis import analyse
from tasks.archive import archive
from tasks.logs import forward_logs_to_prefect
from tasks.report import report
from tasks.run import Run
from tasks.speech import synthesise_phrase
from tasks.transmission import transmit

DurationSeconds = Annotated[
    int, Field(ge=5, le=3600, title="Duration", description="Length of the transmission in seconds.")
]
Seed = Annotated[
    int,
    Field(
        ge=0, title="Seed", description="Repeats the phrases and pauses of an earlier run; 0 draws a new one."
    ),
]

_logger = PipelineLogger("SCENARIO")


class ScenarioOutcome(Record):
    """What a scenario flow returns: the result and where its evidence is."""

    result: ScenarioResult
    archive: Archive


def _run_name() -> str:
    parameters = flow_run.get_parameters()
    return f"basic-{parameters['duration_seconds']}s"


# Phrases are synthesised one after the other: side by side they would keep each other waiting for the
# interpreter, and their generation time would be the tester's doing. (The cast: Prefect's types want
# the general future, its thread pool makes a special one.)
_ONE_AT_A_TIME = cast(TaskRunner[PrefectFuture[Any]], ThreadPoolTaskRunner(max_workers=1))


@flow(name="scenario", flow_run_name=_run_name, task_runner=_ONE_AT_A_TIME, persist_result=False)
async def basic(duration_seconds: DurationSeconds = 30, seed: Seed = 0) -> State[Any]:
    """Speak greetings and coaching phrases with pauses of 2 to 4 s, and measure how they arrive."""
    forward_logs_to_prefect()
    with servers_at_hand(_logger.info) as settings:
        run = Run.begin("basic", settings, seed=choose_seed(seed), duration_seconds=duration_seconds)

        phrases = BASIC.choose_phrases(run.seed, run.duration_seconds, settings.speech.rate_wpm)
        clips = synthesise_phrase.map(list(phrases), settings=unmapped(settings)).result()
        script = BASIC.lay_out(clips, run.seed, run.duration_seconds)

        transmission = await transmit(run, script)

        result = analyse(run, transmission, settings.thresholds)
        kept = archive(run, transmission, result, settings)
        await report(result, kept, settings)
    return _final_state(ScenarioOutcome(result=result, archive=kept))


def _final_state(outcome: ScenarioOutcome) -> State[Any]:
    """Return the state that says the verdict; a missed threshold fails the run, its evidence kept."""
    message = verdict_sentence(outcome.result)
    passed = outcome.result.verdict.status is VerdictStatus.PASSED
    return Completed(message=message, data=outcome) if passed else Failed(message=message, data=outcome)
