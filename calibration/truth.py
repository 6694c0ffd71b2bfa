"""Calls that were never made: what was sent, what was received, and by how much each phrase is late."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import fft

from calibration.clips import RATE_HZ, SpokenClip
from eloquence_pipeline.measurement.delay import End, Ends
from eloquence_pipeline.measurement.timeline import Timeline

FloatArray = npt.NDArray[np.float64]

FRAME_SAMPLES = RATE_HZ // 100
FRAME_NS = 10_000_000

_START_NS = 10**15
_LEAD_IN_SECONDS = 1.0
_TAIL_SECONDS = 3.5
"""Longer than the 3 s in which a phrase is looked for."""
_LOUDEST = 32_767
_RINGING_SAMPLES = 4_096


def later(samples: FloatArray, delay_samples: float) -> tuple[int, FloatArray]:
    """Shift a sound by any number of samples.

    The shift is exact for every frequency below half the sample rate: the spectrum is turned by its phase.
    Nothing here looks for a place, or interpolates between samples.

    Parameters
    ----------
    samples
        float64 of shape (n,), silent before and after.
    delay_samples
        Need not be whole.

    Returns
    -------
    first
        Place of the result's first sample; it rings for 4096 samples on either side.
    shifted
        float64 of shape (m,).
    """
    whole = math.floor(delay_samples)
    count = fft.next_fast_len(len(samples) + 2 * _RINGING_SAMPLES, real=True)
    padded = np.zeros(count)
    padded[_RINGING_SAMPLES : _RINGING_SAMPLES + len(samples)] = samples
    frequencies = np.arange(count // 2 + 1) / count
    spectrum = np.asarray(fft.rfft(padded))
    turned = spectrum * np.exp(-2j * math.pi * frequencies * (delay_samples - whole))
    return whole - _RINGING_SAMPLES, np.asarray(fft.irfft(turned, count))


@dataclass(frozen=True)
class KnownCall:
    """Both ends of a call, and the truth.

    Attributes
    ----------
    clips
        What was said.
    sent, received
        float64 of shape (n,), equally long, in units of int16.
    places
        First sample and length of each phrase in `sent`.
    delays
        By how many samples each is late; None for what never arrived, or not at one delay.
    """

    clips: tuple[SpokenClip, ...]
    sent: FloatArray
    received: FloatArray
    places: tuple[tuple[int, int], ...]
    delays: tuple[float | None, ...]

    def hearing(self, received: FloatArray) -> KnownCall:
        """Return the same call, of which something else was received."""
        return replace(self, received=received)

    def ends(self, stamp_noise_ns: float = 0.0, seed: int = 0) -> Ends:
        """Return both ends as the instrument gets them: 16-bit samples, frames of 10 ms, a stamp for each.

        Parameters
        ----------
        stamp_noise_ns
            Standard deviation of what is added to each stamp, at both ends.
        seed
            Of that noise.
        """
        generator = np.random.default_rng((seed, 9))
        return Ends(
            _end(self.sent, stamp_noise_ns, generator), _end(self.received, stamp_noise_ns, generator)
        )


def _end(samples: FloatArray, stamp_noise_ns: float, generator: np.random.Generator) -> End:
    count = len(samples) // FRAME_SAMPLES
    noise_ns = np.rint(generator.standard_normal(count) * stamp_noise_ns).astype(np.int64)
    stamps_ns = _START_NS + np.arange(count, dtype=np.int64) * FRAME_NS + noise_ns
    whole = np.clip(np.rint(samples[: count * FRAME_SAMPLES]), -_LOUDEST - 1, _LOUDEST).astype(np.int16)
    return End(whole, Timeline(stamps_ns, FRAME_SAMPLES, RATE_HZ))


def lay_out(
    clips: Sequence[SpokenClip], pause_seconds: float
) -> tuple[FloatArray, tuple[tuple[int, int], ...]]:
    """Say clips one after the other; return the sound and the place of each in it."""
    places: list[tuple[int, int]] = []
    start = round(_LEAD_IN_SECONDS * RATE_HZ)
    for clip in clips:
        places.append((start, len(clip.samples)))
        start += len(clip.samples) + round(pause_seconds * RATE_HZ)
    sent = np.zeros(_whole_frames(start + round(_TAIL_SECONDS * RATE_HZ)))
    for clip, (start, count) in zip(clips, places, strict=True):
        sent[start : start + count] = clip.samples
    return sent, tuple(places)


def _whole_frames(samples: int) -> int:
    return -(-samples // FRAME_SAMPLES) * FRAME_SAMPLES


def call_of(
    clips: Sequence[SpokenClip], delays: Sequence[float | None], pause_seconds: float = 0.6
) -> KnownCall:
    """Say clips one after the other, each received after its own number of samples, or never."""
    sent, places = lay_out(clips, pause_seconds)
    received = np.zeros(len(sent))
    for clip, (start, _), delay in zip(clips, places, delays, strict=True):
        if delay is not None:
            first, shifted = later(clip.samples, delay)
            add(received, start + first, shifted)
    return KnownCall(tuple(clips), sent, received, places, tuple(delays))


def add(into: FloatArray, first: int, samples: FloatArray) -> None:
    """Add samples in place; what lies beyond the end is left out."""
    kept = samples[: max(0, len(into) - first)]
    into[first : first + len(kept)] += kept


def draw_call(clips: Sequence[SpokenClip], seed: int, latest_seconds: float = 0.4) -> KnownCall:
    """Say all clips in an order drawn from `seed`, each late by 20 ms to `latest_seconds`, in fractions.

    The delay is another for each phrase, so that no error of one can hide behind another's.
    """
    generator = np.random.default_rng((seed, 1))
    order: list[int] = generator.permutation(len(clips)).tolist()
    delays: list[float] = generator.uniform(0.02 * RATE_HZ, latest_seconds * RATE_HZ, len(clips)).tolist()
    return call_of([clips[place] for place in order], delays)
