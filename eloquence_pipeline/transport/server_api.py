"""Asking a LiveKit server something, without joining a room."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp
from livekit import api
from pydantic import SecretStr

from eloquence_pipeline.errors import ConnectTimeout, TransportError
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.transport.tokens import accept_short_secrets

ANSWER_TIMEOUT_SECONDS = 5.0

_VALIDATE = "/rtc/validate"
"""Where the server says what it thinks of a token without letting anybody in."""

_REFUSALS = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}


async def require_accepted_keys(url: str, api_key: str, api_secret: SecretStr) -> None:
    """Make sure that a server accepts the keys, by asking it for a room that is not there.

    No media path is needed for that, so it says something about the keys and nothing else.

    Raises
    ------
    ConnectTimeout
        If the server does not answer.
    TransportError
        If it refuses.
    """
    async with _asked(url, api_key, api_secret) as server:
        await server.room.list_rooms(api.ListRoomsRequest(names=[f"eloquence-{secrets.token_hex(8)}"]))


@asynccontextmanager
async def _asked(url: str, api_key: str, api_secret: SecretStr) -> AsyncGenerator[api.LiveKitAPI]:
    """Yield the server to ask it something; what goes wrong with that is told in our own words."""
    accept_short_secrets()
    try:
        # LiveKit's own client turns ws:// and wss:// into what HTTP needs.
        async with (
            api.LiveKitAPI(url, api_key, api_secret.get_secret_value()) as server,
            asyncio.timeout(ANSWER_TIMEOUT_SECONDS),
        ):
            yield server
    except TimeoutError:
        raise ConnectTimeout(
            f"LiveKit at {url} does not answer within {ANSWER_TIMEOUT_SECONDS:.0f} s",
            remedy="check that the server is running and not overloaded",
        ) from None
    except Exception as error:
        raise _translated(url, error) from None


def _translated(url: str, error: Exception) -> TransportError:
    # The class of the SDK's error has changed its name between versions; its status has not.
    status = getattr(error, "status", None)
    if status in _REFUSALS:
        return TransportError(
            f"LiveKit at {url} refuses the keys (HTTP {status})",
            remedy="check LIVEKIT_API_KEY and LIVEKIT_API_SECRET: they must be those of this server; "
            "and the clock of this machine, which dates the tokens",
        )
    told = redact(str(error)) or type(error).__name__
    return TransportError(
        f"LiveKit at {url} does not answer as it should ({told})", remedy="check LIVEKIT_URL"
    )


async def remove_participant(url: str, api_key: str, api_secret: SecretStr, room: str, identity: str) -> None:
    """Remove a participant from its room, as an administrator does.

    Raises
    ------
    ConnectTimeout
        If the server does not answer.
    TransportError
        If it refuses.
    """
    async with _asked(url, api_key, api_secret) as server:
        await server.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=identity))


async def token_is_accepted(url: str, token: SecretStr) -> bool:
    """Return whether one could join with a token now.

    Raises
    ------
    ConnectTimeout
        If the server does not answer.
    """
    address = url.replace("ws", "http", 1).rstrip("/") + _VALIDATE
    timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_SECONDS)
    try:
        # In a header: the address of a request is what servers and proxies write into their logs.
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.get(address, headers=headers) as answer,
        ):
            return answer.status == HTTPStatus.OK
    except (aiohttp.ClientError, TimeoutError):
        raise ConnectTimeout(
            f"LiveKit at {url} does not answer", remedy="check that the server is running"
        ) from None
