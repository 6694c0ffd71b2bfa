"""The listening end: connect, wait for each speaker's track, record all of them until they end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from livekit import rtc
from pydantic import SecretStr

from eloquence_pipeline.errors import SubscriptionTimeout, TransportError
from eloquence_pipeline.models import Recording, Side
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.disk_writer import DiskWriter
from eloquence_pipeline.transport.frame_recorder import ARRAYS, FrameRecorder, Recorder
from eloquence_pipeline.transport.growing_end import LISTENER_FILES, GrowingEnd, finished
from eloquence_pipeline.transport.loop_thread import LoopThread
from eloquence_pipeline.transport.network.simulated import NetworkPath
from eloquence_pipeline.transport.participant import Participant, first_of
from eloquence_pipeline.transport.sound_counter import SoundCounter

TRACK_TIMEOUT_SECONDS = 15.0
OVERTIME_SECONDS = 30.0
"""How much longer than expected a speaker may take before the recording ends by itself."""
LEAVING_SECONDS = 2.0

_SSRC_POLL_SECONDS = 0.25


async def subscribe(
    *,
    url: str,
    token: SecretStr,
    identity: str,
    speakers: Mapping[str, str],
    expected_seconds: float,
    folder: Path,
    call: Call,
    path: NetworkPath | None = None,
) -> dict[str, Recording]:
    """Record speakers from the moment their tracks are there until all have said everything and left.

    Parameters
    ----------
    url, token
        The server, and a token that lets `identity` subscribe in one room.
    path
        The way to the server through a simulated network; None goes directly.
    speakers
        Identities of the participants to record, each with what stands in the names of its files.
    expected_seconds
        Length of what will be said; recording ends 30 s after that at the latest.
    folder
        Where the files grow as soon as the tracks are there.
    call
        Says when everything has been said; told when this end broke off; ends early when another did.

    Returns
    -------
    dict
        A recording for each speaker, with a ``failure`` if it ended otherwise.

    Raises
    ------
    TransportError
        If not every speaker's track could be subscribed to.
    """
    async with (
        Participant(Side.SUBSCRIBER, identity, call.ways_back.get(identity)) as participant,
        Listener(participant, speakers, folder, DiskWriter(call.breaker())) as listener,
    ):
        await participant.connect(url, token, path)
        call.participants[identity] = participant
        await listener.until_subscribed(call)
        call.heard_count = lambda: listener.heard_count
        listener.record()
        try:
            await listener.until_ended(call, expected_seconds)
        finally:
            await listener.end(call)
            recordings = listener.finish()
        return recordings


class Listener:
    """What a participant does to record others, each by itself.

    Parameters
    ----------
    participant
        Who listens.
    speakers
        Whom it records, each with what stands in the names of its files.
    folder, writer
        Where :meth:`record` writes, and what with.
    make_recorder
        Makes what takes the frames of one speaker; a thread of its own does if nothing else is said.

    Attributes
    ----------
    failure
        Why the recording ended before everything was said; empty if it did not.
    """

    def __init__(
        self,
        participant: Participant,
        speakers: Mapping[str, str],
        folder: Path,
        writer: DiskWriter,
        make_recorder: Callable[[GrowingEnd], Recorder] | None = None,
    ) -> None:
        self.failure = "interrupted"
        self._participant = participant
        self._folder = folder
        self._writer = writer
        self._thread = LoopThread("frame-recorder") if make_recorder is None else None
        self._make_recorder = make_recorder or self._own_recorder
        self._watches = {speaker: self._watch(tag) for speaker, tag in speakers.items()}
        participant.on("track_subscribed", self._on_subscribed)
        participant.on("participant_disconnected", self._on_left)

    def _watch(self, tag: str) -> _Watch:
        counter = SoundCounter()
        files = LISTENER_FILES.of_one_heard(tag)
        end = GrowingEnd(self._participant, self._folder, files, ARRAYS, counter.hear)
        return _Watch(self._make_recorder(end), end, counter)

    def _own_recorder(self, end: GrowingEnd) -> Recorder:
        assert self._thread is not None  # noqa: S101 - for the type checker
        return FrameRecorder(self._thread, end)

    @property
    def heard_count(self) -> int:
        """Stretches of sound that were heard so far, of all speakers."""
        return sum(watch.counter.count for watch in self._watches.values())

    def record(self) -> None:
        """Write down what was heard so far, and what is heard from now on while it is."""
        self._participant.keep(
            self._writer, self._folder / LISTENER_FILES.statistics, self._folder / LISTENER_FILES.events
        )
        for watch in self._watches.values():
            watch.record(self._writer)

    def add(self, speaker: str) -> None:
        """Record one more participant, who may be there already, at once."""
        if speaker in self._watches:
            return
        self._watches[speaker] = watch = self._watch(f"-{len(self._watches) + 1}")
        watch.record(self._writer)
        present = self._participant.room.remote_participants.get(speaker)
        for publication in present.track_publications.values() if present else ():
            if isinstance(publication.track, rtc.RemoteAudioTrack):
                watch.attach(publication.track)

    def samples(self, speaker: str) -> npt.NDArray[np.int16]:
        """Return what was recorded of `speaker` so far, int16 of shape (n,).

        Raises
        ------
        TransportError
            If it is none of those who are recorded.
        """
        if speaker not in self._watches:
            raise TransportError(f"nobody listens to {speaker!r}", remedy="listen_to() it first")
        self._writer.flush()
        return self._watches[speaker].end.samples()

    def _on_subscribed(
        self, track: rtc.Track, _: rtc.RemoteTrackPublication, participant: rtc.RemoteParticipant
    ) -> None:
        watch = self._watches.get(participant.identity)
        if watch is not None and isinstance(track, rtc.RemoteAudioTrack):
            watch.attach(track)

    def _on_left(self, participant: rtc.RemoteParticipant) -> None:
        if (watch := self._watches.get(participant.identity)) is not None:
            watch.left.set()

    async def until_subscribed(self, call: Call) -> None:
        """Wait until every speaker's track is there.

        Raises
        ------
        SubscriptionTimeout
            If one is not within 15 s; transient.
        TransportError
            If another end broke off; transient.
        """
        give_up_at = time.monotonic() + TRACK_TIMEOUT_SECONDS
        for speaker, watch in self._watches.items():
            left_seconds = max(0.0, give_up_at - time.monotonic())
            await first_of(watch.subscribed, call.broken, within_seconds=left_seconds)
            if watch.subscribed.is_set():
                continue
            if call.broken.is_set():
                raise TransportError("stopped before the first frame: the other end failed", transient=True)
            raise SubscriptionTimeout(
                f"no track of {speaker} appeared within {TRACK_TIMEOUT_SECONDS:.0f} s",
                remedy="look at the publisher's log lines: it may not have reached the room",
            )

    async def until_ended(self, call: Call, expected_seconds: float) -> None:
        """Wait until everything has been said, or the call breaks off; :attr:`failure` says which."""
        gone = self._participant.gone_event
        await first_of(call.spoken, gone, call.broken, within_seconds=expected_seconds + OVERTIME_SECONDS)
        if call.spoken.is_set():
            # The last packets are under way when a speaker has left; the listener learns of it after them.
            for watch in self._watches.values():
                await first_of(watch.left, gone, within_seconds=LEAVING_SECONDS)
            self.failure = ""
        elif gone.is_set():
            self.failure = "the subscriber was disconnected"
        elif call.broken.is_set():
            self.failure = "the other end failed"
        else:
            self.failure = "the speaker did not end when it should have"

    async def end(self, call: Call) -> None:
        """Stop recording and tell the call how it went."""
        await self._participant.statistics.stop()
        for watch in self._watches.values():
            await watch.close()
            self.failure = self.failure or watch.recorder.failure
        if self.failure:
            call.break_off(self.failure)

    def finish(self) -> dict[str, Recording]:
        """Write a record of what was heard of each speaker since :meth:`record`.

        Raises
        ------
        TransportError
            If not everything could be written; what was can be read all the same.
        """
        return finished(
            self._writer,
            lambda: {speaker: watch.finish(self.failure) for speaker, watch in self._watches.items()},
            self._folder / LISTENER_FILES.events,
        )

    async def __aenter__(self) -> Listener:
        return self

    async def __aexit__(self, *_: object) -> None:
        for watch in self._watches.values():
            await watch.close()
        if self._thread is not None:
            self._thread.stop()
        self._writer.close()


class _Watch:
    """Follows one speaker's track and attaches the recorder to it, also after a reconnect."""

    def __init__(self, recorder: Recorder, end: GrowingEnd, counter: SoundCounter) -> None:
        self.recorder = recorder
        self.end = end
        self.counter = counter
        self._is_recording = False
        self.subscribed = asyncio.Event()
        self.left = asyncio.Event()
        self._ssrcs: list[int] = []
        self._learning: list[asyncio.Task[None]] = []

    def record(self, writer: DiskWriter) -> None:
        self._is_recording = True
        self.end.begin(writer)
        self.end.note(self._ssrcs)

    def finish(self, failure: str) -> Recording:
        return self.end.finish(Recording, ssrcs=tuple(self._ssrcs), failure=failure)

    def attach(self, track: rtc.RemoteAudioTrack) -> None:
        self.recorder.attach(track)
        self._learning.append(asyncio.create_task(self._learn_ssrc(track), name="ssrc"))
        self.left.clear()
        self.subscribed.set()

    async def _learn_ssrc(self, track: rtc.RemoteAudioTrack) -> None:
        # The room's statistics name streams by SSRC alone, and a track knows its own only once packets
        # have arrived.
        while True:
            with contextlib.suppress(Exception):  # a track that ended has no statistics any more
                stats = await track.get_stats()
                found = [entry.inbound_rtp.stream.ssrc for entry in stats if entry.HasField("inbound_rtp")]
                if found:
                    self._note([ssrc for ssrc in found if ssrc not in self._ssrcs])
                    return
            await asyncio.sleep(_SSRC_POLL_SECONDS)

    def _note(self, ssrcs: list[int]) -> None:
        self._ssrcs += ssrcs
        if self._is_recording:
            self.end.note(self._ssrcs)

    async def close(self) -> None:
        for task in self._learning:
            task.cancel()
        await asyncio.gather(*self._learning, return_exceptions=True)
        await self.recorder.close()
