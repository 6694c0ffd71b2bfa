"""The private parts of the SDK that load cells use."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from eloquence_pipeline.transport.sdk_shortcut import FRAME_BYTES, Shortcut

pytestmark = pytest.mark.unit

INSTALL = """
from importlib import import_module
from eloquence_pipeline.transport.sdk_shortcut import install
shortcut = install()
assert shortcut is not None, "this version of the SDK lacks the parts that the shortcut takes"
assert import_module("livekit.rtc._ffi_client").FfiClient.instance.queue is shortcut
from livekit import rtc
import asyncio, os
async def main():
    source = rtc.AudioSource(48000, 1, queue_size_ms=0)
    mouth = shortcut.mouth(source)
    mouth.push(bytes(960))
    await source.aclose()
asyncio.run(main())
print("taken", flush=True)
os._exit(0)  # as a cell ends: the SDK's answer to the frame may come while Python shuts down
"""
MISSING = """
import os
from importlib import import_module
client = import_module("livekit.rtc._ffi_client").FfiClient
client.queue = property(lambda self: self.nowhere)
from eloquence_pipeline.transport.sdk_shortcut import install
print(install(), flush=True)
os._exit(0)
"""


def told_by(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_sdk_that_is_installed_has_the_parts_that_the_shortcut_takes() -> None:
    assert told_by(INSTALL) == "taken"


def test_an_sdk_without_them_leaves_the_public_way() -> None:
    assert told_by(MISSING) == "None"


class Event(SimpleNamespace):
    """An event of the SDK's native part, as far as the shortcut looks at it."""

    def __init__(self, kind: str, **parts: Any) -> None:
        super().__init__(**parts)
        self.kind = kind

    def WhichOneof(self, _: str) -> str:  # noqa: N802 - the SDK's name
        return self.kind

    def HasField(self, name: str) -> bool:  # noqa: N802 - the SDK's name
        return hasattr(self, name)


def at_once(call: Callable[[Any], object], event: Any) -> None:
    call(event)


def anything(_: Any) -> bool:
    return True


class Client:
    """Stands for the SDK's client, and notes what reaches it."""

    def __init__(self) -> None:
        self.dropped: list[int] = []
        self.passed_on: list[Any] = []
        self._ffi_lib = SimpleNamespace(livekit_ffi_drop_handle=self.dropped.append)
        self._queue = SimpleNamespace(
            put=self.passed_on.append,
            subscribe=None,
            unsubscribe=None,
            _lock=threading.Lock(),
            _subscribers=list[Any](),
        )

    def subscribed(self, is_wanted: Any) -> list[Any]:
        """Subscribe as the SDK does, and return what is delivered."""
        got: list[Any] = []
        queue = SimpleNamespace(put_nowait=got.append)
        loop = SimpleNamespace(call_soon_threadsafe=at_once)
        self._queue._subscribers.append((queue, loop, is_wanted))
        return got


def heard(content: bytes, stream: int) -> tuple[Event, Any]:
    buffer = ctypes.create_string_buffer(content, len(content))
    info = SimpleNamespace(data_ptr=ctypes.addressof(buffer))
    frame = SimpleNamespace(frame=SimpleNamespace(info=info, handle=SimpleNamespace(id=99)))
    told = Event("", stream_handle=stream, frame_received=frame)
    return Event("audio_stream_event", audio_stream_event=told), buffer


def stream(handle: int) -> Any:
    return SimpleNamespace(_ffi_handle=SimpleNamespace(handle=handle))


def test_a_frame_goes_to_the_listener_of_its_stream_and_its_memory_is_given_back() -> None:
    client = Client()
    shortcut = Shortcut(client, None)
    taken: list[bytes] = []
    shortcut.listen(stream(7), taken.append)
    content = bytes(range(256)) * 3 + bytes(FRAME_BYTES - 768)
    event, buffer = heard(content, 7)
    shortcut.put(event)
    assert taken == [content]
    assert client.dropped == [99]
    assert client.passed_on == []
    del buffer


def test_everything_else_takes_the_sdks_own_way() -> None:
    client = Client()
    shortcut = Shortcut(client, None)
    shortcut.listen(stream(7), lambda _: pytest.fail("not its stream"))
    of_another, buffer = heard(bytes(FRAME_BYTES), 8)
    room = Event("room_event")
    ended = Event("audio_stream_event", audio_stream_event=Event("", stream_handle=7, eos=True))
    for event in (of_another, room, ended):
        shortcut.put(event)
    shortcut.stop_listening(stream(7))
    late, other_buffer = heard(bytes(FRAME_BYTES), 7)
    shortcut.put(late)
    assert client.passed_on == [of_another, room, ended, late]
    del buffer, other_buffer


def test_the_answer_to_a_frame_wakes_nobody() -> None:
    client = Client()
    Shortcut(client, None).put(
        Event("capture_audio_frame", capture_audio_frame=SimpleNamespace(error="", async_id=1))
    )
    assert client.passed_on == []


def test_statistics_go_to_whoever_has_asked_and_wake_no_room() -> None:
    client = Client()
    room, asking = client.subscribed(anything), client.subscribed(None)
    statistics = Event("get_session_stats")
    Shortcut(client, None).put(statistics)
    assert (room, asking) == ([], [statistics])
    assert client.passed_on == []
