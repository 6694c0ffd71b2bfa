"""The listening end: connect, wait for each speaker's track, record all of them until they end."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from livekit import rtc
from pydantic import SecretStr

from eloquence_pipeline.errors import SubscriptionTimeout, TransportError
from eloquence_pipeline.models import Recording, Side
from eloquence_pipeline.transport.call import Call
from eloquence_pipeline.transport.end_files import LISTENER_FILES, write_received, write_statistics
from eloquence_pipeline.transport.frame_recorder import FrameRecorder
from eloquence_pipeline.transport.loop_thread import LoopThread
from eloquence_pipeline.transport.network.simulated import NetworkPath
from eloquence_pipeline.transport.participant import Participant, first_of

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
        Where the files are written, whatever happens once the tracks are there.
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
        Participant(Side.SUBSCRIBER, identity) as participant,
        Listener(participant, speakers) as listener,
    ):
        await participant.connect(url, token, path)
        await listener.until_subscribed(call)
        try:
            await listener.until_ended(call, expected_seconds)
        finally:
            await listener.end(call)
            recordings = listener.write(folder)
        return recordings


class Listener:
    """What a participant does to record others, each by itself.

    Parameters
    ----------
    participant
        Who listens.
    speakers
        Whom it records, each with what stands in the names of its files.

    Attributes
    ----------
    failure
        Why the recording ended before everything was said; empty if it did not.
    """

    def __init__(self, participant: Participant, speakers: Mapping[str, str]) -> None:
        self.failure = "interrupted"
        self._participant = participant
        self._thread = LoopThread("frame-recorder")
        self._speakers = dict(speakers)
        self._watches = {speaker: _Watch(FrameRecorder(self._thread)) for speaker in speakers}
        participant.on("track_subscribed", self._on_subscribed)
        participant.on("participant_disconnected", self._on_left)

    def add(self, speaker: str) -> None:
        """Record one more participant, who may be there already."""
        if speaker in self._watches:
            return
        self._speakers[speaker] = ""
        self._watches[speaker] = _Watch(FrameRecorder(self._thread))
        present = self._participant.room.remote_participants.get(speaker)
        for publication in present.track_publications.values() if present else ():
            if isinstance(publication.track, rtc.RemoteAudioTrack):
                self._watches[speaker].attach(publication.track)

    def samples(self, speaker: str) -> npt.NDArray[np.int16]:
        """Return what was recorded of `speaker` so far, int16 of shape (n,).

        Raises
        ------
        TransportError
            If it is none of those who are recorded.
        """
        if speaker not in self._watches:
            raise TransportError(f"nobody listens to {speaker!r}", remedy="listen_to() it first")
        return self._watches[speaker].recorder.samples()

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

    def write(self, folder: Path) -> dict[str, Recording]:
        """Write what was heard of each speaker."""
        statistics = write_statistics(self._participant, folder, LISTENER_FILES)
        return {
            speaker: write_received(
                self._participant,
                watch.recorder.samples(),
                {"arrived_ns": watch.recorder.arrived_ns(), "loop_lag_ns": watch.recorder.loop_lag_ns()},
                folder,
                LISTENER_FILES.tagged(self._speakers[speaker]),
                statistics=statistics,
                ssrcs=tuple(watch.ssrcs),
                failure=self.failure,
            )
            for speaker, watch in self._watches.items()
        }

    async def __aenter__(self) -> Listener:
        return self

    async def __aexit__(self, *_: object) -> None:
        for watch in self._watches.values():
            await watch.close()
        self._thread.stop()


class _Watch:
    """Follows one speaker's track and attaches the recorder to it, also after a reconnect."""

    def __init__(self, recorder: FrameRecorder) -> None:
        self.recorder = recorder
        self.subscribed = asyncio.Event()
        self.left = asyncio.Event()
        self.ssrcs: list[int] = []
        self._learning: list[asyncio.Task[None]] = []

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
                self.ssrcs += [ssrc for ssrc in found if ssrc not in self.ssrcs]
                if found:
                    return
            await asyncio.sleep(_SSRC_POLL_SECONDS)

    async def close(self) -> None:
        for task in self._learning:
            task.cancel()
        await asyncio.gather(*self._learning, return_exceptions=True)
        await self.recorder.close()
