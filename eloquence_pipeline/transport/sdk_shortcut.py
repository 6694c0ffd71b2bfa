"""Frames into the SDK and out of it without an event loop in between: private parts of livekit 1.2.1.

The public way costs two wake-ups of an event loop for each frame of 10 ms, and each frame that is handed
over wakes every room of the process besides: with N sessions that is 200 N² a second. Here a frame is handed
over by one synchronous request, and one that arrives is taken where the SDK's native part reports it;
docs/adr/0017-load.md has the figures. Nothing outside of this module knows these parts. Where one of them is
missing :func:`install` says so by returning None, and whoever wanted it takes the public way (`frame_pump`,
`frame_recorder`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib import import_module
from typing import Any

from livekit import rtc

from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES, SAMPLE_RATE_HZ

FRAME_BYTES = 2 * FRAME_SAMPLES
_MOST_REFUSALS = 1000
_ANSWERS = {"get_session_stats", "get_stats"}
"""Events that only whoever has asked waits for, and that come all the time."""

TakeFrame = Callable[[bytes], None]
"""Is given the samples of one frame, in a thread of the SDK; has to be quick."""


class Shortcut:
    """The SDK of this process, with a way past its event queue; get one from :func:`install`.

    Parameters
    ----------
    client
        The SDK's ``FfiClient``.
    request
        The class of its requests.
    """

    def __init__(self, client: Any, request: Any) -> None:
        self._client = client
        self._request = request
        self._drop_handle = client._ffi_lib.livekit_ffi_drop_handle
        self._queue = client._queue
        self._takers: dict[int, TakeFrame] = {}
        self._refusals: dict[int, str] = {}
        # What the SDK asks of its queue is these three.
        self.subscribe = self._queue.subscribe
        self.unsubscribe = self._queue.unsubscribe

    def put(self, event: Any) -> None:
        """Take what the SDK's native part reports: in the place of its own queue, which gets the rest."""
        kind = event.WhichOneof("message")
        if kind == "capture_audio_frame":
            answer = event.capture_audio_frame
            if answer.error and len(self._refusals) < _MOST_REFUSALS:
                self._refusals[answer.async_id] = answer.error
            return
        if kind == "audio_stream_event":
            told = event.audio_stream_event
            take = self._takers.get(told.stream_handle)
            if take is not None and told.HasField("frame_received"):
                frame = told.frame_received.frame
                content = ctypes.string_at(frame.info.data_ptr, FRAME_BYTES)
                self._drop_handle(frame.handle.id)
                take(content)
                return
        if kind in _ANSWERS:
            self._answer(event)
            return
        self._queue.put(event)

    def _answer(self, event: Any) -> None:
        # Every room would look whether it is for it; those who have asked have no filter.
        with self._queue._lock:
            asking = [each for each in self._queue._subscribers if each[2] is None]
        for queue, loop, _ in asking:
            loop.call_soon_threadsafe(queue.put_nowait, event)

    def mouth(self, source: rtc.AudioSource) -> Mouth:
        """Return what hands frames to `source`."""
        request = self._request()
        request.capture_audio_frame.source_handle = _handle(source)
        buffer = request.capture_audio_frame.buffer
        buffer.sample_rate, buffer.num_channels = SAMPLE_RATE_HZ, 1
        buffer.samples_per_channel = FRAME_SAMPLES
        return Mouth(self._client, request, self._refusals)

    def listen(self, stream: rtc.AudioStream, take: TakeFrame) -> None:
        """Give every frame of `stream` to `take` from now on; mono of 48 kHz in frames of 10 ms."""
        self._takers[_handle(stream)] = take

    def stop_listening(self, stream: rtc.AudioStream) -> None:
        """Leave the frames of `stream` to the SDK again."""
        self._takers.pop(_handle(stream), None)


class Mouth:
    """Hands the frames of one audio source to the SDK."""

    def __init__(self, client: Any, request: Any, refusals: dict[int, str]) -> None:
        self._client = client
        self._message = request
        self._buffer = request.capture_audio_frame.buffer
        self._refusals = refusals
        self._last_id = 0

    def push(self, frame: bytes) -> None:
        """Hand over one frame, int16 as bytes; the SDK copies it before this returns.

        Raises
        ------
        RuntimeError
            If it refused the frame before this one.
        """
        if self._last_id in self._refusals:
            raise RuntimeError(self._refusals.pop(self._last_id))
        self._buffer.data_ptr = ctypes.cast(ctypes.c_char_p(frame), ctypes.c_void_p).value
        self._last_id = self._client.request(self._message).capture_audio_frame.async_id


def _handle(owner: Any) -> int:
    return owner._ffi_handle.handle


def install() -> Shortcut | None:
    """Put the shortcut into the SDK of this process, for good; None if this SDK has not the parts for it.

    To be called before the first room. ``AudioSource.capture_frame`` never returns afterwards: frames are
    handed over by :class:`Mouth` alone.
    """
    try:
        client = import_module("livekit.rtc._ffi_client").FfiClient.instance
        request: Any = import_module("livekit.rtc._proto.ffi_pb2").FfiRequest
        # Of the names that are used later: a missing one is to be known now.
        _ = request().capture_audio_frame.buffer.data_ptr
        _ = client.queue.put, client.queue._lock, client.queue._subscribers
        shortcut = Shortcut(client, request)
        client._queue = shortcut
        is_used = client.queue is shortcut
    except (ImportError, AttributeError):
        return None
    return shortcut if is_used else None
