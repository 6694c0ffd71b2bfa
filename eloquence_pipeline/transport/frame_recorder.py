"""Write down what the receiver's jitter buffer gives out, and when."""

from __future__ import annotations

import asyncio
from typing import Protocol

from livekit import rtc

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.redaction import redact
from eloquence_pipeline.transport.audio_format import SAMPLE_RATE_HZ
from eloquence_pipeline.transport.growing_end import GrowingEnd
from eloquence_pipeline.transport.loop_thread import LoopThread

ARRAYS = ("arrived_ns", "loop_lag_ns")
ARRIVED, LOOP_LAG = range(2)
TICK_NS = 50_000_000


class Recorder(Protocol):
    """Gives an end what a remote participant is heard saying."""

    failure: str
    """Why a recording ended by itself, known after :meth:`close`."""

    def attach(self, track: rtc.RemoteAudioTrack) -> None:
        """Record `track` from now on, in the place of the one before it."""
        ...

    async def close(self) -> None:
        """End the recording. Calling it again changes nothing."""
        ...


class FrameRecorder:
    """Record a remote participant's audio on the loop of a thread that does nothing else.

    A track yields a 10 ms frame every 10 ms, silence included, until it ends.

    Parameters
    ----------
    thread
        Where frames are taken; recorders of one room may share it.
    end
        Is given every frame, when it arrived, and every 50 ms how late this thread's loop woke up.
    """

    def __init__(self, thread: LoopThread, end: GrowingEnd) -> None:
        self._thread = thread
        self._end = end
        self._streams: list[rtc.AudioStream] = []
        self._recordings: list[asyncio.Future[None]] = []
        self._ticking = self._thread.submit(self._tick())
        self.failure = ""
        """Why a recording ended by itself, known after :meth:`close`."""

    async def _tick(self) -> None:
        while True:
            due_ns = monotonic_ns() + TICK_NS
            await asyncio.sleep(TICK_NS / NANOSECONDS_PER_SECOND)
            self._end.timings.put((LOOP_LAG, max(0, monotonic_ns() - due_ns)))

    def attach(self, track: rtc.RemoteAudioTrack) -> None:
        """Record `track` from now on.

        A reconnect brings a new track; its frames follow those of the old one, which is let go: some of
        them go on giving silence. The arrival times tell where the gap is.
        """
        self._recordings.append(asyncio.wrap_future(self._thread.submit(self._record(track))))

    async def _record(self, track: rtc.RemoteAudioTrack) -> None:
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE_HZ, num_channels=1, frame_size_ms=10, loop=self._thread.loop
        )
        self._streams.append(stream)
        async for event in stream:
            if stream is not self._streams[-1]:
                await stream.aclose()
                return
            self._end.timings.put((ARRIVED, monotonic_ns()))
            self._end.audio.put(bytes(event.frame.data))

    async def close(self) -> None:
        """End the recording. Calling it again changes nothing."""
        for stream in self._streams:
            closing = asyncio.ensure_future(self._thread.run(stream.aclose()))
            await asyncio.wait({closing}, timeout=2)
        if self._recordings:
            done, _ = await asyncio.wait(self._recordings, timeout=2)
            errors = [error for recording in done if (error := recording.exception()) is not None]
            self.failure = f"the recorder failed: {redact(str(errors[0]))}" if errors else ""
        self._ticking.cancel()
        self._streams.clear()
        self._recordings.clear()
