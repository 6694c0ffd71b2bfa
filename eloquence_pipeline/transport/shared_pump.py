"""Hand the audio of many speakers to the SDK from one thread: one 10 ms frame each at its own deadline."""

from __future__ import annotations

import asyncio
import contextlib
import heapq
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count

import numpy as np
from livekit import rtc

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.transport.audio_format import FRAME_NS, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.frame_pump import (
    DEADLINE,
    HANDED_OVER,
    SKIP_BEHIND_NS,
    START_MARGIN_NS,
    PumpTimings,
)
from eloquence_pipeline.transport.growing_end import GrowingEnd
from eloquence_pipeline.transport.loop_thread import LoopThread
from eloquence_pipeline.transport.playlist import Playlist
from eloquence_pipeline.transport.sdk_shortcut import Mouth, Shortcut

_LONGEST_SLEEP_SECONDS = 0.005
"""A speaker who comes later is seen after this at the latest."""


class PumpThread:
    """A thread that takes the frames of all its speakers in the order of their deadlines."""

    def __init__(self) -> None:
        self._lanes: list[tuple[int, int, SharedPump]] = []
        self._new: list[tuple[int, SharedPump]] = []
        self._numbers = count()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._some = threading.Event()
        self._thread = threading.Thread(target=self._run, name="shared-pump", daemon=True)
        self._thread.start()

    def add(self, first_deadline_ns: int, pump: SharedPump) -> None:
        """Hand over the frames of one more speaker from its first deadline on."""
        with self._lock:
            self._new.append((first_deadline_ns, pump))
        self._some.set()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._take_new()
            if not self._lanes:
                self._some.wait(1)
                continue
            deadline_ns, number, pump = self._lanes[0]
            wait_ns = deadline_ns - monotonic_ns()
            if wait_ns > 0:
                time.sleep(min(wait_ns / NANOSECONDS_PER_SECOND, _LONGEST_SLEEP_SECONDS))
                continue
            if pump.step(deadline_ns):
                heapq.heapreplace(self._lanes, (deadline_ns + FRAME_NS, number, pump))
            else:
                heapq.heappop(self._lanes)

    def _take_new(self) -> None:
        if not self._some.is_set():
            return
        with self._lock:
            new, self._new = self._new, []
            self._some.clear()
        for deadline_ns, pump in new:
            heapq.heappush(self._lanes, (deadline_ns, next(self._numbers), pump))

    def stop(self) -> None:
        """End the thread; calling it again changes nothing."""
        self._stop.set()
        self._some.set()
        self._thread.join(timeout=5)


class SharedPump:
    """The frames of one speaker among several, in the place of a :class:`FramePump`.

    Skips what is too late, as that does.

    Parameters
    ----------
    playlist, end
        As for :class:`FramePump`.
    thread
        Hands the frames over.
    shortcut, loop
        Of the SDK of this process; a loop that runs.

    Attributes
    ----------
    begin_at_ns
        When the first frame is due, on the measuring clock; 0 begins as soon as it is told to.
    """

    def __init__(
        self, playlist: Playlist, end: GrowingEnd, thread: PumpThread, shortcut: Shortcut, loop: LoopThread
    ) -> None:
        self.begin_at_ns = 0
        self.frame_count = 0
        self.source = rtc.AudioSource(SAMPLE_RATE_HZ, 1, queue_size_ms=0, loop=loop.loop)
        self._playlist = playlist
        self._end = end
        self._thread = thread
        self._mouth: Mouth = shortcut.mouth(self.source)
        self._done: Future[None] = Future()
        self._is_stopped = False

    async def run(self, on_tick: Callable[[int], None], tick_seconds: float = 0.1) -> None:
        """Push everything, calling `on_tick` with the position in frames now and then."""
        self._thread.add(self.begin_at_ns or monotonic_ns() + START_MARGIN_NS, self)
        done = asyncio.wrap_future(self._done)
        try:
            while not done.done():
                await asyncio.wait({done}, timeout=tick_seconds)
                # Showing progress must not end a measurement.
                with contextlib.suppress(Exception):
                    on_tick(self.frame_count)
            await done
        finally:
            self._is_stopped = True

    def step(self, deadline_ns: int) -> bool:
        """Deal with the frame that is due; return whether another one follows."""
        samples = None if self._is_stopped else self._playlist.frame(self.frame_count)
        if samples is None:
            self._settle(None)
            return False
        handed_over_ns = 0
        pushed = samples.tobytes()
        now_ns = monotonic_ns()
        if now_ns - deadline_ns < SKIP_BEHIND_NS:
            handed_over_ns = now_ns
            try:
                self._mouth.push(pushed)
            except Exception as error:  # whatever it is, the other speakers go on
                self._settle(error)
                return False
        self._end.audio.put(pushed)
        self._end.timings.put((DEADLINE, deadline_ns))
        self._end.timings.put((HANDED_OVER, handed_over_ns))
        self.frame_count += 1
        return True

    def _settle(self, error: Exception | None) -> None:
        if self._done.done():  # whoever waited has gone
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)

    def timings(self, first: int, last: int) -> PumpTimings:
        """Return none: of many speakers the times are on disk alone."""
        del first, last
        none = np.zeros(0, dtype=np.int64)
        return PumpTimings(none, none)

    async def close(self) -> None:
        """Stop pushing and let go of the source; calling it again changes nothing."""
        self._is_stopped = True
        await self.source.aclose()
