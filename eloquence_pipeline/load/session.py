"""One session of a load cell: a speaker and a listener in a room of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import SecretStr

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.load.ways import Way
from eloquence_pipeline.models import Record, Recording, SendRecord, Side, SpeechScript
from eloquence_pipeline.models.load import SessionPlan
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.disk_writer import DiskWriter
from eloquence_pipeline.transport.frame_pump import Pump
from eloquence_pipeline.transport.growing_end import GrowingEnd
from eloquence_pipeline.transport.participant import Participant, first_of
from eloquence_pipeline.transport.playlist import Playlist
from eloquence_pipeline.transport.publisher import Publisher
from eloquence_pipeline.transport.subscriber import Listener

SPEAKER, LISTENER = "speaker", "listener"
SPEAKER_STATISTICS_SECONDS, LISTENER_STATISTICS_SECONDS = 5.0, 1.0
"""Less often than in other calls: taking a sample and writing it down costs as much as thirty frames. The
speaker's are only counted to the end; the listener's tell the jitter buffer's share of each phrase."""
LONGEST_WAIT_SECONDS = 3600.0
"""For the common start; whoever gives it has died long before that."""


class SessionTokens(Record):
    """What lets both participants join."""

    speaker: SecretStr
    listener: SecretStr


class Gate:
    """The common start of all sessions of a cell.

    Attributes
    ----------
    opened
        Set when it is known.
    start_ns
        The agreed moment on the measuring clock.
    """

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.start_ns = 0

    def open(self, start_ns: int) -> None:
        """Let all sessions begin at `start_ns`."""
        self.start_ns = start_ns
        self.opened.set()


class Session:
    """One session: it joins, waits for the gate, speaks and leaves.

    Parameters
    ----------
    plan, url, tokens
        Of the session.
    folder
        Where its files grow; not used if it is not measured.
    gate, way
        Of the cell.

    Attributes
    ----------
    joined
        Set when the speaker is heard by the listener.
    sent, received
        What the ends wrote down.
    failure
        Why it was not carried to its end; empty if it was.
    """

    def __init__(
        self, plan: SessionPlan, url: str, tokens: SessionTokens, *, folder: Path, gate: Gate, way: Way
    ) -> None:
        self.plan = plan
        self.folder = folder
        self.joined = asyncio.Event()
        self.sent: SendRecord | None = None
        self.received: Recording | None = None
        self.failure = ""
        self._url = url
        self._tokens = tokens
        self._gate = gate
        self._way = way
        self._call = Call([SPEAKER])
        self._pump: Pump | None = None

    def break_off(self, cause: str) -> None:
        """Stop both ends at once."""
        self._call.break_off(cause)

    async def run(self) -> None:
        """Carry the session from joining to leaving; :attr:`failure` says what went wrong."""
        broken = self._call.broken
        await first_of(broken, within_seconds=self.plan.joins_after_seconds)
        if not broken.is_set():
            await asyncio.gather(self._breaking_off(self._speak()), self._breaking_off(self._listen()))
        self.failure = self._call.cause

    async def _breaking_off(self, end: Awaitable[None]) -> None:
        try:
            await end
        except Exception as error:  # of whatever kind: the other sessions go on
            self._call.break_off(str(error) or type(error).__name__, error)

    async def _speak(self) -> None:
        script = self.plan.script
        playlist = Playlist.scheduled(_sounds(script), script.sample_count)
        async with (
            Participant(
                Side.PUBLISHER, SPEAKER, statistics_every_seconds=SPEAKER_STATISTICS_SECONDS
            ) as participant,
            Publisher(participant, playlist, self._call, self.folder, make_pump=self._make_pump) as publisher,
        ):
            await participant.connect(self._url, self._tokens.speaker)
            await publisher.publish_track()
            await publisher.until_heard()
            await self._begin(publisher, participant)
            try:
                await self._at_the_gate()
                await publisher.speak()
            finally:
                await publisher.leave()
                if self.plan.is_measured:
                    self.sent = publisher.finish()

    def _make_pump(self, playlist: Playlist, end: GrowingEnd) -> Pump:
        self._pump = self._way.pump(playlist, end)
        return self._pump

    async def _begin(self, publisher: Publisher, participant: Participant) -> None:
        if self.plan.is_measured:
            publisher.record()
        else:
            publisher.discard()
            await participant.statistics.stop()
        self.joined.set()

    async def _at_the_gate(self) -> None:
        await first_of(self._gate.opened, self._call.broken, within_seconds=LONGEST_WAIT_SECONDS)
        if self._call.broken.is_set() or not self._gate.opened.is_set():
            raise TransportError("stopped before the first frame")
        assert self._pump is not None  # noqa: S101 - for the type checker
        offset_ns = round(self.plan.speaks_after_ms * NANOSECONDS_PER_MILLISECOND)
        await self._way.await_start(self._pump, self._gate.start_ns + offset_ns)

    async def _listen(self) -> None:
        async with Participant(
            Side.SUBSCRIBER, LISTENER, statistics_every_seconds=LISTENER_STATISTICS_SECONDS
        ) as participant:
            if self.plan.is_measured:
                await self._record(participant)
                return
            await participant.connect(self._url, self._tokens.listener)
            await participant.statistics.stop()
            await first_of(
                self._call.spoken,
                self._call.broken,
                participant.gone_event,
                within_seconds=LONGEST_WAIT_SECONDS + self.plan.script.duration_seconds,
            )

    async def _record(self, participant: Participant) -> None:
        writer = DiskWriter(self._call.breaker())
        async with Listener(participant, {SPEAKER: ""}, self.folder, writer, self._way.recorder) as listener:
            await participant.connect(self._url, self._tokens.listener)
            await listener.until_subscribed(self._call)
            listener.record()
            try:
                await first_of(self._gate.opened, self._call.broken, within_seconds=LONGEST_WAIT_SECONDS)
                waits_ns = max(0, self._gate.start_ns - monotonic_ns())
                expected = self.plan.script.duration_seconds + waits_ns / NANOSECONDS_PER_SECOND
                await listener.until_ended(self._call, expected)
            finally:
                await listener.end(self._call)
                self.received = listener.finish().get(SPEAKER)


def _sounds(script: SpeechScript) -> list[tuple[int, npt.NDArray[np.int16]]]:
    return [(phrase.start_sample, _samples(phrase.clip.audio_path)) for phrase in script.phrases]


@cache
def _samples(path: Path) -> npt.NDArray[np.int16]:
    """Read a clip once, however many sessions of the process say it."""
    return read_wav(path)[0]
