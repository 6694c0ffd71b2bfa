"""The tasks that let a test of the user's own speak, while somebody listens."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import Awaitable, Mapping
from typing import Any, NamedTuple, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from pydantic import JsonValue, SecretStr, TypeAdapter

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.models import Record, SendRecord, Side, SpeechScript, Transmission
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.redaction import redact, redacted, redacted_standard_error
from eloquence_pipeline.settings import load_settings
from eloquence_pipeline.speech.synthesizer import VoiceSynthesizer
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.measured_client import MeasuredClient
from eloquence_pipeline.transport.quiet_process import undisturbed
from tasks.access import mint_token
from tasks.attempts import noted_attempt
from tasks.network import CallNetwork, call_network
from tasks.own_test_loader import OwnTest, load_own_test
from tasks.retrying import transmission_task
from tasks.run import Run
from tasks.transmission import (
    LISTENER,
    breaking_off_on_failure,
    joined,
    subscribe,
    tags_of,
    write_scripts,
)

SPEAKER = "speaker"
LONGEST_SECONDS = 3600

_DETAILS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class Conversation(Record):
    """What a test of the user's own did."""

    script: SpeechScript
    sent: SendRecord
    details: dict[str, JsonValue]
    tester_failure: str
    changed_network: bool


@task(name="converse", task_run_name="converse: {run.run_id}", persist_result=False, cache_policy=NO_CACHE)
async def converse(
    run: Run,
    test: str,
    options: Mapping[str, JsonValue],
    *,
    room: str,
    token: SecretStr,
    call: Call,
    network: CallNetwork,
) -> Conversation:
    """Give the user's function a client that is heard, and write down what it said."""
    own_test = load_own_test(test)
    client = MeasuredClient(
        run.livekit_url,
        token,
        SPEAKER,
        call=call,
        path=network.path(SPEAKER),
        conditions=network.conditions,
        folder=run.folder,
    )
    synthesizer = VoiceSynthesizer.from_settings(load_settings())
    outcome = Outcome({}, "")
    try:
        await client.begin(room)
        try:
            outcome = await _until_over(own_test, client, synthesizer, {**options, "seed": run.seed})
        finally:
            # Whatever ends this, also a second Ctrl-C while the last sound arrives: what was said is kept.
            try:
                await client.disconnect()
            finally:
                script, sent = client.script(run.seed), client.finish()
                write_scripts(run, {SPEAKER: script})
    finally:
        await client.release()
    failure = outcome.failure or ("" if script.phrases or call.broken.is_set() else "the test said nothing")
    return Conversation(
        script=script,
        sent=sent,
        details=outcome.details,
        tester_failure=failure,
        changed_network=client.has_changed_network,
    )


class Outcome(NamedTuple):
    """What the user's function returned, and what is wrong with it."""

    details: dict[str, JsonValue]
    failure: str


async def _until_over(
    own_test: OwnTest,
    client: MeasuredClient,
    synthesizer: VoiceSynthesizer,
    options: Mapping[str, JsonValue],
) -> Outcome:
    """Let the function run until it returns, the call breaks off, or its time is over."""
    running = asyncio.ensure_future(_called(own_test, client, synthesizer, options))
    ended = asyncio.ensure_future(client.until_ended())
    try:
        await asyncio.wait({running, ended}, timeout=LONGEST_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            return running.result()
        if ended.done():
            return Outcome({}, "")  # the call says why, and that is the voice path's doing
        return Outcome({}, f"the test {own_test.name} did not end within {LONGEST_SECONDS} s")
    finally:
        for future in (running, ended):
            future.cancel()
        await asyncio.gather(running, ended, return_exceptions=True)


async def _called(
    own_test: OwnTest, client: MeasuredClient, synthesizer: VoiceSynthesizer, options: Mapping[str, JsonValue]
) -> Outcome:
    logger = PipelineLogger(own_test.name.upper())
    taken = {name: value for name, value in options.items() if own_test.takes(name)}
    try:
        returned = await own_test.function(client, synthesizer, logger, **taken)
        return Outcome(_checked({} if returned is None else returned), "")
    except (Exception, SystemExit) as error:
        if isinstance(error, TransportError) and client.has_ended:
            return Outcome({}, "")
        logger.debug("".join(traceback.format_exception(error)))
        failure = f"the test {own_test.name} failed: {type(error).__name__}: {redact(str(error))}"
        logger.error(failure)  # noqa: TRY400
        return Outcome({}, failure)


def _checked(returned: object) -> dict[str, JsonValue]:
    """Return what a test returned as it is kept: without secrets, and without what JSON does not know."""
    try:
        details = _DETAILS.validate_python(returned, strict=True)
        json.dumps(details, allow_nan=False)
    except ValueError:
        kind = type(returned).__name__
        raise TypeError(f"it must return a dict that can be written as JSON, not this {kind}") from None
    return redacted(details)


@transmission_task
async def transmit_own_test(run: Run, test: str, options: Mapping[str, JsonValue]) -> Transmission:
    """Let the user's function speak in a fresh room and record what arrives.

    Raises
    ------
    TransportError
        If the room could not be had; a transient one repeats the whole attempt.
    """
    with noted_attempt(run) as attempt:
        async with call_network(run, [SPEAKER], may_change=True) as network:
            return attempt.completed(await _attempt(run, test, options, attempt.room, network))


async def _attempt(
    run: Run, test: str, options: Mapping[str, JsonValue], room: str, network: CallNetwork
) -> Transmission:
    call = Call([SPEAKER])
    speakers_token = await mint_token(Side.PUBLISHER, room, SPEAKER, LONGEST_SECONDS)
    listeners_token = await mint_token(Side.SUBSCRIBER, room, LISTENER, LONGEST_SECONDS)
    tags = tags_of([SPEAKER])
    with redacted_standard_error(), undisturbed():
        speaking = converse(
            run,
            test,
            options,
            room=room,
            token=speakers_token,
            call=call,
            network=network,
            return_state=True,
        )
        listening = subscribe(run, tags, LONGEST_SECONDS, listeners_token, call, return_state=True)
        # Prefect's types take an async task with return_state for a synchronous one.
        said, heard = await asyncio.gather(
            *(
                breaking_off_on_failure(cast(Awaitable[State[Any]], end), call)
                for end in (speaking, listening)
            ),
            # Otherwise a cancelled end would not wait for the other, which is still writing.
            return_exceptions=True,
        )
    if not isinstance(said, Conversation):
        raise call.error or said
    transmission = joined(room, {SPEAKER: said.script}, call, {SPEAKER: said.sent}, heard)
    told = transmission.model_copy(update={"details": said.details, "tester_failure": said.tester_failure})
    return await network.told_by(told, changed=said.changed_network)
