"""Hand audio to the SDK in real time: one 10 ms frame at each absolute deadline."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from livekit import rtc

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.transport.audio_format import FRAME_NS, FRAME_SAMPLES, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.loop_thread import LoopThread

_START_MARGIN_NS = 20_000_000
_SKIP_BEHIND_NS = 2 * FRAME_NS


@dataclass(frozen=True)
class PumpTimings:
    """When each frame should have been, and was, handed over.

    Attributes
    ----------
    deadline_ns, handed_over_ns
        int64 of shape (frames,), on the measuring clock; zero where a frame was left out.
    """

    deadline_ns: npt.NDArray[np.int64]
    handed_over_ns: npt.NDArray[np.int64]


class FramePump:
    """Push samples into an audio source, one frame every 10 ms, from a thread of its own.

    The source's queue is 0 ms long: what is pushed goes to the encoder at once, so the moment of
    pushing is the moment of sending. Deadlines are absolute, so lateness does not add up. After a
    stall the frames that are more than 20 ms late are left out: catching up in a burst would fill
    the receiver's jitter buffer, which stays full for the rest of the call.

    Parameters
    ----------
    samples
        int16 of shape (n,), mono at 48 kHz; the last frame is padded with zeros.
    """

    def __init__(self, samples: npt.NDArray[np.int16]) -> None:
        frame_count = -(-len(samples) // FRAME_SAMPLES)
        padded = np.zeros(frame_count * FRAME_SAMPLES, dtype=np.int16)
        padded[: len(samples)] = samples
        self._frames = padded.reshape(frame_count, FRAME_SAMPLES)
        self._deadline_ns = np.zeros(frame_count, dtype=np.int64)
        self._handed_over_ns = np.zeros(frame_count, dtype=np.int64)
        self._stop = threading.Event()
        self._thread = LoopThread("frame-pump")
        self._position = 0
        self.source = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=0, loop=self._thread.loop)

    async def run(self, on_tick: Callable[[int], None], tick_seconds: float = 0.1) -> None:
        """Push everything, calling `on_tick` with the position in frames now and then."""
        pushing = asyncio.wrap_future(self._thread.submit(self._push_all()))
        try:
            while not pushing.done():
                await asyncio.wait({pushing}, timeout=tick_seconds)
                # Showing progress must not end a measurement.
                with contextlib.suppress(Exception):
                    on_tick(self._position)
            await pushing
        finally:
            self._stop.set()
            await asyncio.wait({pushing}, timeout=1)

    async def _push_all(self) -> None:
        start = monotonic_ns() + _START_MARGIN_NS
        for index in range(len(self._frames)):
            if self._stop.is_set():
                return
            deadline = start + index * FRAME_NS
            self._deadline_ns[index] = deadline
            wait_ns = deadline - monotonic_ns()
            if wait_ns > 0:
                # Blocks this thread's own loop on purpose: nothing else runs on it, and the loop's
                # timers are rounded up to whole milliseconds.
                time.sleep(wait_ns / NANOSECONDS_PER_SECOND)  # noqa: ASYNC251
            if -wait_ns < _SKIP_BEHIND_NS:
                frame = rtc.AudioFrame(self._frames[index].tobytes(), SAMPLE_RATE_HZ, 1, FRAME_SAMPLES)
                self._handed_over_ns[index] = monotonic_ns()
                await self.source.capture_frame(frame)
            self._position = index + 1

    def timings(self) -> PumpTimings:
        """Return what has been pushed so far."""
        done = self._position
        return PumpTimings(self._deadline_ns[:done].copy(), self._handed_over_ns[:done].copy())

    def samples(self) -> npt.NDArray[np.int16]:
        """Return the samples of the frames dealt with so far, int16 of shape (frames × 480,)."""
        return self._frames[: self._position].reshape(-1)

    async def close(self) -> None:
        """Stop pushing and let go of the source and the thread."""
        self._stop.set()
        await self.source.aclose()
        self._thread.stop()
