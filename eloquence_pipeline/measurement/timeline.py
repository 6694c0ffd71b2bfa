"""When a sample was at one end: positions in samples against times on the measuring clock.

Single frames are stamped with the granularity and noise of their hand-over, so the time of a sample
is taken from all the frames around it: each frame gives an estimate of the start of the timeline,
and their median is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND

Int64Array = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_MEDIAN_ERROR = 1.2533
_SIGMA_PER_MAD = 1.4826


@dataclass(frozen=True)
class Timeline:
    """Stamps of consecutive frames of equal length.

    Attributes
    ----------
    stamps_ns
        int64 of shape (frames,); when each frame's first sample passed. Zero marks a frame that
        never did.
    frame_samples, sample_rate_hz
        Length of a frame and rate of the samples.
    """

    stamps_ns: Int64Array
    frame_samples: int
    sample_rate_hz: int

    @property
    def sample_count(self) -> int:
        """Number of samples on the timeline."""
        return len(self.stamps_ns) * self.frame_samples

    def time_ns(self, sample: float, sample_count: int) -> float:
        """Return when `sample` passed, from the frames of the `sample_count` samples that follow it.

        Parameters
        ----------
        sample
            Position on the timeline; may be fractional.
        sample_count
            Length of the stretch whose frames are used.

        Raises
        ------
        ValueError
            If no frame of the stretch was stamped.
        """
        starts_ns, ns_per_sample = self._starts_ns(sample, sample_count)
        # Medians of numbers of the order of 1e15 ns keep their nanoseconds in float64 only relative
        # to a near origin.
        origin = starts_ns[0]
        return float(origin + np.median(starts_ns - origin) + sample * ns_per_sample)

    def standard_error_ns(self, sample: float, sample_count: int) -> float:
        """Return the standard error of :meth:`time_ns` for the same stretch.

        That of a median of normal noise, 1.2533 σ / √frames, where σ is 1.4826 times the median absolute
        deviation of the frames' estimates. What delays all frames of the stretch alike does not show in it.

        Raises
        ------
        ValueError
            If no frame of the stretch was stamped.
        """
        starts_ns, _ = self._starts_ns(sample, sample_count)
        deviations = np.abs(starts_ns - np.median(starts_ns - starts_ns[0]) - starts_ns[0])
        return float(_MEDIAN_ERROR * _SIGMA_PER_MAD * np.median(deviations) / np.sqrt(len(starts_ns)))

    def _starts_ns(self, sample: float, sample_count: int) -> tuple[FloatArray, float]:
        # What each frame of the stretch says about when the timeline began; and the length of a sample.
        first = max(0, int(sample) // self.frame_samples)
        last = min(len(self.stamps_ns), -(-int(sample + sample_count) // self.frame_samples))
        indices = np.arange(first, last)
        stamps = self.stamps_ns[first:last]
        passed = stamps > 0
        if not passed.any():
            raise ValueError(
                f"no frame was stamped between samples {sample:.0f} and {sample + sample_count:.0f}"
            )
        ns_per_sample = NANOSECONDS_PER_SECOND / self.sample_rate_hz
        return stamps[passed] - indices[passed] * (self.frame_samples * ns_per_sample), ns_per_sample

    def sample_at(self, time_ns: float) -> int:
        """Return the position of the first sample of the frame stamped last before `time_ns`."""
        stamped, stamps_ns = self._stamped
        if not len(stamped):
            return 0
        place = int(np.searchsorted(stamps_ns, time_ns, side="right")) - 1
        return int(stamped[max(0, place)]) * self.frame_samples

    @cached_property
    def _stamped(self) -> tuple[npt.NDArray[np.intp], Int64Array]:
        # The frames that were stamped, and their stamps: looked for once, not for each phrase.
        stamped = np.flatnonzero(self.stamps_ns > 0)
        return stamped, self.stamps_ns[stamped]
