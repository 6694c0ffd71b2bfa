"""How busy the machine of the tester is while there is load."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

import numpy as np
import psutil

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.models.load import HostFigures

_SAMPLE_SECONDS = 1.0
_PER_CENT = 100.0


class HostWatch:
    """Takes a sample of the machine every second, from a common start to the end."""

    def __init__(self) -> None:
        self._busy: list[float] = []
        self._memory = 0.0
        self._task: asyncio.Task[None] | None = None

    async def begin(self, start_ns: int) -> None:
        """Watch from `start_ns` on."""
        self._task = asyncio.create_task(self._run(start_ns), name="host-watch")

    async def _run(self, start_ns: int) -> None:
        await asyncio.sleep(max(0.0, (start_ns - monotonic_ns()) / NANOSECONDS_PER_SECOND))
        psutil.cpu_percent()
        while True:
            await asyncio.sleep(_SAMPLE_SECONDS)
            self._busy.append(psutil.cpu_percent() / _PER_CENT)
            self._memory = max(self._memory, psutil.virtual_memory().percent / _PER_CENT)

    async def end(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def figures(self) -> HostFigures:
        """What was seen; an idle machine if nothing was."""
        busy = np.clip(np.asarray(self._busy or [0.0]), 0.0, 1.0)
        return HostFigures(
            cores=usable_cores(),
            busy_ratio_avg=float(busy.mean()),
            busy_ratio_p95=float(np.percentile(busy, 95)),
            memory_used_ratio=min(1.0, self._memory),
        )


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
