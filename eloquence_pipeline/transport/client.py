"""A participant for programs: connect to a room, say sound files, listen to others, leave."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, Unpack

import numpy as np
import numpy.typing as npt
from pydantic import SecretStr, TypeAdapter, ValidationError

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND
from eloquence_pipeline.errors import ConfigurationError, TransportError
from eloquence_pipeline.models import (
    Clip,
    NetworkConditions,
    Record,
    RelayedParticipant,
    ScheduledPhrase,
    Side,
)
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings.values import LiveKitUrl, RoomName
from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.disk_writer import DiskWriter
from eloquence_pipeline.transport.network.simulated import NetworkPath, SimulatedNetwork
from eloquence_pipeline.transport.network.wishes import Directions, FurtherConditions, wished_conditions
from eloquence_pipeline.transport.participant import Participant
from eloquence_pipeline.transport.playlist import Playlist
from eloquence_pipeline.transport.publisher import Publisher
from eloquence_pipeline.transport.sounds import load_clip
from eloquence_pipeline.transport.subscriber import Listener
from eloquence_pipeline.transport.tokens import mint_token

LEAD_IN_SECONDS = 1.0
"""Silence before the first sound, in which the receivers' jitter buffers settle."""
TAIL_SECONDS = 1.0
"""Silence after the last one, in which it can still arrive."""
LISTENER_WAIT_SECONDS = 2.0

_TOKEN_SECONDS = 600
_BYTES_PER_SAMPLE = 2
_POLL_SECONDS = 0.01

_URL: TypeAdapter[str] = TypeAdapter(LiveKitUrl)
_ROOM_NAME: TypeAdapter[str] = TypeAdapter(RoomName)
_logger = PipelineLogger("LIVEKIT_CLIENT")


def _checked(kind: TypeAdapter[str], value: str, what: str) -> str:
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ConfigurationError(f"{what} {reason}") from None


class SentAudio(Record):
    """A sound that has been handed over to its end.

    Attributes
    ----------
    index
        Counts the sounds of this client from 1.
    sent_at
        When its first sample was handed to the SDK.
    send_ms
        How far behind its schedule the sender was, averaged over the frames of the sound.
    """

    index: int
    text: str
    sent_at: datetime
    duration_seconds: float
    send_ms: float


class LiveKitTestClient:
    """One participant of a room, who speaks, listens, or both.

    Speaking begins with the first sound and goes on as silence between sounds, as a microphone does. It is
    paced by absolute deadlines from a thread of its own.

    Parameters
    ----------
    url
        LiveKit server, ``ws://`` or ``wss://``.
    api_key, api_secret
        Its credentials.
    identity
        Name of the participant; a room has each name once.
    ca_file
        Certificates (PEM) to trust besides those of the system, for ``wss://`` with one's own authority.

    Raises
    ------
    ConfigurationError
        If the URL is none.

    Examples
    --------
    ::

        async with LiveKitTestClient(url, api_key, api_secret, "sender") as client:
            await client.connect("room_name")
            await client.send_audio_file("bonjour.wav", {"text": "Bonjour !"})
    """

    def __init__(
        self,
        url: str,
        api_key: str,
        api_secret: str | SecretStr,
        identity: str,
        *,
        ca_file: str | PathLike[str] | None = None,
    ) -> None:
        self.url = _checked(_URL, url, "the URL of a LiveKit server")
        self.identity = identity
        self.room_name = ""
        """The room that it is in; empty outside."""
        self.said: list[ScheduledPhrase] = []
        """Every sound so far, with its place on this client's timeline."""
        self._api_key = api_key
        self._api_secret = SecretStr(api_secret) if isinstance(api_secret, str) else api_secret
        self._ca_file = Path(ca_file) if ca_file is not None else None
        self._stack = AsyncExitStack()
        self._busy = asyncio.Lock()
        """Held while connecting and beginning to speak: two sounds at once are said by one sender."""
        self._reset()

    def _reset(self) -> None:
        self._call = Call([self.identity])
        self._playlist = Playlist()
        self._conditions = NetworkConditions()
        self._path: NetworkPath | None = None
        self._folder = Path()
        self._participant: Participant | None = None
        self._publisher: Publisher | None = None
        self._speaking: asyncio.Task[None] | None = None
        self._listener: Listener | None = None

    async def connect(self, room_name: str) -> None:
        """Join a room, which comes into being with its first participant.

        Raises
        ------
        ConfigurationError
            If that is no name, this client is in another room already, or key or secret are empty.
        TransportError
            If the server refuses, or cannot be reached.
        """
        async with self._busy:
            await self._connect(room_name)

    async def _connect(self, room_name: str) -> None:
        if self._participant is not None and self._participant.gone_event.is_set():
            await self._close()  # the room has ended, or this client was removed from it
        if self.room_name:
            self._require_same(room_name)
            return
        _checked(_ROOM_NAME, room_name, "the name of a room")
        token = self._token(room_name)
        try:
            self._folder = self._place()
            self._path = await self._open_path()
            participant = Participant(Side.PUBLISHER, self.identity)
            self._participant = await self._stack.enter_async_context(participant)
            writer = DiskWriter(self._call.breaker())
            self._listener = await self._stack.enter_async_context(
                Listener(participant, {}, self._folder, writer)
            )
            await participant.connect(self.url, token, self._path)
        except BaseException:
            await self._close()
            raise
        self.room_name = room_name

    async def _open_path(self) -> NetworkPath | None:
        # Conditions may come at any time, and a way around them cannot be changed in mid-call.
        network = SimulatedNetwork(self.url, ca_file=self._ca_file)
        await self._stack.enter_async_context(network)
        return await network.open(self.identity, self._conditions)

    def _place(self) -> Path:
        """Return where what is heard is kept: on disk, so that an hour of it does not fill the memory."""
        return Path(self._stack.enter_context(TemporaryDirectory(prefix="eloquence-call-")))

    def _token(self, room_name: str) -> SecretStr:
        return mint_token(
            api_key=self._api_key,
            api_secret=self._api_secret,
            room=room_name,
            identity=self.identity,
            sides=(Side.PUBLISHER, Side.SUBSCRIBER),
            valid_for_seconds=_TOKEN_SECONDS,
        )

    def _require_same(self, room_name: str) -> None:
        if room_name != self.room_name:
            raise ConfigurationError(
                f"{self.identity} is in the room {self.room_name!r} already, not in {room_name!r}",
                remedy="disconnect() first, or take a second client for the second room",
            )

    async def send_audio_file(
        self, audio_path: str | PathLike[str], metadata: Clip | Mapping[str, Any] | None = None
    ) -> SentAudio:
        """Say a sound file and return when its last sample has been handed over.

        Parameters
        ----------
        audio_path
            WAV, FLAC or OGG; any rate, mono or stereo.
        metadata
            What :meth:`VoiceSynthesizer.generate_audio` returned, or a mapping with ``text`` and
            ``category``; shown in logs and results. Default: the name of the file.

        Raises
        ------
        ConfigurationError
            If the file is no audio.
        TransportError
            If this client is not connected, or the connection was lost meanwhile.
        """
        publisher = await self._ready_to_speak()
        clip, samples = await asyncio.to_thread(load_clip, Path(audio_path), metadata)
        start = self._playlist.append(samples)
        phrase = ScheduledPhrase(
            index=len(self.said) + 1, clip=clip, start_sample=start, sample_count=len(samples)
        )
        self.said.append(phrase)
        await self._until_handed_over(publisher, start + FRAME_SAMPLES)
        sent_at = self._sent_at(publisher, phrase)
        size = len(samples) * _BYTES_PER_SAMPLE
        _logger.audio_packet(phrase.index, size, sent_at.timestamp(), {"text": clip.phrase.text})
        await self._until_handed_over(publisher, phrase.end_sample)
        send_ms = self._lateness_ms(publisher, phrase)
        _logger.latency("envoi", send_ms)
        return SentAudio(
            index=phrase.index,
            text=clip.phrase.text,
            sent_at=sent_at,
            duration_seconds=clip.duration_seconds,
            send_ms=send_ms,
        )

    async def _ready_to_speak(self) -> Publisher:
        if self._participant is None or not self.room_name:
            raise TransportError(f"{self.identity} is not connected", remedy="call connect(room_name) first")
        async with self._busy:
            if self._publisher is None:
                self._publisher = await self._begin_to_speak(self._participant)
        return self._publisher

    async def _begin_to_speak(self, participant: Participant) -> Publisher:
        publisher = await self._stack.enter_async_context(
            Publisher(participant, self._playlist, self._call, self._folder)
        )
        await publisher.publish_track()
        await self._until_heard(publisher)
        self._playlist.append(np.zeros(round(LEAD_IN_SECONDS * SAMPLE_RATE_HZ), dtype=np.int16))
        self._speaking = asyncio.create_task(publisher.speak(), name=f"{self.identity} speaks")
        return publisher

    async def _until_heard(self, publisher: Publisher) -> None:
        if not await publisher.has_listener_within(LISTENER_WAIT_SECONDS):
            _logger.warning(f"nobody listens to {self.identity} in the room {self.room_name}")

    async def _until_handed_over(self, publisher: Publisher, end_sample: int) -> None:
        while publisher.frame_count * FRAME_SAMPLES < end_sample:
            if self._speaking is None or self._speaking.done():
                reason = publisher.failure or "it has left the room"
                raise TransportError(
                    f"{self.identity} could not say everything: {reason}",
                    remedy="connect() again, to a room that is still there",
                )
            await asyncio.sleep(_POLL_SECONDS)

    @staticmethod
    def _sent_at(publisher: Publisher, phrase: ScheduledPhrase) -> datetime:
        frame = phrase.start_sample // FRAME_SAMPLES
        stamps = publisher.timings(frame, frame + 1)
        stamp = stamps.handed_over_ns[0] or stamps.deadline_ns[0]
        return publisher.started.wall_at(float(stamp))

    @staticmethod
    def _lateness_ms(publisher: Publisher, phrase: ScheduledPhrase) -> float:
        first, last = phrase.start_sample // FRAME_SAMPLES, -(-phrase.end_sample // FRAME_SAMPLES)
        stamps = publisher.timings(first, last)
        passed = stamps.handed_over_ns > 0
        if not passed.any():
            return 0.0
        late_ns = (stamps.handed_over_ns - stamps.deadline_ns)[passed]
        return float(late_ns.mean()) / NANOSECONDS_PER_MILLISECOND

    async def simulate_network_conditions(
        self,
        packet_loss_rate: float = 0.0,
        latency_ms: float = 0.0,
        jitter_ms: float = 0.0,
        *,
        profile: str = "",
        direction: Directions = "both",
        **more: Unpack[FurtherConditions],
    ) -> None:
        """Make this client's network worse, or good again, from now on; may be called at any time in a call.

        It is done to the real packets of this client, by a relay between it and the server; without arguments
        nothing is done any more. Conditions end with the connection. The way through the relay costs 0.1 to
        0.2 ms a direction and 1 % of a processor core where nothing is done.

        Parameters
        ----------
        packet_loss_rate
            Share of the packets that is lost, from 0 to 1.
        latency_ms
            By how much every packet comes later, in each direction.
        jitter_ms
            How far packets stray around the latency, either way, in each direction; they keep their order.
        profile
            A network by its name (``4g``, ``train``, ...), or as text (``loss=5,latency=100``), in the place
            of all figures.
        direction
            ``both``, ``uplink`` (what this client sends) or ``downlink``; the other one stays as it is.
        more
            Further figures of :class:`~eloquence_pipeline.models.DirectionConditions`:
            ``loss_burst_packets``, ``reorder_rate``, ``duplication_rate``, ``bandwidth_kbps``,
            ``queue_ms``, ``blackout``, ``outage_every_seconds``, ``outage_seconds``.

        Raises
        ------
        ConfigurationError
            If a figure is impossible, or there is no such network; nothing has changed then.
        TransportError
            If this client is not connected, or its network cannot be changed.
        """
        figures: dict[str, Any] = {
            "packet_loss_rate": packet_loss_rate,
            "latency_ms": latency_ms,
            "jitter_ms": jitter_ms,
            **more,
        }
        given = {name: figure for name, figure in figures.items() if figure != 0}
        await self._impair(wished_conditions(self._conditions, profile, direction, given))

    async def _impair(self, conditions: NetworkConditions) -> None:
        await self._own_path().impair(conditions)
        self._conditions = conditions

    async def network_report(self) -> RelayedParticipant:
        """Return what was done to this client's packets since it has connected, as the relay counted it.

        Raises
        ------
        TransportError
            If this client is not connected.
        """
        return await self._own_path().report()

    def _own_path(self) -> NetworkPath:
        if self._path is None or not self.room_name:
            raise TransportError(f"{self.identity} is not connected", remedy="call connect(room_name) first")
        return self._path

    def listen_to(self, identity: str) -> None:
        """Record another participant from now on, or from when it comes.

        Raises
        ------
        TransportError
            If this client is not connected.
        """
        if self._listener is None:
            raise TransportError(f"{self.identity} is not connected", remedy="call connect(room_name) first")
        self._listener.add(identity)

    def received(self, identity: str) -> npt.NDArray[np.int16]:
        """Return what was recorded of a participant so far, int16 of shape (n,), mono at 48 kHz.

        Raises
        ------
        TransportError
            If nobody listens to it.
        """
        if self._listener is None:
            raise TransportError(
                f"{self.identity} is not connected", remedy="take the samples before disconnect()"
            )
        return self._listener.samples(identity)

    async def disconnect(self) -> None:
        """Say what is still to be said, let it arrive, and leave the room.

        Calling it again changes nothing; after it the client can connect again.
        """
        try:
            if self._speaking is not None and not self._speaking.done():
                self._playlist.append(np.zeros(round(TAIL_SECONDS * SAMPLE_RATE_HZ), dtype=np.int16))
                self._playlist.end()
                await self._speaking
        finally:
            if self.room_name:
                await self._close()

    async def _close(self) -> None:
        self.room_name = ""
        await self._stack.aclose()
        self._reset()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._call.break_off("interrupted")  # nobody waits for what is still to be said
        await self.disconnect()
