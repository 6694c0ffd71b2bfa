"""The one clock that both ends of a room stamp with.

On Linux and macOS the monotonic clock is shared between the processes of one boot, so a publisher
and a subscriber in different processes of one host can be compared; two hosts, or two boots, cannot.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

NANOSECONDS_PER_SECOND = 1_000_000_000
NANOSECONDS_PER_MILLISECOND = 1_000_000


def monotonic_ns() -> int:
    """Return the time of the measuring clock in nanoseconds since an arbitrary origin."""
    return time.monotonic_ns()


@cache
def clock_id() -> str:
    """Return a name that is equal for two processes exactly when their stamps can be compared."""
    boot_id_file = Path("/proc/sys/kernel/random/boot_id")
    boot = boot_id_file.read_text().strip() if boot_id_file.exists() else f"boot-{int(psutil.boot_time())}"
    return f"monotonic/{boot}"


class Instant(BaseModel):
    """One moment on the wall clock and on the measuring clock.

    The wall time is for people and names of files; differences are only ever taken between
    monotonic times.
    """

    model_config = ConfigDict(frozen=True)

    wall: datetime
    monotonic_ns: int
    clock_id: str

    @classmethod
    def now(cls) -> Instant:
        """Stamp the present moment on both clocks."""
        return cls(wall=datetime.now(UTC), monotonic_ns=monotonic_ns(), clock_id=clock_id())

    def wall_at(self, monotonic_ns: float) -> datetime:
        """Return the wall time of a moment on the measuring clock, for people to read."""
        return self.wall + timedelta(microseconds=(monotonic_ns - self.monotonic_ns) / 1000)
