"""The tasks that speak and listen.

``transmit`` owns the attempts: each makes a fresh room, mints fresh tokens and lets ``publish`` and
``subscribe`` run side by side on the flow's own loop. They are not retried by themselves, because one
without the other measures nothing. Once the first frame of audio is out nothing is repeated at all: a
defect of the voice path is the thing being measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from pydantic import SecretStr, TypeAdapter

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.models import (
    Attempt,
    AttemptOutcome,
    Recording,
    SendRecord,
    Side,
    SpeechScript,
    Transmission,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.redaction import redacted_standard_error
from eloquence_pipeline.speech.script import render
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.transport.publisher import publish as publish_audio
from eloquence_pipeline.transport.quiet_process import undisturbed
from eloquence_pipeline.transport.subscriber import subscribe as record_audio
from tasks.access import mint_token
from tasks.narration import SpeechNarrator
from tasks.retrying import error_is_transient
from tasks.run import Run

MAX_ATTEMPTS = 3
SPEAKER = "speaker"
LISTENER = "listener"
ATTEMPTS_FILE = "attempts.json"

_ATTEMPTS = TypeAdapter(tuple[Attempt, ...])
_logger = PipelineLogger("LIVEKIT")
T = TypeVar("T")


@task(name="publish", persist_result=False, cache_policy=NO_CACHE)
async def publish(run: Run, script: SpeechScript, token: SecretStr, stop: asyncio.Event) -> SendRecord:
    """Speak the script in real time."""
    narrator = SpeechNarrator(script)
    return await publish_audio(
        url=run.livekit_url,
        token=token,
        identity=SPEAKER,
        samples=render(script),
        folder=run.folder,
        stop=stop,
        on_position=narrator.at,
    )


@task(name="subscribe", persist_result=False, cache_policy=NO_CACHE)
async def subscribe(run: Run, script: SpeechScript, token: SecretStr, stop: asyncio.Event) -> Recording:
    """Record what arrives until the speaker leaves."""
    return await record_audio(
        url=run.livekit_url,
        token=token,
        identity=LISTENER,
        speaker=SPEAKER,
        expected_seconds=script.duration_seconds,
        folder=run.folder,
        stop=stop,
    )


@task(
    name="transmit",
    task_run_name="transmit: {run.run_id}",
    retries=MAX_ATTEMPTS - 1,
    retry_delay_seconds=[1.0, 3.0],
    retry_jitter_factor=0.5,
    retry_condition_fn=error_is_transient,
    persist_result=False,
    cache_policy=NO_CACHE,
)
async def transmit(run: Run, script: SpeechScript) -> Transmission:
    """Speak and listen in a fresh room.

    Raises
    ------
    TransportError
        If no audio went out; a transient one repeats the whole attempt.
    """
    number = _attempt_number()
    room = run.room(number)
    started_at = datetime.now(UTC)
    try:
        transmission = await _attempt(run, script, room)
    except TransportError as error:
        _logger.connection("failed", f"Erreur: {error.message}")
        _note(
            run,
            Attempt(
                number=number,
                room=room,
                started_at=started_at,
                outcome=AttemptOutcome.FAILED_BEFORE_AUDIO,
                error_type=type(error).__name__,
                error=str(error),
            ),
        )
        raise
    outcome = AttemptOutcome.FAILED_DURING_AUDIO if transmission.failure else AttemptOutcome.COMPLETED
    _note(
        run,
        Attempt(number=number, room=room, started_at=started_at, outcome=outcome, error=transmission.failure),
    )
    return transmission


async def _attempt(run: Run, script: SpeechScript, room: str) -> Transmission:
    stop = asyncio.Event()
    tokens = [
        await mint_token(Side.PUBLISHER, room, SPEAKER, script.duration_seconds),
        await mint_token(Side.SUBSCRIBER, room, LISTENER, script.duration_seconds),
    ]
    with redacted_standard_error(), undisturbed():
        # Prefect's types take an async task with return_state for a synchronous one.
        speaking = cast(
            Awaitable[State[SendRecord]], publish(run, script, tokens[0], stop, return_state=True)
        )
        listening = cast(
            Awaitable[State[Recording]], subscribe(run, script, tokens[1], stop, return_state=True)
        )
        sent, received = await asyncio.gather(
            _stopping_on_failure(speaking, stop), _stopping_on_failure(listening, stop)
        )
    return _joined(room, script, await _outcome(sent), await _outcome(received))


async def _stopping_on_failure(running: Awaitable[State[T]], stop: asyncio.Event) -> State[T]:
    state = await running
    if not state.is_completed():
        stop.set()
    return state


async def _outcome(state: State[T]) -> T | BaseException:
    return await state.aresult(raise_on_failure=False)


def _joined(
    room: str, script: SpeechScript, sent: SendRecord | BaseException, received: Recording | BaseException
) -> Transmission:
    failures = [end for end in (sent, received) if isinstance(end, BaseException)]
    # The end that was merely stopped says so; the other one has the cause.
    causes = [error for error in failures if not str(error).startswith("stopped")] or failures
    if isinstance(sent, BaseException) or isinstance(received, BaseException):
        raise causes[0] from None
    return Transmission(
        room=room, script=script, sent=sent, received=received, failure=sent.failure or received.failure
    )


def _attempt_number() -> int:
    context = TaskRunContext.get()
    return context.task_run.run_count if context else 1


def read_attempts(run: Run) -> tuple[Attempt, ...]:
    """Return all attempts of the run so far."""
    path = run.folder / ATTEMPTS_FILE
    return _ATTEMPTS.validate_json(path.read_bytes()) if path.exists() else ()


def _note(run: Run, attempt: Attempt) -> None:
    attempts = (*read_attempts(run), attempt)
    RunFolder.open(run.folder).write_bytes(ATTEMPTS_FILE, _ATTEMPTS.dump_json(attempts, indent=2))
