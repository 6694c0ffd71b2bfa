"""What a process takes while it carries sessions."""

from __future__ import annotations

import asyncio

import psutil

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns

SAMPLE_SECONDS = 1.0
_SECONDS_PER_MINUTE = 60.0


class Meter:
    """Processor time and memory of this process, from :meth:`begin` to :meth:`end`.

    Attributes
    ----------
    cpu_seconds, duration_seconds
        Of that time.
    memory_before_bytes
        Resident, when the meter was made.
    minutes, memory_bytes
        Samples of the resident memory, and when each was taken.
    """

    def __init__(self) -> None:
        self._process = psutil.Process()
        self.memory_before_bytes = self._process.memory_info().rss
        self.cpu_seconds = 0.0
        self.duration_seconds = 0.0
        self.minutes: list[float] = []
        self.memory_bytes: list[int] = []
        self._began_ns = 0
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Count from now on."""
        self._began_ns = monotonic_ns()
        self.cpu_seconds = -self._cpu_seconds()
        self._task = asyncio.create_task(self._sample(), name="meter")

    def end(self) -> None:
        """Count no further; calling it again changes nothing."""
        if self._task is None:
            return
        self._task.cancel()
        self._task = None
        self.cpu_seconds += self._cpu_seconds()
        self.duration_seconds = (monotonic_ns() - self._began_ns) / NANOSECONDS_PER_SECOND

    def _cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system

    async def _sample(self) -> None:
        while True:
            self.minutes.append(
                (monotonic_ns() - self._began_ns) / NANOSECONDS_PER_SECOND / _SECONDS_PER_MINUTE
            )
            self.memory_bytes.append(self._process.memory_info().rss)
            await asyncio.sleep(SAMPLE_SECONDS)
