"""Phrases that change their speed on the way: followed, or without a delay, but never with a false one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from calibration.clips import RATE_HZ, SpokenClip
from calibration.truth import KnownCall, add, later, lay_out
from calibration.warping import Warp, jumped, resampled, stretched
from eloquence_pipeline.measurement.delay import PhraseArrival, find_phrases

FloatArray = npt.NDArray[np.float64]

_PAUSE_SECONDS = 1.5
_EARLIEST_MS, _LATEST_MS = 500.0, 700.0
"""Long enough for a phrase that grows shorter: nothing arrives before it was sent."""
_FALSE_SAMPLES = RATE_HZ // 1000
"""A delay that no sample of the phrase, or of the window, had to within 1 ms is false."""

WARPS: dict[str, Warp] = {
    **{
        f"{abs(percent):g} % {'faster' if percent > 0 else 'slower'}": resampled(round(percent * 10_000))
        for percent in (0.01, 0.1, 0.5, 1, -1.2, 3)
    },
    "60 ms of silence inside": jumped(60),
    "40 ms left out inside": jumped(-40),
    "pitch periods left out, 2 %": stretched(20),
    "pitch periods repeated, 5 %": stretched(-50),
}
SOME_UNSURE = ("pitch periods",)
"""Where exactly a pitch period is missing cannot be seen in a vowel: a few windows may be one period off."""


@dataclass(frozen=True)
class WarpedArrival:
    """What was found of a phrase, and by how many samples each of its samples truly is late.

    Attributes
    ----------
    delays_samples
        float64 of shape (n,); NaN for samples that were left out.
    """

    arrival: PhraseArrival
    delays_samples: FloatArray

    @property
    def is_false(self) -> bool:
        """Whether it has a delay that none of its samples had."""
        delay = self.arrival.one_way_delay_ms * RATE_HZ / 1000
        return self.arrival.received and _off(delay, self.delays_samples) > _FALSE_SAMPLES

    @property
    def windows(self) -> tuple[int, int]:
        """How many windows along it have a delay, and how many of these one that is false."""
        course = self.arrival.course
        if course is None or not self.arrival.received:
            return 0, 0
        false = [
            _off(displacement, self.delays_samples[start : start + course.window_samples]) > _FALSE_SAMPLES
            for start, displacement in zip(course.starts, course.displacements, strict=True)
        ]
        return int(course.found.sum()), int(np.count_nonzero(np.asarray(false) & course.found))


class WarpedPhrases(BaseModel):
    """Phrases that were bent in one way, and what was found of them."""

    warp: str
    said: int
    received: int
    false_delays: int
    windows: int
    false_windows: int

    @classmethod
    def of(cls, warp: str, arrivals: Sequence[WarpedArrival]) -> WarpedPhrases:
        """Count what became of phrases that were bent in one way."""
        windows = [arrival.windows for arrival in arrivals]
        return cls(
            warp=warp,
            said=len(arrivals),
            received=sum(arrival.arrival.received for arrival in arrivals),
            false_delays=sum(arrival.is_false for arrival in arrivals),
            windows=sum(count for count, _ in windows),
            false_windows=sum(false for _, false in windows),
        )


def measure_warps(clips: Sequence[SpokenClip], progress: Callable[[str], object]) -> list[WarpedPhrases]:
    """Say all phrases, bent in every way."""
    measured: list[WarpedPhrases] = []
    for name, warp in WARPS.items():
        progress(f"speech that changes its speed: {name}")
        measured.append(WarpedPhrases.of(name, warped_arrivals(clips, warp)))
    return measured


def warped_arrivals(clips: Sequence[SpokenClip], warp: Warp) -> list[WarpedArrival]:
    """Say all clips one after the other, each bent by `warp` and late by a delay of its own."""
    generator = np.random.default_rng(5)
    sent, places = lay_out(clips, _PAUSE_SECONDS)
    received, truths = np.zeros(len(sent)), list[FloatArray]()
    for clip, (start, _) in zip(clips, places, strict=True):
        delay = float(generator.uniform(_EARLIEST_MS, _LATEST_MS)) * RATE_HZ / 1000
        bent = warp(clip.samples, generator)
        first, samples = later(bent.samples, delay)
        add(received, start + first, samples)
        truths.append(delay + bent.shifts)
    call = KnownCall(tuple(clips), sent, received, places, (None,) * len(clips))
    found = find_phrases(call.ends(), places)
    return [WarpedArrival(arrival, truth) for arrival, truth in zip(found, truths, strict=True)]


def _off(delay_samples: float, truth_samples: FloatArray) -> float:
    low, high = float(np.nanmin(truth_samples)), float(np.nanmax(truth_samples))
    return max(low - delay_samples, delay_samples - high, 0.0)
