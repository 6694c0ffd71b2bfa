"""How the sessions of one process hand frames to the SDK and take them from it."""

from __future__ import annotations

import asyncio
from typing import Protocol

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, monotonic_ns
from eloquence_pipeline.transport.frame_pump import FramePump, Pump
from eloquence_pipeline.transport.frame_recorder import FrameRecorder, Recorder
from eloquence_pipeline.transport.growing_end import GrowingEnd
from eloquence_pipeline.transport.loop_thread import LoopThread
from eloquence_pipeline.transport.playlist import Playlist
from eloquence_pipeline.transport.sdk_shortcut import Shortcut, install
from eloquence_pipeline.transport.shared_pump import PumpThread, SharedPump
from eloquence_pipeline.transport.shared_recorder import SharedRecorder


class Way(Protocol):
    """Makes what the sessions of a process speak and listen with."""

    is_shortcut: bool

    def pump(self, playlist: Playlist, end: GrowingEnd) -> Pump:
        """Return what hands a playlist over."""
        ...

    async def await_start(self, pump: Pump, start_ns: int) -> None:
        """Return when `pump` is to be started, so that its first frame goes out at `start_ns`."""
        ...

    def recorder(self, end: GrowingEnd) -> Recorder:
        """Return what takes the frames of one speaker."""
        ...

    def close(self) -> None:
        """End the threads."""
        ...


class PlainWay:
    """The SDK's public way: a thread for each speaker; the listeners share one."""

    is_shortcut = False

    def __init__(self) -> None:
        self._thread = LoopThread("frame-recorder")

    def pump(self, playlist: Playlist, end: GrowingEnd) -> Pump:
        """Return what hands a playlist over."""
        return FramePump(playlist, end)

    async def await_start(self, pump: Pump, start_ns: int) -> None:
        """Return at `start_ns`."""
        del pump
        await asyncio.sleep(max(0.0, (start_ns - monotonic_ns()) / NANOSECONDS_PER_SECOND))

    def recorder(self, end: GrowingEnd) -> Recorder:
        """Return what takes the frames of one speaker."""
        return FrameRecorder(self._thread, end)

    def close(self) -> None:
        """End the threads."""
        self._thread.stop()


class SharedWay:
    """Past the SDK's event queue: one thread for all speakers, and one for all listeners."""

    is_shortcut = True

    def __init__(self, shortcut: Shortcut) -> None:
        self._shortcut = shortcut
        self._pumping = PumpThread()
        self._listening = LoopThread("shared-recorder")

    def pump(self, playlist: Playlist, end: GrowingEnd) -> Pump:
        """Return what hands a playlist over."""
        return SharedPump(playlist, end, self._pumping, self._shortcut, self._listening)

    async def await_start(self, pump: Pump, start_ns: int) -> None:
        """Return at once: the thread that pushes waits by itself."""
        assert isinstance(pump, SharedPump)  # noqa: S101 - for the type checker
        pump.begin_at_ns = start_ns

    def recorder(self, end: GrowingEnd) -> Recorder:
        """Return what takes the frames of one speaker."""
        return SharedRecorder(self._listening, self._shortcut, end)

    def close(self) -> None:
        """End the threads."""
        self._pumping.stop()
        self._listening.stop()


def choose_way(*, plain: bool) -> Way:
    """Return the cheap way where this SDK has it, and the public one otherwise or if `plain`.

    To be called before the first room of the process.
    """
    shortcut = None if plain else install()
    return PlainWay() if shortcut is None else SharedWay(shortcut)
