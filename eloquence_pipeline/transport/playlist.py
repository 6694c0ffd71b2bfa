"""What is handed over next: the samples somebody put there, and silence everywhere else."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Self

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES

Int16Array = npt.NDArray[np.int16]

_AHEAD_FRAMES = 2
"""How far after the frame that is just being handed over something can still be put."""


class Playlist:
    """An endless row of frames of 10 ms, most of them silent, that ends when it is told to.

    One thread takes the frames in their order; another may add sounds meanwhile. Each frame is put together
    when it is asked for, so that hours of speech take no more memory than the sounds they are made of; a
    sound that has passed is let go of.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sounds: deque[tuple[int, Int16Array]] = deque()
        self._end_sample = 0
        self._next_frame = 0
        self._frame_count: int | None = None
        self._silence = np.zeros(FRAME_SAMPLES, dtype=np.int16)

    @classmethod
    def of(cls, samples: Int16Array) -> Self:
        """Return a playlist of `samples`, int16 of shape (n,), from its first frame to its end."""
        return cls.scheduled([(0, samples)], len(samples))

    @classmethod
    def scheduled(cls, sounds: Iterable[tuple[int, Int16Array]], sample_count: int) -> Self:
        """Return a playlist of sounds at given places, with silence between them.

        Parameters
        ----------
        sounds
            The first sample of each, and its samples, int16 of shape (n,); in the order of time, one after
            the other. A sound that comes several times may be one array.
        sample_count
            Where the playlist ends; its last frame is filled up with silence.
        """
        playlist = cls()
        playlist._sounds.extend(sounds)
        playlist._end_sample = sample_count
        playlist.end()
        return playlist

    def append(self, samples: Int16Array) -> int:
        """Put a sound after everything that is there, as soon as possible.

        Parameters
        ----------
        samples
            int16 of shape (n,), mono at 48 kHz.

        Returns
        -------
        int
            Position of its first sample, which is the first of a frame.
        """
        with self._lock:
            first = max(_frames(self._end_sample), self._next_frame + _AHEAD_FRAMES) * FRAME_SAMPLES
            self._sounds.append((first, samples))
            self._end_sample = first + len(samples)
            return first

    def end(self) -> None:
        """Let the playlist end after what is there."""
        with self._lock:
            self._frame_count = max(_frames(self._end_sample), self._next_frame)

    def frame(self, index: int) -> Int16Array | None:
        """Return frame `index`, int16 of shape (480,), or None after the end; to be asked in order."""
        first = index * FRAME_SAMPLES
        with self._lock:
            self._next_frame = index + 1
            if self._frame_count is not None and index >= self._frame_count:
                return None
            while self._sounds and self._sounds[0][0] + len(self._sounds[0][1]) <= first:
                self._sounds.popleft()
            return self._mixed(first)

    def _mixed(self, first: int) -> Int16Array:
        frame = self._silence
        for start, samples in self._sounds:
            begin, end = max(start, first), min(start + len(samples), first + FRAME_SAMPLES)
            if begin >= first + FRAME_SAMPLES:
                break
            if end - begin == FRAME_SAMPLES:
                return samples[begin - start : end - start]
            if frame is self._silence:
                frame = np.zeros(FRAME_SAMPLES, dtype=np.int16)
            frame[begin - first : end - first] = samples[begin - start : end - start]
        return frame


def _frames(sample_count: int) -> int:
    return -(-sample_count // FRAME_SAMPLES)
