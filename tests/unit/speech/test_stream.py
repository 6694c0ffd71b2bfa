"""The stream of frames, on a clock that moves only when somebody sleeps or the test says so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from eloquence_pipeline.errors import ConfigurationError, SynthesisError
from eloquence_pipeline.models import Clip, Phrase
from eloquence_pipeline.signal.wav import write_wav
from eloquence_pipeline.speech.script import draw_phrases
from eloquence_pipeline.speech.stream import spoken_frames

pytestmark = pytest.mark.unit

RATE = 48_000
FRAME_NS = 10_000_000
PHRASES = [Phrase(text=f"phrase {number}", category="custom") for number in range(1, 6)]

Frames = AsyncGenerator[npt.NDArray[np.int16]]


class Clock:
    """Time in nanoseconds; sleeping passes it at once."""

    def __init__(self) -> None:
        self.ns = 1_000_000_000
        self.slept: list[float] = []

    def now_ns(self) -> int:
        return self.ns

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.ns += round(seconds * 1e9)
        await asyncio.sleep(0)


class Speaker:
    """Says each phrase as 0.1 s of its own number, and remembers what it said."""

    def __init__(self, folder: Path, fail_at: int = 0) -> None:
        self.folder = folder
        self.fail_at = fail_at
        self.said: list[Phrase] = []
        self.second = threading.Event()

    def __call__(self, phrase: Phrase) -> Clip:
        self.said.append(phrase)
        if len(self.said) == self.fail_at:
            raise SynthesisError("no sound")
        if len(self.said) == 2:
            self.second.set()
        number = int(phrase.text.split()[1])
        path = self.folder / f"{number}.wav"
        audio = write_wav(path, np.full(RATE // 10, number, dtype=np.int16), RATE)
        return Clip(
            phrase=phrase,
            voice=None,
            audio_path=path,
            audio_sha256=audio.sha256,
            sample_rate_hz=RATE,
            sample_count=RATE // 10,
            generation_ms=0,
            from_cache=False,
        )


def stream(
    say: Callable[[Phrase], Clip],
    clock: Clock | None = None,
    *,
    frame_ms: int = 10,
    pause_seconds: tuple[float, float] = (0.02, 0.04),
    seed: int = 1,
) -> Frames:
    clock = clock or Clock()
    return spoken_frames(
        say,
        PHRASES,
        frame_ms=frame_ms,
        pause_seconds=pause_seconds,
        seed=seed,
        now_ns=clock.now_ns,
        sleep=clock.sleep,
    )


async def take(frames: Frames, count: int) -> list[npt.NDArray[np.int16]]:
    async with aclosing(frames):
        return [await anext(frames) for _ in range(count)]


async def listen(frames: Frames, heard: list[int]) -> None:
    async for frame in frames:
        heard.append(int(frame[0]))


def streaming_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("phrase-stream")]


async def no_thread_is_left() -> bool:
    for thread in streaming_threads():
        await asyncio.to_thread(thread.join, 5)
    return not streaming_threads()


async def test_phrases_come_whole_in_their_order_with_pauses_between(tmp_path: Path) -> None:
    frames = await take(stream(Speaker(tmp_path)), 200)
    assert all(frame.shape == (480,) and frame.dtype == np.int16 for frame in frames)
    samples = np.concatenate(frames)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], samples != 0, [0]))))
    starts, ends = edges[::2], edges[1::2]
    heard = [int(samples[start]) for start in starts]
    expected = [int(phrase.text.split()[1]) for phrase in draw_phrases(PHRASES, 1, len(heard))]
    assert heard == expected
    assert len(heard) > 10
    assert all(length == RATE // 10 for length in (ends - starts)[:-1])
    pauses = (starts[1:] - ends[:-1]) / RATE
    assert 0.02 <= pauses.min() < pauses.max() <= 0.04 + 0.01  # rounded up to whole frames


async def test_the_same_seed_gives_the_same_frames(tmp_path: Path) -> None:
    first, second, other = [
        np.concatenate(await take(stream(Speaker(tmp_path), seed=seed), 100)) for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("frame_ms", [1, 20, 37, 1000])
async def test_frames_have_the_length_that_was_asked_for(tmp_path: Path, frame_ms: int) -> None:
    frames = await take(stream(Speaker(tmp_path), frame_ms=frame_ms), 5)
    assert {frame.size for frame in frames} == {48 * frame_ms}


async def test_each_frame_is_given_when_it_is_due(tmp_path: Path) -> None:
    clock = Clock()
    begun_ns = clock.ns
    async with aclosing(stream(Speaker(tmp_path), clock)) as frames:
        for number in range(50):
            await anext(frames)
            assert clock.ns == begun_ns + number * FRAME_NS
            clock.ns += 7_000_000  # what the consumer does with a frame takes no time from the next one


async def test_a_consumer_that_was_late_catches_up(tmp_path: Path) -> None:
    clock = Clock()
    begun_ns = clock.ns
    async with aclosing(stream(Speaker(tmp_path), clock)) as frames:
        await anext(frames)
        clock.ns += 55_000_000
        for _ in range(5):
            await anext(frames)
            assert clock.ns == begun_ns + 55_000_000
        await anext(frames)
        assert clock.ns == begun_ns + 60_000_000


async def test_after_a_stall_there_is_no_burst_and_no_sample_is_lost(tmp_path: Path) -> None:
    clock = Clock()
    undisturbed = np.concatenate(await take(stream(Speaker(tmp_path)), 40))
    heard: list[npt.NDArray[np.int16]] = []
    async with aclosing(stream(Speaker(tmp_path), clock)) as frames:
        heard += [await anext(frames) for _ in range(5)]
        clock.ns += 5_000_000_000
        resumed_ns = clock.ns
        for number in range(35):
            heard.append(await anext(frames))
            assert clock.ns == resumed_ns + number * FRAME_NS
    np.testing.assert_array_equal(np.concatenate(heard), undisturbed)


async def test_a_consumer_that_is_always_late_lets_others_run(tmp_path: Path) -> None:
    clock = Clock()
    async with aclosing(stream(Speaker(tmp_path), clock)) as frames:
        for _ in range(20):
            await anext(frames)
            clock.ns += 20_000_000
    assert len(clock.slept) == 20


async def test_the_next_phrase_is_made_while_the_present_one_plays(tmp_path: Path) -> None:
    speaker = Speaker(tmp_path)
    async with aclosing(stream(speaker)) as frames:
        await anext(frames)
        assert await asyncio.to_thread(speaker.second.wait, 5)
    assert len(speaker.said) == 2


async def test_an_error_of_a_later_phrase_comes_after_the_phrases_before_it(tmp_path: Path) -> None:
    heard: list[int] = []
    with pytest.raises(SynthesisError, match="no sound"):
        await listen(stream(Speaker(tmp_path, fail_at=3)), heard)
    assert len({number for number in heard if number}) == 2
    assert await no_thread_is_left()


async def test_leaving_early_leaves_nothing_behind(tmp_path: Path) -> None:
    # Also where the phrase that is being made fails: nobody will ask for it any more.
    for fail_at in (0, 2):
        tasks = asyncio.all_tasks()
        frames = stream(Speaker(tmp_path, fail_at))
        await anext(frames)
        assert streaming_threads()
        await frames.aclose()
        assert await no_thread_is_left()
        assert asyncio.all_tasks() == tasks


def test_break_and_cancel_leave_nothing_behind(tmp_path: Path) -> None:
    async def break_off() -> None:
        async for _ in stream(Speaker(tmp_path)):
            break
        assert await no_thread_is_left()

    async def cancel() -> None:
        speaker = Speaker(tmp_path)
        task = asyncio.create_task(listen(stream(speaker), []))
        assert await asyncio.to_thread(speaker.second.wait, 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await no_thread_is_left()

    asyncio.run(break_off())
    asyncio.run(cancel())


@pytest.mark.parametrize("frame_ms", [0, -10, 1001])
def test_impossible_frames_are_refused_at_once(tmp_path: Path, frame_ms: int) -> None:
    with pytest.raises(ConfigurationError, match="frames of"):
        stream(Speaker(tmp_path), frame_ms=frame_ms)


@pytest.mark.parametrize(
    "pauses", [(-1.0, 1.0), (2.0, 1.0), (0.0, 61.0), (float("nan"), 1.0), (0.0, float("inf"))]
)
def test_impossible_pauses_are_refused_at_once(tmp_path: Path, pauses: tuple[float, float]) -> None:
    with pytest.raises(ConfigurationError, match="pauses of"):
        stream(Speaker(tmp_path), pause_seconds=pauses)
