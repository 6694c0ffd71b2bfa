"""What is handed over next: the samples somebody put there, and silence everywhere else."""

from __future__ import annotations

import threading
from typing import Self

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES

Int16Array = npt.NDArray[np.int16]

_AHEAD_FRAMES = 2
"""How far after the frame that is just being handed over something can still be put."""


class Playlist:
    """An endless row of frames of 10 ms, most of them silent, that ends when it is told to.

    One thread takes the frames in their order; another may add sounds meanwhile.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sounds: list[tuple[int, Int16Array]] = []
        self._playing = 0
        self._next_frame = 0
        self._frame_count: int | None = None
        self._silence = np.zeros(FRAME_SAMPLES, dtype=np.int16)

    @classmethod
    def of(cls, samples: Int16Array) -> Self:
        """Return a playlist of `samples`, int16 of shape (n,), from its first frame to its end."""
        playlist = cls()
        playlist._put(0, samples)
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
            Position of its first sample.
        """
        with self._lock:
            first = max(self._end_frame(), self._next_frame + _AHEAD_FRAMES)
            self._put(first, samples)
            return first * FRAME_SAMPLES

    def end(self) -> None:
        """Let the playlist end after what is there."""
        with self._lock:
            self._frame_count = max(self._end_frame(), self._next_frame)

    def _put(self, first: int, samples: Int16Array) -> None:
        frames = np.zeros((-(-len(samples) // FRAME_SAMPLES), FRAME_SAMPLES), dtype=np.int16)
        frames.reshape(-1)[: len(samples)] = samples
        self._sounds.append((first, frames))

    def _end_frame(self) -> int:
        if not self._sounds:
            return 0
        first, frames = self._sounds[-1]
        return first + len(frames)

    def frame(self, index: int) -> Int16Array | None:
        """Return frame `index`, int16 of shape (480,), or None after the end; to be asked in order."""
        with self._lock:
            self._next_frame = index + 1
            if self._frame_count is not None and index >= self._frame_count:
                return None
            while self._playing < len(self._sounds):
                first, frames = self._sounds[self._playing]
                if index < first:
                    break
                if index < first + len(frames):
                    return frames[index - first]
                self._playing += 1
            return self._silence

    def samples(self, frame_count: int) -> Int16Array:
        """Return the first `frame_count` frames in one piece, int16 of shape (frame_count × 480,)."""
        row = np.zeros((frame_count, FRAME_SAMPLES), dtype=np.int16)
        with self._lock:
            for first, frames in self._sounds:
                taken = frames[: max(0, frame_count - first)]
                row[first : first + len(taken)] = taken
        return row.reshape(-1)
