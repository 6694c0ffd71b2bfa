"""One participant of a room: connect, events, statistics, come back, disconnect.

Wraps the SDK once, so that its errors (which share no base class), its crash on a cancelled
connect and the tokens in its texts are dealt with in one place.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from livekit import rtc
from livekit.rtc.room import EventTypes
from pydantic import SecretStr

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, Instant, monotonic_ns
from eloquence_pipeline.errors import ConnectTimeout, TransportError
from eloquence_pipeline.models import ConnectionEvent, Side
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.redaction import redact, redact_sdk_logs
from eloquence_pipeline.transport.disk_writer import DiskWriter, Feed, LineFile
from eloquence_pipeline.transport.network.simulated import NetworkPath
from eloquence_pipeline.transport.rejoining import Attempts, WayBack
from eloquence_pipeline.transport.statistics import SAMPLE_INTERVAL_SECONDS, StatisticsSampler

CONNECT_TIMEOUT_SECONDS = 5.0
_MOST_WAITING_EVENTS = 1000

# The SDK's words for an answer of 400 to 499; the text after it is the server's and may hold any number.
_HTTP_REFUSAL = re.compile(r"client error: (\d{3})")

_logger = PipelineLogger("LIVEKIT")

_RECORDED_EVENTS: tuple[EventTypes, ...] = (
    "connected",
    "disconnected",
    "reconnecting",
    "reconnected",
    "connection_state_changed",
    "connection_quality_changed",
    "participant_connected",
    "participant_disconnected",
    "local_track_published",
    "local_track_subscribed",
    "track_subscribed",
    "track_unsubscribed",
    "track_unpublished",
    "track_subscription_failed",
    "token_refreshed",
)

_FOR_GOOD = {"CLIENT_INITIATED", "DUPLICATE_IDENTITY"}
"""Reasons for leaving after which nobody comes back: it was meant, or another one has taken the name."""


class Participant:
    """A connected participant that writes down what happens to it.

    Parameters
    ----------
    side
        Which end of the transmission this is.
    identity
        Its name in the room, as in its token.
    way_back
        How it joins again after it was put out of the room; None stays out.
    statistics_every_seconds
        Between two samples of its statistics.
    """

    def __init__(
        self,
        side: Side,
        identity: str,
        way_back: WayBack | None = None,
        *,
        statistics_every_seconds: float = SAMPLE_INTERVAL_SECONDS,
    ) -> None:
        redact_sdk_logs()
        self.side = side
        self.identity = identity
        self.started = Instant.now()
        self.connect_ms = 0.0
        self.room = rtc.Room()
        """Another one after each return: the SDK uses a room once."""
        self.statistics = StatisticsSampler(lambda: self.room, statistics_every_seconds)
        self.events: list[ConnectionEvent] = []
        self._event_feed: Feed[ConnectionEvent] = Feed(_to_json_lines, _MOST_WAITING_EVENTS)
        self.gone_event = asyncio.Event()
        """Set when the participant is out of the room for good, whoever ended it."""
        self._path: NetworkPath | None = None
        self._callbacks: list[tuple[EventTypes, Callable[..., None]]] = []
        self._after_return: list[Callable[[], Awaitable[None]]] = []
        self._way_back = way_back
        self._attempts = Attempts(way_back.policy) if way_back else None
        self._returning: asyncio.Task[None] | None = None
        for name in _RECORDED_EVENTS:
            self.on(name, self._recorder_of(name))

    def on(self, event: EventTypes, callback: Callable[..., None]) -> None:
        """Call `callback` with the SDK's arguments, as many as it takes, at each `event` of any room."""
        self._callbacks.append((event, callback))
        cast(Any, self.room).on(event, callback)

    def after_return(self, action: Callable[[], Awaitable[None]]) -> None:
        """Carry out `action` whenever the participant has joined again, as a part of that."""
        self._after_return.append(action)

    def note(self, name: str, detail: str = "") -> None:
        """Write down an event that is none of the SDK's."""
        event = ConnectionEvent(
            monotonic_ns=monotonic_ns(), side=self.side, identity=self.identity, name=name, detail=detail
        )
        self.events.append(event)
        self._event_feed.put(event)
        _logger.debug(f"{self.identity}: {name} {detail}".rstrip())

    def _recorder_of(self, name: str) -> Callable[..., None]:
        def record(*arguments: Any) -> None:
            detail = _describe(name, arguments)
            self.note(name, detail)
            if name == "disconnected":
                self._put_out(detail)
            if name in {"reconnecting", "reconnected"}:
                _logger.connection(name, f"Room: {self.room.name} ({self.identity})")

        return record

    def keep(self, writer: DiskWriter, statistics: Path, events: Path) -> None:
        """Write statistics and events to files from now on, beginning with those so far."""
        writer.attach(self.statistics.feed, LineFile(statistics))
        writer.attach(self._event_feed, LineFile(events))

    async def connect(self, url: str, token: SecretStr, path: NetworkPath | None = None) -> None:
        """Join the room that the token is for.

        Parameters
        ----------
        url, token
            The server, and a token that is good for one room.
        path
            The way there through a simulated network; None goes directly.

        Raises
        ------
        ConnectTimeout
            If the server did not answer or no media path came up; transient.
        TransportError
            If the server refused, or the media does not go through the simulated network.
        """
        self._path = path
        began = monotonic_ns()
        await self._join(url, token)
        self.connect_ms = (monotonic_ns() - began) / NANOSECONDS_PER_MILLISECOND
        if path is not None:
            await path.require_used(self.room)
        _logger.connection("connected", f"Room: {self.room.name} ({self.identity})")
        self.statistics.start()

    async def _join(self, url: str, token: SecretStr) -> None:
        address = self._path.url if self._path else url
        options = rtc.RoomOptions(auto_subscribe=True, connect_timeout=CONNECT_TIMEOUT_SECONDS)
        connecting = asyncio.ensure_future(self.room.connect(address, token.get_secret_value(), options))
        try:
            # Cancelling connect() while it is in flight makes the SDK's native part panic and end
            # the process some 15 s later, so it is always awaited to its own end.
            await asyncio.shield(connecting)
        except asyncio.CancelledError:
            while not connecting.done():
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await asyncio.shield(connecting)
            await self._leave_room()
            raise
        except Exception as error:
            refusal = await self._path.refusal() if self._path else None
            raise refusal or _translated(url, error) from None

    def _put_out(self, reason: str) -> None:
        if self._returning is not None and not self._returning.done():
            return  # the return itself sees that the new room is lost too
        if self._way_back is None or self._attempts is None or reason in _FOR_GOOD:
            self.gone_event.set()
            return
        self._returning = asyncio.create_task(
            self._return(self._way_back, self._attempts), name=f"{self.identity} joins again"
        )

    async def _return(self, way_back: WayBack, attempts: Attempts) -> None:
        try:
            while (wait_seconds := attempts.next_wait_seconds()) is not None:
                await asyncio.sleep(wait_seconds)
                self.note("rejoining", f"attempt {attempts.count}")
                if await self._joined_again(way_back):
                    self.note("rejoined", f"attempt {attempts.count}")
                    _logger.connection("rejoined", f"Room: {self.room.name} ({self.identity})")
                    attempts.succeeded()
                    return
            self.note("gave_up", f"after {attempts.count} attempts")
        except TransportError as error:
            self.note("gave_up", error.message)
        self.gone_event.set()

    async def _joined_again(self, way_back: WayBack) -> bool:
        await self._leave_room()
        self.room = rtc.Room()
        for event, callback in self._callbacks:
            cast(Any, self.room).on(event, callback)
        try:
            await self._join(way_back.url, way_back.fresh_token())
            for action in self._after_return:
                await action()
        except TransportError as error:
            self.note("rejoin_failed", error.message)
            if not error.transient:
                raise
            return False
        return self.room.isconnected()

    async def _leave_room(self) -> None:
        with contextlib.suppress(Exception):
            await self.room.disconnect()

    async def disconnect(self) -> None:
        """Leave the room, and do not come back; calling it again changes nothing."""
        self._way_back = None
        if self._returning is not None:
            self._returning.cancel()
            await asyncio.gather(self._returning, return_exceptions=True)
        await self.statistics.stop()
        await self._leave_room()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.disconnect()


async def first_of(*events: asyncio.Event, within_seconds: float) -> None:
    """Wait until one of `events` is set or `within_seconds` have passed."""
    waiting = {asyncio.ensure_future(event.wait()) for event in events}
    try:
        await asyncio.wait(waiting, timeout=within_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for future in waiting:
            future.cancel()


def _to_json_lines(events: Sequence[ConnectionEvent]) -> bytes:
    return "".join(f"{event.model_dump_json()}\n" for event in events).encode()


def _describe(name: str, arguments: tuple[Any, ...]) -> str:
    if name == "connection_state_changed":
        return rtc.ConnectionState.Name(arguments[0])
    if name == "connection_quality_changed":
        participant, quality = arguments
        return f"{participant.identity}: {quality.name}"
    if name == "disconnected" and arguments:
        return rtc.DisconnectReason.Name(arguments[0])
    return ""


def _translated(url: str, error: Exception) -> TransportError:
    text = redact(str(error) or getattr(error, "message", "") or type(error).__name__)
    lowered = text.lower()
    refusal = _HTTP_REFUSAL.search(lowered)
    status = refusal.group(1) if refusal else ""
    if status in {"401", "403"}:
        return TransportError(
            f"LiveKit at {url} refused the access token",
            remedy="check LIVEKIT_API_KEY and LIVEKIT_API_SECRET: they must be those of this server",
        )
    if status == "404":
        return TransportError(
            f"what answers at {url} is not a LiveKit server ({text})", remedy="check LIVEKIT_URL"
        )
    if "wait_pc_connection" in lowered:
        return ConnectTimeout(
            f"LiveKit at {url} answers, but no media path (UDP) came up within the time",
            remedy="check that its RTC port is open and the address it advertises can be reached from here",
        )
    return ConnectTimeout(
        f"LiveKit at {url} cannot be reached ({text})",
        remedy="check that the server is running and LIVEKIT_URL is right (ws:// or wss://)",
    )
