"""The speaking end: connect, publish, wait for a listener, speak, leave."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from livekit import rtc
from pydantic import SecretStr

from eloquence_pipeline.clock import Instant
from eloquence_pipeline.errors import SubscriptionTimeout, TransportError
from eloquence_pipeline.models import SendRecord, Side
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.disk_writer import DiskWriter
from eloquence_pipeline.transport.frame_pump import ARRAYS, FramePump, Pump, PumpTimings
from eloquence_pipeline.transport.growing_end import SPEAKER_FILES, GrowingEnd, finished
from eloquence_pipeline.transport.network.simulated import NetworkPath
from eloquence_pipeline.transport.participant import Participant, first_of
from eloquence_pipeline.transport.playlist import Playlist

SUBSCRIPTION_TIMEOUT_SECONDS = 15.0
TRACK_NAME = "speech"


async def publish(
    *,
    url: str,
    token: SecretStr,
    identity: str,
    playlist: Playlist,
    folder: Path,
    call: Call,
    tag: str = "",
    on_position: Callable[[int], None] = lambda _: None,
    path: NetworkPath | None = None,
) -> SendRecord:
    """Speak a playlist into a room in real time and write down when each frame went out.

    Parameters
    ----------
    url, token
        The server, and a token that lets `identity` publish in one room.
    path
        The way to the server through a simulated network; None goes directly.
    playlist
        What is said; the call ends with it.
    folder
        Where the record's files grow while audio goes out.
    call
        Told when this speaker is heard, has said everything, or broke off; ends early when another end did.
    tag
        Stands in the names of the files, where several speak.
    on_position
        Called about ten times a second with the number of samples handed over.

    Returns
    -------
    SendRecord
        With a ``failure`` if the transmission broke off after the first frame.

    Raises
    ------
    TransportError
        If no frame could be sent.
    """
    async with (
        Participant(Side.PUBLISHER, identity, call.ways_back.get(identity)) as participant,
        Publisher(participant, playlist, call, folder, tag) as publisher,
    ):
        await participant.connect(url, token, path)
        call.participants[identity] = participant
        await publisher.publish_track()
        await publisher.until_heard()
        publisher.record()
        try:
            await publisher.speak(on_position)
        finally:
            await publisher.leave()
            record = publisher.finish()
        return record


class Publisher:
    """What a participant does to speak: :meth:`publish_track`, :meth:`speak`, :meth:`leave`.

    Parameters
    ----------
    participant
        Who speaks.
    playlist
        What it says.
    call
        The call that it is a part of.
    folder, tag
        Where :meth:`record` writes, and what stands in the names of the files.
    make_pump
        Makes what hands the playlist over; each speaker has a thread of its own if nothing else is said.

    Attributes
    ----------
    failure
        Why it did not say everything; empty once it has.
    """

    def __init__(
        self,
        participant: Participant,
        playlist: Playlist,
        call: Call,
        folder: Path,
        tag: str = "",
        *,
        make_pump: Callable[[Playlist, GrowingEnd], Pump] = FramePump,
    ) -> None:
        self.failure = "interrupted"
        self._participant = participant
        self._call = call
        self._folder = folder
        self._files = SPEAKER_FILES.tagged(tag)
        self._writer = DiskWriter(call.breaker())
        self._end = GrowingEnd(participant, folder, self._files, ARRAYS)
        self._pump = make_pump(playlist, self._end)
        self._has_listener = asyncio.Event()
        participant.on("local_track_subscribed", self._has_listener.set)
        # Frames are handed over all the while: who is put out of a room goes on speaking.
        participant.after_return(self.publish_track)

    @property
    def frame_count(self) -> int:
        """Number of frames dealt with so far."""
        return self._pump.frame_count

    @property
    def started(self) -> Instant:
        """When the participant came into being, on both clocks."""
        return self._participant.started

    def timings(self, first: int, last: int) -> PumpTimings:
        """Return when the frames from `first` to before `last` should have been, and were, handed over.

        Those of the last ten minutes are known.
        """
        return self._pump.timings(first, last)

    def record(self) -> None:
        """Write down what is sent from now on, while it is sent."""
        self._participant.keep(
            self._writer, self._folder / self._files.statistics, self._folder / self._files.events
        )
        self._end.begin(self._writer)

    def discard(self) -> None:
        """Write nothing down of what is sent, in the place of :meth:`record` and :meth:`finish`."""
        self._end.discard()

    async def publish_track(self) -> None:
        """Offer the track.

        Raises
        ------
        TransportError
            If the SDK or the server refuses; transient.
        """
        track = rtc.LocalAudioTrack.create_audio_track(TRACK_NAME, self._pump.source)
        # Without DTX every frame becomes a packet, so packets can be counted; pauses carry silence.
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False)
        try:
            await self._participant.room.local_participant.publish_track(track, options)
        except Exception as error:
            raise TransportError(
                f"the track could not be published: {redact(str(error))}", transient=True
            ) from None

    async def until_heard(self) -> None:
        """Wait until somebody listens to this speaker and to every other one of the call.

        Raises
        ------
        SubscriptionTimeout
            If nobody does within 15 s; transient.
        TransportError
            If another end broke off; transient.
        """
        call = self._call
        await first_of(self._has_listener, call.broken, within_seconds=SUBSCRIPTION_TIMEOUT_SECONDS)
        if self._has_listener.is_set():
            call.is_heard(self._participant.identity)
            await first_of(call.heard, call.broken, within_seconds=SUBSCRIPTION_TIMEOUT_SECONDS)
        if call.broken.is_set():
            raise TransportError("stopped before the first frame: the other end failed", transient=True)
        if self._has_listener.is_set() and not call.heard.is_set():
            raise SubscriptionTimeout(
                f"another speaker was not heard within {SUBSCRIPTION_TIMEOUT_SECONDS:.0f} s",
                remedy="look at the log lines of the other speakers",
            )
        if not call.heard.is_set():
            raise SubscriptionTimeout(
                f"nobody subscribed to the track within {SUBSCRIPTION_TIMEOUT_SECONDS:.0f} s",
                remedy="look at the subscriber's log lines: it may not have reached the room",
            )

    async def has_listener_within(self, seconds: float) -> bool:
        """Wait at most `seconds` for somebody to listen, and say whether anybody does."""
        await first_of(self._has_listener, self._call.broken, within_seconds=seconds)
        return self._has_listener.is_set()

    async def speak(self, on_position: Callable[[int], None] = lambda _: None) -> None:
        """Hand over the playlist to its end, or until the call breaks off; :attr:`failure` says which."""
        pump = self._pump
        speaking = asyncio.ensure_future(pump.run(lambda frames: on_position(frames * FRAME_SAMPLES)))
        endings = {
            asyncio.ensure_future(self._participant.gone_event.wait()),
            asyncio.ensure_future(self._call.broken.wait()),
        }
        try:
            await asyncio.wait({speaking, *endings}, return_when=asyncio.FIRST_COMPLETED)
            self.failure = await self._outcome(speaking)
        finally:
            for future in (speaking, *endings):
                future.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await speaking

    async def _outcome(self, speaking: asyncio.Future[None]) -> str:
        if not speaking.done():
            broken = self._call.broken.is_set()
            return "the other end failed" if broken else "the publisher was disconnected"
        try:
            await speaking
        except Exception as error:
            return f"the SDK refused a frame: {redact(str(error))}"
        return ""

    async def leave(self) -> None:
        """Leave the room and tell the call how it went."""
        await self._participant.disconnect()
        if self.failure:
            self._call.break_off(self.failure)
        else:
            self._call.has_spoken(self._participant.identity)
        await self._pump.close()

    def finish(self) -> SendRecord:
        """Write the record of what has been handed over since :meth:`record`.

        Raises
        ------
        TransportError
            If not everything could be written; what was can be read all the same.
        """
        return finished(
            self._writer,
            lambda: self._end.finish(SendRecord, failure=self.failure),
            self._folder / self._files.events,
        )

    async def __aenter__(self) -> Publisher:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._pump.close()
        self._writer.close()
