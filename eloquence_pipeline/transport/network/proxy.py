"""The signalling proxy: what participants take for the server, in front of the real one."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ClientWSTimeout,
    TCPConnector,
    WSServerHandshakeError,
    web,
)

from eloquence_pipeline.clock import monotonic_ns
from eloquence_pipeline.models import Direction, NetworkConditions
from eloquence_pipeline.transport.network.candidates import Relayed
from eloquence_pipeline.transport.network.conversation import converse
from eloquence_pipeline.transport.network.delayed_line import SignalConditions
from eloquence_pipeline.transport.network.media import LOOPBACK
from eloquence_pipeline.transport.network.signals import NotUnderstoodError, without_own_addresses

_JOIN_REQUEST = "join_request"
_CONNECT_SECONDS = 5.0
_CLOSE_SECONDS = 2.0
_LONGEST_LINE_BYTES = 1 << 20
"""The request to join holds a whole session description."""
_OF_ONE_HOP = {"connection", "content-encoding", "content-length", "host", "keep-alive", "transfer-encoding"}
_OF_THE_UPGRADE = ("upgrade", "sec-websocket-")


@dataclass
class Door:
    """Where one participant finds its server.

    Attributes
    ----------
    port
        That the participant connects to.
    problem
        Why the server could not be reached, or understood, the last time; empty if it was.
    """

    identity: str
    signal: SignalConditions
    relayed: Relayed
    runner: web.AppRunner
    port: int = 0
    problem: str = ""


class SignallingProxy:
    """A door for each participant, on loopback, in front of one server.

    Parameters
    ----------
    url
        The server, ``ws://`` or ``wss://``.
    ca_file
        Certificates that are trusted besides those of the system; none if empty.
    relayed
        Gives, for a participant, the relay's address for each of the server's.

    Raises
    ------
    OSError
        If the certificates cannot be read.
    """

    def __init__(self, url: str, ca_file: str, relayed: Callable[[str], Relayed]) -> None:
        self._server = urlsplit(url)
        self._relayed = relayed
        self._doors: dict[str, Door] = {}
        self._tls = ssl.create_default_context()
        if ca_file:
            self._tls.load_verify_locations(cafile=ca_file)
        self._session: ClientSession | None = None

    async def open(self, identity: str, conditions: NetworkConditions) -> Door:
        """Make a door for a participant."""
        application = web.Application()
        runner = web.AppRunner(
            application,
            access_log=None,  # addresses hold tokens
            handle_signals=False,
            shutdown_timeout=0,
            max_line_size=_LONGEST_LINE_BYTES,
            max_field_size=_LONGEST_LINE_BYTES,
        )
        door = Door(identity, SignalConditions(conditions), self._relayed(identity), runner)
        application.router.add_get("/{path:.*}", partial(self._enter, door))
        await runner.setup()
        await web.TCPSite(runner, LOOPBACK, 0).start()
        door.port = runner.addresses[0][1]
        self._doors[identity] = door
        return door

    def door(self, identity: str) -> Door | None:
        """Return the door of a participant, if it has one."""
        return self._doors.get(identity)

    async def close(self) -> None:
        """Close every door."""
        for door in self._doors.values():
            await door.runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def _enter(self, door: Door, request: web.Request) -> web.StreamResponse:
        door.problem = ""
        try:
            await door.signal.until_through(Direction.UPLINK, monotonic_ns())
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._signalling(door, request)
            return await self._plain(door, request)
        except NotUnderstoodError as error:
            door.problem = str(error)
        except (ClientError, TimeoutError, OSError) as error:
            door.problem = _unreachable(error)
        return web.Response(status=HTTPStatus.BAD_GATEWAY, text=door.problem)

    async def _plain(self, door: Door, request: web.Request) -> web.Response:
        """Pass on what is no signalling: above all the question why a token was refused."""
        address, headers = self._address(request), _passed_on(request.headers)
        async with self._client().get(address, headers=headers, allow_redirects=False) as answer:
            body = await answer.read()
            await door.signal.until_through(Direction.DOWNLINK, monotonic_ns())
            return web.Response(status=answer.status, headers=_passed_on(answer.headers), body=body)

    async def _signalling(self, door: Door, request: web.Request) -> web.StreamResponse:
        try:
            upstream = await self._client().ws_connect(
                self._address(request),
                headers=_passed_on(request.headers),
                autoping=False,
                autoclose=False,
                max_msg_size=0,
                timeout=ClientWSTimeout(ws_close=_CLOSE_SECONDS),  # pyright: ignore[reportCallIssue] - an attrs class
            )
        except WSServerHandshakeError as refusal:
            # The SDK asks for the reason afterwards, as plain HTTP.
            return web.Response(status=refusal.status, text=refusal.message)
        downstream = web.WebSocketResponse(
            autoping=False, autoclose=False, max_msg_size=0, compress=False, timeout=_CLOSE_SECONDS
        )
        try:
            await door.signal.until_through(Direction.DOWNLINK, monotonic_ns())
            await downstream.prepare(request)
            door.problem = await converse(downstream, upstream, door.signal, door.relayed)
        finally:
            await upstream.close()
            if request.transport is not None:
                request.transport.abort()
        return downstream

    def _address(self, request: web.Request) -> str:
        query = [
            (name, without_own_addresses(value) if name == _JOIN_REQUEST else value)
            for name, value in request.query.items()
        ]
        parts = self._server._replace(
            scheme="https" if self._server.scheme == "wss" else "http",
            path=self._server.path.rstrip("/") + request.path,
            query=urlencode(query),
        )
        return parts.geturl()

    def _client(self) -> ClientSession:
        if self._session is None:
            # The SDK knows no proxy of the environment either.
            connecting = ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
            connector = TCPConnector(ssl=self._tls)
            self._session = ClientSession(connector=connector, timeout=connecting, trust_env=False)
        return self._session


def _passed_on(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers that concern both ends, and not the connection between two of them."""
    return [
        (name, value)
        for name, value in headers.items()
        if name.lower() not in _OF_ONE_HOP and not name.lower().startswith(_OF_THE_UPGRADE)
    ]


def _unreachable(error: Exception) -> str:
    # Texts of aiohttp's errors name host and port, those of the handshake the whole address as well.
    if isinstance(error, ClientConnectorCertificateError):
        reason = getattr(error.certificate_error, "verify_message", "") or "it cannot be verified"
        return f"its certificate is not trusted: {reason}"
    if isinstance(error, ClientConnectorError):
        return error.os_error.strerror or type(error.os_error).__name__
    return type(error).__name__
