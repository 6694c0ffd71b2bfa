"""What a process takes while it carries sessions."""

from __future__ import annotations

import asyncio
from array import array

import psutil

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, SECONDS_PER_MINUTE, monotonic_ns

SAMPLE_SECONDS = 1.0
TICK_NS = 50_000_000


class Meter:
    """Processor time, memory and event loop of this process, from :meth:`begin` to :meth:`end`.

    Attributes
    ----------
    cpu_seconds, duration_seconds
        Of that time.
    memory_before_bytes
        Resident, when the meter was made.
    minutes, memory_bytes
        Samples of the resident memory, and when each was taken.
    loop_lag_ns
        Every 50 ms how late the event loop of the process woke up.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.memory_before_bytes = self._process.memory_info().rss
        self.cpu_seconds = 0.0
        self.duration_seconds = 0.0
        self.minutes: list[float] = []
        self.memory_bytes: list[int] = []
        self.loop_lag_ns = array("q")
        self._began_ns = 0
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self) -> None:
        """Count from now on."""
        self._began_ns = monotonic_ns()
        self.cpu_seconds = -self._cpu_seconds()
        self._tasks = [asyncio.create_task(each, name="meter") for each in (self._sample(), self._tick())]

    def end(self) -> None:
        """Count no further; calling it again changes nothing."""
        if not self._tasks:
            return
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self.cpu_seconds += self._cpu_seconds()
        self.duration_seconds = (monotonic_ns() - self._began_ns) / NANOSECONDS_PER_SECOND

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    async def _tick(self) -> None:
        while True:
            due_ns = monotonic_ns() + TICK_NS
            await asyncio.sleep(TICK_NS / NANOSECONDS_PER_SECOND)
            self.loop_lag_ns.append(max(0, monotonic_ns() - due_ns))

    async def _sample(self) -> None:
        while True:
            self.minutes.append(
                (monotonic_ns() - self._began_ns) / NANOSECONDS_PER_SECOND / SECONDS_PER_MINUTE
            )
            self.memory_bytes.append(self._process.memory_info().rss)
            await asyncio.sleep(SAMPLE_SECONDS)
