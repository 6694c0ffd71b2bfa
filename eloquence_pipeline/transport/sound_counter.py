"""Count what is heard while it is heard, roughly: stretches of sound with a pause before them."""

from __future__ import annotations

import numpy as np

from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES, SAMPLE_RATE_HZ

PAUSE_SECONDS = 1.2
"""Pauses within a phrase are shorter, those between the phrases of a conversation last 2 s and more."""
_LOUD = 300
"""Of 32768: 40 dB below full scale. Speech is louder, what a codec makes of silence is not."""

_PAUSE_FRAMES = round(PAUSE_SECONDS * SAMPLE_RATE_HZ / FRAME_SAMPLES)


class SoundCounter:
    """How many stretches of sound there were so far, for whoever watches a long call.

    Which phrase arrived how whole is said by the measurement afterwards, not by this.
    """

    def __init__(self) -> None:
        self.count = 0
        self._silent_frames = _PAUSE_FRAMES

    def hear(self, content: bytes) -> None:
        """Take whole frames, int16 as bytes."""
        frames = np.frombuffer(content, dtype="<i2").reshape(-1, FRAME_SAMPLES)
        loudest = np.maximum(frames.max(axis=1), -frames.min(axis=1).astype(np.int32))
        for is_loud in (loudest >= _LOUD).tolist():
            if is_loud and self._silent_frames >= _PAUSE_FRAMES:
                self.count += 1
            self._silent_frames = 0 if is_loud else self._silent_frames + 1
