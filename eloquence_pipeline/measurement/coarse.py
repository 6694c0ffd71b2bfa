"""Both ends of a call at about 8 kHz, where phrases are looked for.

Speech is told apart by what it has below 4 kHz, and a sixth of the samples takes a sixth of the time; the
places are made exact at the full rate afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.signal import butter

from eloquence_pipeline.measurement.blocks import Signal, decimated, filtered
from eloquence_pipeline.measurement.method import WINDOW_HOP_SECONDS, WINDOW_SECONDS
from eloquence_pipeline.signal.tracking import WindowCorrelations, correlate_windows

Float32Array = npt.NDArray[np.float32]

_COARSE_RATE_HZ = 8_000
_VOICE_BAND_HZ = (100.0, 2000.0)


@dataclass(frozen=True)
class Span:
    """A phrase of the sent audio and the places at which it can have been received.

    Attributes
    ----------
    start_sample, sample_count
        Place of the phrase in the sent audio.
    earliest, latest
        Where its first sample can be in the received audio.
    """

    start_sample: int
    sample_count: int
    earliest: int
    latest: int


@dataclass(frozen=True)
class CoarseAudio:
    """Both ends at about 8 kHz.

    Attributes
    ----------
    sent, received
        (sent samples / step) and (received samples / step) values, float32.
    step
        Samples of the full rate to one of these.
    sample_rate_hz
        The full rate.
    """

    sent: Signal
    received: Signal
    step: int
    sample_rate_hz: int

    @cached_property
    def voices(self) -> tuple[Signal, Signal]:
        """Both ends between 100 and 2000 Hz, where a codec keeps the wave; the filter delays both alike."""
        rate = self.sample_rate_hz / self.step
        sections = butter(4, _VOICE_BAND_HZ, btype="band", fs=rate, output="sos").astype(np.float32)
        return filtered(self.sent, sections), filtered(self.received, sections)

    def reference(self, span: Span) -> Float32Array:
        """Return what was sent in `span`."""
        first = span.start_sample // self.step
        return self.sent[first : first + max(1, span.sample_count // self.step)]

    def stretch(
        self, span: Span, lowest: int, highest: int, free_from: int = 0, free_to: int | None = None
    ) -> Float32Array:
        """Return what was received where `span` was displaced by `lowest` to `highest` coarse samples.

        What lies outside of `free_from` and `free_to`, coarse samples of the recording, is silence.
        """
        first = span.start_sample // self.step + lowest
        count = len(self.reference(span)) + highest - lowest
        result = np.zeros(count, dtype=np.float32)
        there = len(self.received) if free_to is None else min(free_to, len(self.received))
        begin, end = max(first, free_from), min(first + count, there)
        if begin < end:
            result[begin - first : end - first] = self.received[begin:end]
        return result

    def windows(
        self, span: Span, lowest: int, highest: int, free_from: int = 0, free_to: int | None = None
    ) -> WindowCorrelations:
        """Return the windows of `span` against the displacements from `lowest` to `highest`.

        `free_from` and `free_to` are those of :meth:`stretch`.
        """
        rate = self.sample_rate_hz / self.step
        return correlate_windows(
            self.reference(span),
            self.stretch(span, lowest, highest, free_from, free_to),
            round(WINDOW_SECONDS * rate),
            round(WINDOW_HOP_SECONDS * rate),
        )

    def displacements(self, span: Span) -> tuple[int, int]:
        """Return the least and the greatest displacement of `span`, in coarse samples."""
        return (
            (span.earliest - span.start_sample) // self.step,
            -(-(span.latest - span.start_sample) // self.step),
        )


def coarse_audio(sent: npt.NDArray[np.int16], received: npt.NDArray[np.int16], rate_hz: int) -> CoarseAudio:
    """Bring both ends, int16 of shapes (n,) and (m,) at `rate_hz`, down to about 8 kHz."""
    step = max(1, rate_hz // _COARSE_RATE_HZ)
    return CoarseAudio(decimated(sent, step), decimated(received, step), step, rate_hz)
