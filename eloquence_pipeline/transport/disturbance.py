"""Disturbing a call that is going on, and writing down when."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from livekit import rtc
from pydantic import SecretStr

from eloquence_pipeline.errors import DisturbanceNotPossible, TransportError
from eloquence_pipeline.models import Disturbance, DisturbanceKind, DisturbedSide
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.participant import Participant
from eloquence_pipeline.transport.server_api import remove_participant, token_is_accepted

DISTURBED, DISTURBANCE_OVER = "disturbed", "disturbance_over"
"""Names of the events that say when the disturbance began, and when what it took away was there again."""

TOKEN_END_SECONDS = 10.0
_TOKEN_POLL_SECONDS = 0.25

_SIMULATED = {
    DisturbanceKind.SIGNAL_RECONNECT: rtc.SimulateScenarioKind.SIMULATE_SIGNAL_RECONNECT,
    DisturbanceKind.FULL_RECONNECT: rtc.SimulateScenarioKind.SIMULATE_FULL_RECONNECT,
    DisturbanceKind.NODE_FAILURE: rtc.SimulateScenarioKind.SIMULATE_NODE_FAILURE,
    DisturbanceKind.MIGRATION: rtc.SimulateScenarioKind.SIMULATE_MIGRATION,
    DisturbanceKind.DISCONNECT_SIGNAL_ON_RESUME: (
        rtc.SimulateScenarioKind.SIMULATE_DISCONNECT_SIGNAL_ON_RESUME
    ),
    DisturbanceKind.SERVER_LEAVE: rtc.SimulateScenarioKind.SIMULATE_SERVER_LEAVE,
    DisturbanceKind.TOKEN_EXPIRED: rtc.SimulateScenarioKind.SIMULATE_FULL_RECONNECT,
}
"""What the SDK asks of the server; of an expired token the reconnect that comes after its end."""

_logger = PipelineLogger("DISTURBANCE")


@dataclass(frozen=True)
class Means:
    """What it takes to disturb a call.

    Attributes
    ----------
    url, api_key, api_secret, room
        The server, with the keys of an administrator of the room, and where the call is.
    tokens
        What each end has joined with, by its identity.
    restart
        Kills the server, waits so many seconds, and returns when it is there again; None if it is not ours.
    blackout
        Lets nothing pass to or from an identity (True), or everything again (False); None if that cannot be
        had.
    """

    url: str
    api_key: str
    api_secret: SecretStr
    room: str
    tokens: dict[str, SecretStr]
    restart: Callable[[float], Awaitable[None]] | None = None
    blackout: Callable[[str, bool], Awaitable[None]] | None = None


async def disturb(disturbance: Disturbance, call: Call, means: Means) -> None:
    """Do it, and note the moment in the events of whom it is done to.

    Returns when the disturbance itself is over; what becomes of the call is not waited for.

    Raises
    ------
    DisturbanceNotPossible
        If the server does not offer it, or it cannot be had with this server.
    """
    kind = disturbance.kind
    hit = _participants(disturbance, call)
    if kind is DisturbanceKind.TOKEN_EXPIRED:
        await _until_refused(disturbance.side, means)
    for participant in hit:
        participant.note(DISTURBED, kind)
    _logger.info(f"perturbation {kind} ({disturbance.side})")
    if kind in _SIMULATED:
        await _simulate(hit[0], kind)
    elif kind is DisturbanceKind.PARTICIPANT_REMOVED:
        await _remove(disturbance.side, means)
    elif kind is DisturbanceKind.SERVER_RESTART:
        await _restart(kind, means)
    else:
        await _black_out(disturbance, means)
    for participant in hit:
        participant.note(DISTURBANCE_OVER, kind)


def _participants(disturbance: Disturbance, call: Call) -> Sequence[Participant]:
    if disturbance.side is DisturbedSide.BOTH:
        return list(call.participants.values())
    return [call.participants[disturbance.side]]


async def _simulate(participant: Participant, kind: DisturbanceKind) -> None:
    try:
        await participant.room.simulate_scenario(_SIMULATED[kind])
    except Exception as error:
        # A server that puts the participant out at once does not always answer before.
        if participant.room.isconnected():
            raise DisturbanceNotPossible(f"the server does not do this: {redact(str(error))}") from None


async def _remove(side: DisturbedSide, means: Means) -> None:
    try:
        await remove_participant(means.url, means.api_key, means.api_secret, means.room, side)
    except TransportError as error:
        raise DisturbanceNotPossible(f"the server does not remove the participant: {error.message}") from None


async def _restart(kind: DisturbanceKind, means: Means) -> None:
    if means.restart is None:
        raise DisturbanceNotPossible("only a server that this test has started itself is killed")
    await means.restart(kind.outage_seconds)


async def _black_out(disturbance: Disturbance, means: Means) -> None:
    if means.blackout is None:
        raise DisturbanceNotPossible("packets cannot be stopped on the way to this server")
    await means.blackout(disturbance.side, True)
    try:
        await asyncio.sleep(disturbance.kind.outage_seconds)
    finally:
        await means.blackout(disturbance.side, False)


async def _until_refused(side: DisturbedSide, means: Means) -> None:
    give_up_at = asyncio.get_running_loop().time() + TOKEN_END_SECONDS
    while await token_is_accepted(means.url, means.tokens[side]):
        if asyncio.get_running_loop().time() > give_up_at:
            raise DisturbanceNotPossible("the server goes on accepting the token after its end")
        await asyncio.sleep(_TOKEN_POLL_SECONDS)
