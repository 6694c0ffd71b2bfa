"""Phrases without end, frame by frame, in real time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import (
    MILLISECONDS_PER_SECOND,
    NANOSECONDS_PER_MILLISECOND,
    NANOSECONDS_PER_SECOND,
    monotonic_ns,
)
from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Clip, Phrase
from eloquence_pipeline.signal.wav import Int16Samples, read_wav
from eloquence_pipeline.speech.conversion import SAMPLE_RATE_HZ
from eloquence_pipeline.speech.script import phrases_without_end

LONGEST_FRAME_MS = 1000
LONGEST_PAUSE_SECONDS = 60.0
MOST_BEHIND_MS = 100
"""A consumer that is further behind its schedule gets a new one, rather than a burst of overdue frames."""


Frames = npt.NDArray[np.int16]


def spoken_frames(
    say: Callable[[Phrase], Clip],
    phrases: Sequence[Phrase],
    *,
    frame_ms: int,
    pause_seconds: tuple[float, float],
    seed: int,
    now_ns: Callable[[], int] = monotonic_ns,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncGenerator[Int16Samples]:
    """Give frames of phrases and pauses, each when it is due; see ``VoiceSynthesizer``.

    Parameters
    ----------
    say
        Makes the clip of a phrase; called in a thread.
    phrases
        What is said, in random order.
    frame_ms, pause_seconds, seed
        As in :meth:`~eloquence_pipeline.speech.synthesizer.VoiceSynthesizer.generate_continuous_stream`.
    now_ns, sleep
        Clock in nanoseconds and sleep in seconds; other ones are for tests.

    Raises
    ------
    ConfigurationError
        If an argument is out of its bounds.
    """
    _check(phrases, frame_ms, pause_seconds)
    stretches = _stretches(say, phrases, frame_ms, pause_seconds, seed)
    return _paced(stretches, frame_ms * NANOSECONDS_PER_MILLISECOND, now_ns, sleep)


def _check(phrases: Sequence[Phrase], frame_ms: int, pause_seconds: tuple[float, float]) -> None:
    if not phrases:
        raise ConfigurationError("there is no phrase to speak", remedy="name a category that has phrases")
    if not 1 <= frame_ms <= LONGEST_FRAME_MS:
        raise ConfigurationError(
            f"frames of {frame_ms} ms are not possible", remedy=f"give 1 to {LONGEST_FRAME_MS} ms"
        )
    shortest, longest = pause_seconds
    if not 0 <= shortest <= longest <= LONGEST_PAUSE_SECONDS:
        raise ConfigurationError(
            f"pauses of {shortest} to {longest} s are not possible",
            remedy=f"give a shorter and a longer one, 0 to {LONGEST_PAUSE_SECONDS:g} s",
        )


def _stretches(
    say: Callable[[Phrase], Clip],
    phrases: Sequence[Phrase],
    frame_ms: int,
    pause_seconds: tuple[float, float],
    seed: int,
) -> Iterator[Frames]:
    """Make one phrase with the pause after it at a time, int16 of shape (frames, samples of a frame)."""
    frame_samples = frame_ms * SAMPLE_RATE_HZ // MILLISECONDS_PER_SECOND
    pauses = np.random.default_rng((seed, 1))
    for phrase in phrases_without_end(phrases, seed):
        speech, _ = read_wav(say(phrase).audio_path)
        sample_count = speech.size + round(pauses.uniform(*pause_seconds) * SAMPLE_RATE_HZ)
        frames = np.zeros((-(-sample_count // frame_samples), frame_samples), dtype=np.int16)
        frames.reshape(-1)[: speech.size] = speech
        yield frames


async def _made_ahead(stretches: Iterator[Frames]) -> AsyncGenerator[Frames]:
    """Make the next stretch in a thread while the present one is played."""
    worker = ThreadPoolExecutor(1, "phrase-stream")
    upcoming = asyncio.get_running_loop().run_in_executor(worker, next, stretches)
    try:
        while True:
            frames = await upcoming
            upcoming = asyncio.get_running_loop().run_in_executor(worker, next, stretches)
            yield frames
    finally:
        try:
            await asyncio.gather(upcoming, return_exceptions=True)
        finally:
            worker.shutdown(wait=False)


async def _paced(
    stretches: Iterator[Frames],
    frame_ns: int,
    now_ns: Callable[[], int],
    sleep: Callable[[float], Awaitable[object]],
) -> AsyncGenerator[Int16Samples]:
    due_ns: int | None = None
    async with aclosing(_made_ahead(stretches)) as made:
        async for frames in made:
            for frame in frames:
                present_ns = now_ns()
                if due_ns is None or present_ns - due_ns > MOST_BEHIND_MS * NANOSECONDS_PER_MILLISECOND:
                    due_ns = present_ns
                # Of 0 s too: a consumer that is always late must not starve the event loop.
                await sleep(max(0, due_ns - present_ns) / NANOSECONDS_PER_SECOND)
                due_ns += frame_ns
                yield frame
