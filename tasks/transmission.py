"""The tasks that speak and listen.

``transmit`` owns the attempts: each makes a fresh room, mints fresh tokens and lets ``publish`` and
``subscribe`` run side by side on the flow's own loop. They are not retried by themselves, because one
without the other measures nothing. Once the first frame of audio is out nothing is repeated at all: a
defect of the voice path is the thing being measured.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from pydantic import SecretStr

from eloquence_pipeline.errors import TransmissionNotEnding, TransportError
from eloquence_pipeline.models import (
    STABILITY_TEST,
    Channel,
    Recording,
    SendRecord,
    Side,
    SpeechScript,
    Transmission,
)
from eloquence_pipeline.redaction import redacted_standard_error
from eloquence_pipeline.speech.script import sounds
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import SCRIPTS_FILE
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.network.simulated import NetworkPath
from eloquence_pipeline.transport.playlist import Playlist
from eloquence_pipeline.transport.publisher import publish as publish_audio
from eloquence_pipeline.transport.quiet_process import undisturbed
from eloquence_pipeline.transport.subscriber import subscribe as record_audio
from tasks.access import mint_token
from tasks.attempts import noted_attempt
from tasks.narration import Narrator, SpeechNarrator
from tasks.network import CallNetwork, call_network
from tasks.outcome import outcome_of
from tasks.progress import Progress, shown_progress
from tasks.retrying import transmission_task
from tasks.run import Run

MARGIN_SECONDS = 120.0
"""For connecting, leaving, and a server that is away meanwhile; what takes longer does not end by itself."""
LISTENER = "listener"

T = TypeVar("T")


def tags_of(speakers: Sequence[str]) -> dict[str, str]:
    """Return what stands in the names of each speaker's files: nothing where only one speaks."""
    if len(speakers) == 1:
        return {speakers[0]: ""}
    return {speaker: f"-{number}" for number, speaker in enumerate(speakers, start=1)}


@task(name="publish", task_run_name="publish: {speaker}", persist_result=False, cache_policy=NO_CACHE)
async def publish(
    run: Run,
    script: SpeechScript,
    *,
    speaker: str,
    tag: str,
    token: SecretStr,
    call: Call,
    narrator: Narrator,
    path: NetworkPath | None,
) -> SendRecord:
    """Speak the script in real time."""
    return await publish_audio(
        url=run.livekit_url,
        token=token,
        identity=speaker,
        playlist=Playlist.scheduled(sounds(script), script.sample_count),
        folder=run.folder,
        call=call,
        tag=tag,
        on_position=narrator.at,
        path=path,
    )


@task(name="subscribe", task_run_name="subscribe: listener", persist_result=False, cache_policy=NO_CACHE)
async def subscribe(
    run: Run,
    speakers: Mapping[str, str],
    expected_seconds: float,
    token: SecretStr,
    call: Call,
    *,
    path: NetworkPath | None = None,
) -> dict[str, Recording]:
    """Record what arrives of each speaker until all have left."""
    return await record_audio(
        url=run.livekit_url,
        token=token,
        identity=LISTENER,
        speakers=speakers,
        expected_seconds=expected_seconds,
        folder=run.folder,
        call=call,
        path=path,
    )


@transmission_task
async def transmit(run: Run, scripts: Mapping[str, SpeechScript]) -> Transmission:
    """Let everybody speak their script and listen to all of them, in a fresh room.

    Raises
    ------
    TransportError
        If no audio went out, a transient one repeats the whole attempt; or if it does not end.
    """
    longest = max(script.duration_seconds for script in scripts.values())
    # Written before anything is said: without it nobody could tell later which phrase is where.
    write_scripts(run, scripts)
    with noted_attempt(run) as attempt, shown_progress(*_of(run), longest) as progress:
        async with ended_in_time(longest), call_network(run, list(scripts)) as network:
            transmission = await _attempt(run, scripts, attempt.room, network, progress)
            return attempt.completed(await network.told_by(transmission))


@asynccontextmanager
async def ended_in_time(longest_seconds: float) -> AsyncGenerator[None]:
    """Break the block off when it takes much longer than what is said.

    Not Prefect's own timeout, which would take a timeout of anything below for its own.

    Raises
    ------
    TransmissionNotEnding
        If it is broken off.
    """
    limit = asyncio.timeout(longest_seconds + MARGIN_SECONDS)
    try:
        async with limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        raise TransmissionNotEnding(
            f"a transmission of {longest_seconds:.0f} s had not ended {MARGIN_SECONDS:.0f} s after its time",
            remedy="report it with the run's folder; what was recorded until then is there",
        ) from None


def write_scripts(run: Run, scripts: Mapping[str, SpeechScript]) -> None:
    """Write down who says what when."""
    content = {speaker: script.model_dump(mode="json") for speaker, script in scripts.items()}
    RunFolder.open(run.folder).write_json(SCRIPTS_FILE, content)


def _of(run: Run) -> tuple[str, str]:
    """Return key and description of the progress artifact of a run."""
    return f"{run.scenario}-progress", f"Transmission en cours : {run.scenario}, essai {run.run_id}"


async def _attempt(
    run: Run, scripts: Mapping[str, SpeechScript], room: str, network: CallNetwork, progress: Progress
) -> Transmission:
    call = Call(scripts)
    tags = tags_of(list(scripts))
    longest = max(script.duration_seconds for script in scripts.values())
    tokens = {speaker: await mint_token(Side.PUBLISHER, room, speaker, longest) for speaker in scripts}
    listeners_token = await mint_token(Side.SUBSCRIBER, room, LISTENER, longest)
    narrators = SpeechNarrator.for_all(
        list(scripts.values()),
        call,
        by_the_minute=run.scenario == STABILITY_TEST,
        on_progress=progress.tell,
    )
    with redacted_standard_error(), undisturbed():
        speaking = [
            publish(
                run,
                script,
                speaker=speaker,
                tag=tags[speaker],
                token=tokens[speaker],
                call=call,
                narrator=narrator,
                path=network.path(speaker),
                return_state=True,
            )
            for (speaker, script), narrator in zip(scripts.items(), narrators, strict=True)
        ]
        listening = subscribe(run, tags, longest, listeners_token, call, return_state=True)
        # Prefect's types take an async task with return_state for a synchronous one.
        heard, *said = await asyncio.gather(
            *(
                breaking_off_on_failure(cast(Awaitable[State[Any]], end), call)
                for end in (listening, *speaking)
            ),
            # Otherwise a cancelled end would not wait for the others, which are still writing.
            return_exceptions=True,
        )
    return joined(room, scripts, call, dict(zip(scripts, said, strict=True)), heard)


async def breaking_off_on_failure(running: Awaitable[State[T]], call: Call) -> T | BaseException:
    """Return what an end returned or raised; if it raised, the other ends are stopped at once."""
    try:
        outcome: T | BaseException = await outcome_of(running)
    except BaseException as error:
        call.break_off(str(error), error)
        raise
    if isinstance(outcome, BaseException):
        call.break_off(str(outcome), outcome)
    return outcome


def joined(
    room: str,
    scripts: Mapping[str, SpeechScript],
    call: Call,
    sent: Mapping[str, SendRecord | BaseException],
    received: Mapping[str, Recording] | BaseException,
) -> Transmission:
    """Return what all ends recorded.

    Once a frame of audio has gone out this does not raise, whatever became of the other ends: what is
    raised may be tried again, and a transmission never is.

    Raises
    ------
    TransportError
        If nothing was sent.
    """
    spoke = {speaker: end for speaker, end in sent.items() if isinstance(end, SendRecord) and end.frame_count}
    if not spoke:
        failures = [end for end in sent.values() if isinstance(end, BaseException)]
        causes = [end.failure for end in sent.values() if isinstance(end, SendRecord)]
        silent = TransportError(call.cause or next(iter(causes), ""), transient=True)
        raise call.error or next(iter(failures), silent) from None
    heard: Mapping[str, Recording] = {} if isinstance(received, BaseException) else received
    return Transmission(
        room=room,
        channels=tuple(
            Channel(
                speaker=speaker,
                script=scripts[speaker],
                sent=record,
                received=heard.get(speaker),
                is_one_of_several=len(scripts) > 1,
            )
            for speaker, record in spoke.items()
        ),
        failure=call.cause,
    )
