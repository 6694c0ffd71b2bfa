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
from eloquence_pipeline.transport.call import Call
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
SCRIPT_FILE = "script.json"
TRANSMISSION_FILE = "transmission.json"

_ATTEMPTS = TypeAdapter(tuple[Attempt, ...])
_logger = PipelineLogger("LIVEKIT")
T = TypeVar("T")


@task(name="publish", persist_result=False, cache_policy=NO_CACHE)
async def publish(run: Run, script: SpeechScript, token: SecretStr, call: Call) -> SendRecord:
    """Speak the script in real time."""
    narrator = SpeechNarrator(script)
    return await publish_audio(
        url=run.livekit_url,
        token=token,
        identity=SPEAKER,
        samples=render(script),
        folder=run.folder,
        call=call,
        on_position=narrator.at,
    )


@task(name="subscribe", persist_result=False, cache_policy=NO_CACHE)
async def subscribe(run: Run, script: SpeechScript, token: SecretStr, call: Call) -> Recording:
    """Record what arrives until the speaker leaves."""
    return await record_audio(
        url=run.livekit_url,
        token=token,
        identity=LISTENER,
        speaker=SPEAKER,
        expected_seconds=script.duration_seconds,
        folder=run.folder,
        call=call,
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
    attempt = Attempt(
        number=(number := _attempt_number()),
        room=run.room(number),
        started_at=datetime.now(UTC),
        outcome=AttemptOutcome.INTERRUPTED,
    )
    folder = RunFolder.open(run.folder)
    # Written before anything is said: without it nobody could tell later which phrase is where.
    folder.write_model(SCRIPT_FILE, script)
    try:
        transmission = await _attempt(run, script, attempt.room)
        folder.write_model(TRANSMISSION_FILE, transmission)
    except TransportError as error:
        _logger.connection("failed", f"Erreur: {error.message}")
        attempt = _failed(attempt, AttemptOutcome.FAILED_BEFORE_AUDIO, error)
        raise
    except Exception as error:
        attempt = _failed(attempt, AttemptOutcome.FAILED_DURING_AUDIO, error)
        raise
    else:
        broke_off = bool(transmission.failure)
        outcome = AttemptOutcome.FAILED_DURING_AUDIO if broke_off else AttemptOutcome.COMPLETED
        attempt = attempt.model_copy(update={"outcome": outcome, "error": transmission.failure})
        return transmission
    finally:
        _note(run, attempt)
        if attempt.outcome is AttemptOutcome.INTERRUPTED:
            # No later task runs after a cancellation; sealed, what there is can be sent and analysed.
            folder.seal()


def _failed(attempt: Attempt, outcome: AttemptOutcome, error: Exception) -> Attempt:
    return attempt.model_copy(
        update={"outcome": outcome, "error_type": type(error).__name__, "error": str(error)}
    )


async def _attempt(run: Run, script: SpeechScript, room: str) -> Transmission:
    call = Call()
    tokens = [
        await mint_token(Side.PUBLISHER, room, SPEAKER, script.duration_seconds),
        await mint_token(Side.SUBSCRIBER, room, LISTENER, script.duration_seconds),
    ]
    with redacted_standard_error(), undisturbed():
        # Prefect's types take an async task with return_state for a synchronous one.
        speaking = cast(
            Awaitable[State[SendRecord]], publish(run, script, tokens[0], call, return_state=True)
        )
        listening = cast(
            Awaitable[State[Recording]], subscribe(run, script, tokens[1], call, return_state=True)
        )
        sent, received = await asyncio.gather(
            breaking_off_on_failure(speaking, call), breaking_off_on_failure(listening, call)
        )
    return joined(room, script, call, sent, received)


async def breaking_off_on_failure(running: Awaitable[State[T]], call: Call) -> T | BaseException:
    """Return what an end returned or raised; if it raised, the other end is stopped at once."""
    try:
        outcome: T | BaseException = await (await running).aresult(raise_on_failure=False)
    except BaseException as error:
        call.break_off(str(error), error)
        raise
    if isinstance(outcome, BaseException):
        call.break_off(str(outcome), outcome)
    return outcome


def joined(
    room: str,
    script: SpeechScript,
    call: Call,
    sent: SendRecord | BaseException,
    received: Recording | BaseException,
) -> Transmission:
    """Return what both ends recorded.

    Once a frame of audio has gone out this does not raise, whatever became of the other end: what is
    raised may be tried again, and a transmission never is.

    Raises
    ------
    TransportError
        If nothing was sent.
    """
    if isinstance(sent, BaseException):
        raise call.error or sent from None
    if sent.frame_count == 0:
        raise call.error or TransportError(call.cause or sent.failure, transient=True) from None
    return Transmission(
        room=room,
        script=script,
        sent=sent,
        received=None if isinstance(received, BaseException) else received,
        failure=call.cause,
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
