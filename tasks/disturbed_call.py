"""The tasks of a call that is disturbed: speak, listen, disturb, and measure what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, cast

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from pydantic import SecretStr

from eloquence_pipeline.errors import DisturbanceNotPossible
from eloquence_pipeline.measurement.reconnection import disturbed_events, measure_disturbed_call
from eloquence_pipeline.measurement.scenario import analyse as measure
from eloquence_pipeline.models import (
    BLACKOUTS,
    DirectionConditions,
    Disturbance,
    DisturbanceKind,
    DisturbedCall,
    NetworkConditions,
    ScenarioResult,
    Side,
    SpeechScript,
    Transmission,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.redaction import redacted_standard_error
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import DISTURBANCE_FILE
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.disturbance import Means, disturb
from eloquence_pipeline.transport.network.simulated import NetworkPath
from eloquence_pipeline.transport.quiet_process import undisturbed
from eloquence_pipeline.transport.rejoining import WayBack
from eloquence_pipeline.transport.server_api import token_is_accepted
from eloquence_pipeline.transport.tokens import mint_token as mint
from tasks.access import JOIN_MARGIN_SECONDS, mint_token
from tasks.attempts import noted_attempt, read_attempts
from tasks.network import CallNetwork, call_network
from tasks.retrying import transmission_task
from tasks.run import Run
from tasks.transmission import (
    LISTENER,
    breaking_off_on_failure,
    ended_in_time,
    joined,
    publish,
    subscribe,
    tags_of,
    write_scripts,
)

SPEAKER = "speaker"
_SIDES = {SPEAKER: Side.PUBLISHER, LISTENER: Side.SUBSCRIBER}
_SHORT_SECONDS = 3
_LEEWAY_SECONDS = 60
"""LiveKit takes a token for that much longer than it says, as JWT libraries do for clocks that differ."""

_logger = PipelineLogger("RECONNECT")


class Venue(NamedTuple):
    """What the place of a call offers besides a LiveKit server.

    Attributes
    ----------
    restart
        Kills the server and starts it again after so many seconds; None if it is not ours.
    """

    restart: Callable[[float], Awaitable[None]] | None = None


class Cue:
    """Show the progress of a call, and say when it is time for the disturbance.

    Parameters
    ----------
    script
        What is said.
    at_seconds
        When it is time, from the beginning of what is said.
    """

    def __init__(self, script: SpeechScript, at_seconds: float) -> None:
        self.is_time = asyncio.Event()
        self._script = script
        self._at_samples = at_seconds * script.sample_rate_hz

    def at(self, position_samples: int) -> None:
        """Take note of how far the speaker is; called about ten times a second."""
        if position_samples >= self._at_samples:
            self.is_time.set()
        _logger.progress(
            "Transmission", position_samples / self._script.sample_rate_hz, self._script.duration_seconds
        )


@transmission_task
async def transmit_disturbed(
    run: Run, script: SpeechScript, disturbance: Disturbance, venue: Venue, settings: Settings
) -> Transmission:
    """Let the script be said in a fresh room, disturb the call, and record what arrives.

    Raises
    ------
    DisturbanceNotPossible
        If the disturbance cannot be had with this server.
    TransportError
        If no audio went out, a transient one repeats the whole attempt; or if it does not end.
    """
    write_scripts(run, {SPEAKER: script})
    with noted_attempt(run) as attempt:
        async with ended_in_time(script.duration_seconds):
            collected = await _attempt(
                run, script, disturbance, room=attempt.room, venue=venue, settings=settings
            )
            return attempt.completed(collected)


async def _attempt(
    run: Run, script: SpeechScript, disturbance: Disturbance, *, room: str, venue: Venue, settings: Settings
) -> Transmission:
    call = Call([SPEAKER], _ways_back(run, room, script.duration_seconds, settings))
    tokens = await _tokens(room, script.duration_seconds, disturbance, settings)
    is_blackout = disturbance.kind in BLACKOUTS
    async with call_network(run, [SPEAKER], may_change=is_blackout) as network:
        means = Means(
            run.livekit_url,
            settings.api_key,
            settings.api_secret,
            room,
            tokens,
            restart=venue.restart,
            blackout=_blackout(network),
        )
        # The listener has the real network, but for a blackout.
        listeners_way = network.simulated if is_blackout else None
        paths = {
            SPEAKER: network.path(SPEAKER),
            LISTENER: await listeners_way.open(LISTENER) if listeners_way else None,
        }
        transmission = await _call(run, script, disturbance, call=call, means=means, paths=paths)
        return await network.told_by(transmission, changed=is_blackout)


def _blackout(network: CallNetwork) -> Callable[[str, bool], Awaitable[None]] | None:
    simulated = network.simulated
    if simulated is None:
        return None

    async def black_out(identity: str, dark: bool) -> None:
        both = DirectionConditions(blackout=True)
        usual = network.conditions if identity == SPEAKER else NetworkConditions()
        await simulated.impair(identity, NetworkConditions(uplink=both, downlink=both) if dark else usual)

    return black_out


async def _call(
    run: Run,
    script: SpeechScript,
    disturbance: Disturbance,
    *,
    call: Call,
    means: Means,
    paths: Mapping[str, NetworkPath | None],
) -> Transmission:
    cue = Cue(script, disturbance.at_seconds)
    with redacted_standard_error(), undisturbed():
        speaking = publish(
            run,
            script,
            speaker=SPEAKER,
            tag="",
            token=means.tokens[SPEAKER],
            call=call,
            narrator=cue,
            path=paths[SPEAKER],
            return_state=True,
        )
        listening = subscribe(
            run,
            tags_of([SPEAKER]),
            script.duration_seconds,
            means.tokens[LISTENER],
            call,
            path=paths[LISTENER],
            return_state=True,
        )
        # Prefect's types take an async task with return_state for a synchronous one.
        said, heard, done = await asyncio.gather(
            *(
                breaking_off_on_failure(cast(Awaitable[State[Any]], end), call)
                for end in (speaking, listening)
            ),
            _when_it_is_time(cue, call, disturbance, means),
            # Otherwise a cancelled end would not wait for the others, which are still writing.
            return_exceptions=True,
        )
    if isinstance(done, DisturbanceNotPossible):
        raise done
    return joined(means.room, {SPEAKER: script}, call, {SPEAKER: said}, heard)


async def _when_it_is_time(cue: Cue, call: Call, disturbance: Disturbance, means: Means) -> None:
    ended = asyncio.ensure_future(call.broken.wait())
    due = asyncio.ensure_future(cue.is_time.wait())
    try:
        await asyncio.wait({ended, due}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            await disturb(disturbance, call, means)
    except BaseException as error:
        call.break_off(str(error), error)
        raise
    finally:
        ended.cancel()
        due.cancel()


def _ways_back(run: Run, room: str, duration_seconds: float, settings: Settings) -> dict[str, WayBack]:
    def fresh_token(identity: str) -> SecretStr:
        valid_seconds = round(duration_seconds) + JOIN_MARGIN_SECONDS
        return _minted(identity, room, settings, valid_seconds)

    return {
        identity: WayBack(
            run.livekit_url, lambda identity=identity: fresh_token(identity), settings.reconnection.rejoin
        )
        for identity in _SIDES
    }


def _minted(identity: str, room: str, settings: Settings, valid_seconds: int) -> SecretStr:
    return mint(
        api_key=settings.api_key,
        api_secret=settings.api_secret,
        room=room,
        identity=identity,
        sides={_SIDES[identity]},
        valid_for_seconds=valid_seconds,
    )


async def _tokens(
    room: str, duration_seconds: float, disturbance: Disturbance, settings: Settings
) -> dict[str, SecretStr]:
    tokens = {
        identity: await mint_token(side, room, identity, duration_seconds)
        for identity, side in _SIDES.items()
    }
    if disturbance.kind is DisturbanceKind.TOKEN_EXPIRED:
        tokens[disturbance.side] = await _soon_expired(disturbance.side, room, settings)
    return tokens


async def _soon_expired(identity: str, room: str, settings: Settings) -> SecretStr:
    # One that the server's leeway keeps alive for some seconds; it is tried before it is relied on.
    token = _minted(identity, room, settings, _SHORT_SECONDS - _LEEWAY_SECONDS)
    if await token_is_accepted(settings.livekit_url, token):
        return token
    return _minted(identity, room, settings, _SHORT_SECONDS)


@task(
    name="measure reconnection",
    task_run_name="measure reconnection: {run.run_id}",
    persist_result=False,
    cache_policy=NO_CACHE,
)
def measure_reconnection(
    run: Run, transmission: Transmission, call: DisturbedCall, settings: Settings
) -> tuple[ScenarioResult, DisturbedCall]:
    """Measure a call as a scenario and as a disturbed call, and write the latter beside the recordings."""
    result = measure(
        transmission, run.folder, run.info(transmission.room), read_attempts(run), settings.thresholds
    )
    figures = measure_disturbed_call(transmission, run.folder, call.disturbance, result)
    measured = call.model_copy(
        update={
            "run_id": run.run_id,
            "evidence": str(run.folder),
            "figures": figures,
            "events": disturbed_events(transmission),
        }
    )
    RunFolder.open(run.folder).write_model(DISTURBANCE_FILE, measured)
    return result, measured
