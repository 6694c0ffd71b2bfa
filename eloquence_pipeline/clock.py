"""The one clock that both ends of a room stamp with.

On Linux and macOS the monotonic clock is shared between the processes of one boot, so a publisher
and a subscriber in different processes of one host can be compared; two hosts, or two boots, cannot.
"""

from __future__ import annotations

import ctypes
import sys
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

NANOSECONDS_PER_SECOND = 1_000_000_000
NANOSECONDS_PER_MILLISECOND = 1_000_000
MILLISECONDS_PER_SECOND = 1000
SECONDS_PER_MINUTE = 60

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TIMEX_BYTES = 256
_TIMEX_MAX_ERROR_OFFSET = 24
_TIMEX_STATUS_OFFSET = 40
_STATUS_UNSYNCHRONISED = 0x40
_MICROSECONDS_PER_MILLISECOND = 1000


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

    @property
    def wall_offset_ns(self) -> int:
        """The kernel's wall clock minus the measuring clock, to a microsecond."""
        return (self.wall - _EPOCH) // timedelta(microseconds=1) * 1000 - self.monotonic_ns

    def wall_at(self, monotonic_ns: float) -> datetime:
        """Return the wall time of a moment on the measuring clock, for people to read."""
        return self.wall + timedelta(microseconds=(monotonic_ns - self.monotonic_ns) / 1000)


class KernelClock(BaseModel):
    """What the kernel says of the wall clock of this machine.

    Attributes
    ----------
    is_synchronised
        Whether it follows a time server; None where the kernel cannot be asked.
    max_error_ms
        Bound of its error while it does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_synchronised: bool | None
    max_error_ms: float | None = None


def kernel_clock() -> KernelClock:
    """Return what the kernel says (``adjtimex``; Linux with 64 bits only)."""
    if not sys.platform.startswith("linux") or ctypes.sizeof(ctypes.c_long) != ctypes.sizeof(ctypes.c_int64):
        return KernelClock(is_synchronised=None)
    timex = (ctypes.c_byte * _TIMEX_BYTES)()  # struct timex with modes 0: nothing is set
    try:
        answer = int(ctypes.CDLL(None).adjtimex(ctypes.byref(timex)))
    except AttributeError:
        return KernelClock(is_synchronised=None)
    if answer < 0:
        return KernelClock(is_synchronised=None)
    if ctypes.c_int.from_buffer(timex, _TIMEX_STATUS_OFFSET).value & _STATUS_UNSYNCHRONISED:
        return KernelClock(is_synchronised=False)
    max_error_us = ctypes.c_long.from_buffer(timex, _TIMEX_MAX_ERROR_OFFSET).value
    return KernelClock(is_synchronised=True, max_error_ms=max_error_us / _MICROSECONDS_PER_MILLISECOND)
