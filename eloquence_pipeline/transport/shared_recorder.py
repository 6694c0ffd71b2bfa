"""Write down what many receivers' jitter buffers give out, where the SDK reports it."""

from __future__ import annotations

import asyncio

from livekit import rtc

from eloquence_pipeline.clock import monotonic_ns
from eloquence_pipeline.transport.audio_format import SAMPLE_RATE_HZ
from eloquence_pipeline.transport.frame_recorder import ARRIVED
from eloquence_pipeline.transport.growing_end import GrowingEnd
from eloquence_pipeline.transport.loop_thread import LoopThread
from eloquence_pipeline.transport.sdk_shortcut import Shortcut, TakeFrame


class SharedRecorder:
    """Record a remote participant's audio, in the place of a :class:`FrameRecorder`.

    Parameters
    ----------
    thread
        Its loop keeps the streams; many recorders share it. No frame waits for it.
    shortcut
        Of the SDK of this process.
    end
        Is given every frame, and when it arrived. How late a loop wakes up says nothing here: frames are
        taken where the SDK reports them.
    """

    def __init__(self, thread: LoopThread, shortcut: Shortcut, end: GrowingEnd) -> None:
        self.failure = ""
        self._thread = thread
        self._shortcut = shortcut
        self._end = end
        self._streams: list[rtc.AudioStream] = []

    def attach(self, track: rtc.RemoteAudioTrack) -> None:
        """Record `track` from now on; the one before it, which a reconnect has ended, is let go."""
        self._thread.submit(self._listen(track))

    async def _listen(self, track: rtc.RemoteAudioTrack) -> None:
        for earlier in self._streams:
            self._shortcut.stop_listening(earlier)
        loop = self._thread.loop
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE_HZ, num_channels=1, frame_size_ms=10, loop=loop
        )
        self._streams.append(stream)
        self._shortcut.listen(stream, self._taker())

    def _taker(self) -> TakeFrame:
        timing, audio = self._end.timings.put, self._end.audio.put

        def take(content: bytes) -> None:
            timing((ARRIVED, monotonic_ns()))
            audio(content)

        return take

    async def close(self) -> None:
        """End the recording. Calling it again changes nothing."""
        for stream in self._streams:
            self._shortcut.stop_listening(stream)
            closing = asyncio.ensure_future(self._thread.run(stream.aclose()))
            await asyncio.wait({closing}, timeout=2)
        self._streams.clear()
