"""Hand audio to the SDK in real time: one 10 ms frame at each absolute deadline."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Protocol

import numpy as np
import numpy.typing as npt
from livekit import rtc

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.transport.audio_format import FRAME_NS, FRAME_SAMPLES, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.growing_end import GrowingEnd
from eloquence_pipeline.transport.loop_thread import LoopThread
from eloquence_pipeline.transport.playlist import Playlist

START_MARGIN_NS = 20_000_000
SKIP_BEHIND_NS = 2 * FRAME_NS
RECENT_FRAMES = 60_000
"""Of the last ten minutes the times stay in memory; the longest sound takes one."""

ARRAYS = ("deadline_ns", "handed_over_ns")
DEADLINE, HANDED_OVER = range(2)


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


class Pump(Protocol):
    """Hands a playlist to an audio source in real time."""

    source: rtc.AudioSource

    @property
    def frame_count(self) -> int:
        """Number of frames dealt with so far."""
        ...

    async def run(self, on_tick: Callable[[int], None]) -> None:
        """Push everything, calling `on_tick` with the position in frames now and then."""
        ...

    def timings(self, first: int, last: int) -> PumpTimings:
        """Return the times of the frames from `first` to before `last`, as far as they are remembered."""
        ...

    async def close(self) -> None:
        """Stop pushing and let go of the source; calling it again changes nothing."""
        ...


class FramePump:
    """Push samples into an audio source, one frame every 10 ms, from a thread of its own.

    The source's queue is 0 ms long: what is pushed goes to the encoder at once, so the moment of
    pushing is the moment of sending. Deadlines are absolute, so lateness does not add up. After a
    stall the frames that are more than 20 ms late are left out: catching up in a burst would fill
    the receiver's jitter buffer, which stays full for the rest of the call.

    Parameters
    ----------
    playlist
        What is pushed; the pump ends with it.
    end
        Is given every frame that was dealt with, and its times.
    """

    def __init__(self, playlist: Playlist, end: GrowingEnd) -> None:
        self.frame_count = 0
        """Number of frames dealt with so far."""
        self._playlist = playlist
        self._end = end
        self._recent_ns = np.zeros((RECENT_FRAMES, len(ARRAYS)), dtype=np.int64)
        self._stop = threading.Event()
        self._closed = False
        self._thread = LoopThread("frame-pump")
        self.source = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=0, loop=self._thread.loop)

    async def run(self, on_tick: Callable[[int], None], tick_seconds: float = 0.1) -> None:
        """Push everything, calling `on_tick` with the position in frames now and then."""
        pushing = asyncio.wrap_future(self._thread.submit(self._push_all()))
        try:
            while not pushing.done():
                await asyncio.wait({pushing}, timeout=tick_seconds)
                # Showing progress must not end a measurement.
                with contextlib.suppress(Exception):
                    on_tick(self.frame_count)
            await pushing
        finally:
            self._stop.set()
            await asyncio.wait({pushing}, timeout=1)

    async def _push_all(self) -> None:
        start = monotonic_ns() + START_MARGIN_NS
        for index in count():
            samples = self._playlist.frame(index)
            if samples is None or self._stop.is_set():
                return
            deadline = start + index * FRAME_NS
            wait_ns = deadline - monotonic_ns()
            if wait_ns > 0:
                # Blocks this thread's own loop on purpose: nothing else runs on it, and the loop's
                # timers are rounded up to whole milliseconds.
                time.sleep(wait_ns / NANOSECONDS_PER_SECOND)  # noqa: ASYNC251
            handed_over_ns = 0
            pushed = samples.tobytes()
            if -wait_ns < SKIP_BEHIND_NS:
                frame = rtc.AudioFrame(pushed, SAMPLE_RATE_HZ, 1, FRAME_SAMPLES)
                handed_over_ns = monotonic_ns()
                await self.source.capture_frame(frame)
            self._note(index, pushed, deadline, handed_over_ns)

    def _note(self, index: int, pushed: bytes, deadline_ns: int, handed_over_ns: int) -> None:
        self._end.audio.put(pushed)
        self._end.timings.put((DEADLINE, deadline_ns))
        self._end.timings.put((HANDED_OVER, handed_over_ns))
        self._recent_ns[index % RECENT_FRAMES] = deadline_ns, handed_over_ns
        self.frame_count = index + 1

    def timings(self, first: int, last: int) -> PumpTimings:
        """Return the times of the frames from `first` to before `last`, of the last ten minutes."""
        recent = range(max(first, self.frame_count - RECENT_FRAMES), min(last, self.frame_count))
        times_ns = self._recent_ns[np.asarray(recent, dtype=np.int64) % RECENT_FRAMES]
        return PumpTimings(times_ns[:, DEADLINE], times_ns[:, HANDED_OVER])

    async def close(self) -> None:
        """Stop pushing and let go of the source and the thread; calling it again changes nothing."""
        self._stop.set()
        if not self._closed:
            self._closed = True
            await self.source.aclose()
        self._thread.stop()
