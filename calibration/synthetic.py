"""Calls that were never made, damaged in known ways: how far the instrument is off."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

from calibration import damage
from calibration.clips import RATE_HZ, SpokenClip, as_sound, synthesise
from calibration.short import WrongPeaks, measure_short, measure_wrong
from calibration.truth import KnownCall, call_of, draw_call
from calibration.warped import WarpedPhrases, measure_warps
from eloquence_pipeline.measurement.delay import Ends, find_phrases
from eloquence_pipeline.measurement.gaps import hear

FloatArray = npt.NDArray[np.float64]
Damage = Callable[[KnownCall, np.random.Generator, Sequence[SpokenClip]], FloatArray]

SEEDS = (1, 2)
_MISSING_RATIO = 0.3
_SAMPLES_PER_MS = RATE_HZ / 1000
_OTHER_PHRASES = 40


class DelayErrors(BaseModel):
    """How far the delays of one kind of damage are off.

    Attributes
    ----------
    said, received
        Phrases, and how many of them were found; the others are "not received" and have no delay.
    errors_samples, uncertainties_samples
        Of each phrase that was found: measured less true delay, and the standard uncertainty that was stated,
        in samples at 48 kHz.
    """

    damage: str
    said: int
    errors_samples: list[float]
    uncertainties_samples: list[float]

    @property
    def received(self) -> int:
        """How many phrases were found."""
        return len(self.errors_samples)

    @property
    def largest_samples(self) -> float:
        """The largest absolute error."""
        return max((abs(error) for error in self.errors_samples), default=0.0)

    def percentile_samples(self, percent: float) -> float:
        """Return a percentile of the absolute errors."""
        return float(np.percentile(np.abs(self.errors_samples), percent)) if self.errors_samples else 0.0

    @property
    def bias_samples(self) -> float:
        """The mean error."""
        return float(np.mean(self.errors_samples)) if self.errors_samples else 0.0

    @property
    def within_two_uncertainties(self) -> float:
        """The share of errors that are at most twice their stated standard uncertainty."""
        pairs = zip(self.errors_samples, self.uncertainties_samples, strict=True)
        return float(np.mean([abs(error) <= 2 * stated for error, stated in pairs]))


class FalseNumbers(BaseModel):
    """Phrases that did not arrive, and how many of them were given a delay all the same."""

    received_instead: str
    said: int
    found: int


class LossShare(BaseModel):
    """How much speech is missing, and how much the sound itself shows to be missing."""

    missing: str
    true_ratio: float
    measured_ratio: float


class Synthetic(BaseModel):
    """Everything that needs no server."""

    delays: list[DelayErrors]
    false_numbers: list[FalseNumbers]
    warped: list[WarpedPhrases]
    short: list[WarpedPhrases]
    wrong: list[WrongPeaks]
    losses: list[LossShare]


def _noise(make: Callable[[int, np.random.Generator], FloatArray], ratio_db: float) -> Damage:
    def damaged(call: KnownCall, generator: np.random.Generator, _: Sequence[SpokenClip]) -> FloatArray:
        return call.received + damage.at_ratio(call, make(len(call.received), generator), ratio_db)

    return damaged


def _babble(call: KnownCall, generator: np.random.Generator, clips: Sequence[SpokenClip]) -> FloatArray:
    noise = damage.babble(len(call.received), generator, clips)
    return call.received + damage.at_ratio(call, noise, 0.0)


def _without_packets(conceal: Callable[[FloatArray, npt.NDArray[np.bool_]], FloatArray]) -> Damage:
    def damaged(call: KnownCall, generator: np.random.Generator, _: Sequence[SpokenClip]) -> FloatArray:
        lost = damage.missing(len(call.received), _MISSING_RATIO, generator)
        return conceal(call.received, lost)

    return damaged


DAMAGES: dict[str, Damage] = {
    "none": lambda call, _, __: call.received,
    "white noise, 20 dB": _noise(damage.white, 20.0),
    "white noise, 10 dB": _noise(damage.white, 10.0),
    "white noise, 0 dB": _noise(damage.white, 0.0),
    "pink noise, 0 dB": _noise(damage.pink, 0.0),
    "music, 0 dB": _noise(damage.music, 0.0),
    "eight voices, 0 dB": _babble,
    "30 % of 20 ms frames silent": _without_packets(damage.silenced),
    "30 % of 20 ms frames concealed": _without_packets(damage.concealed),
}


def calibrate(progress: Callable[[str], object]) -> Synthetic:
    """Measure every damage; `progress` is told what comes next."""
    with tempfile.TemporaryDirectory(prefix="eloquence-calibration-") as folder:
        progress("speaking the phrases")
        clips = as_sound(synthesise(Path(folder)))
    calls = {seed: draw_call(clips, seed) for seed in SEEDS}
    return Synthetic(
        delays=[_delay_errors(name, hurt, calls, clips, progress) for name, hurt in DAMAGES.items()],
        false_numbers=_false_numbers(clips, progress),
        warped=measure_warps(clips, progress),
        short=measure_short(clips, progress),
        wrong=measure_wrong(clips, progress),
        losses=[_loss_share(calls[SEEDS[0]], ratio, progress) for ratio in (0.02, 0.1, _MISSING_RATIO)],
    )


def _delay_errors(
    name: str,
    hurt: Damage,
    calls: dict[int, KnownCall],
    clips: Sequence[SpokenClip],
    progress: Callable[[str], object],
) -> DelayErrors:
    errors: list[float] = []
    uncertainties: list[float] = []
    for seed, call in calls.items():
        progress(f"delay: {name}, seed {seed}, {len(call.places)} phrases")
        ends = call.hearing(hurt(call, np.random.default_rng((seed, 2)), clips)).ends(seed=seed)
        for arrival, delay in zip(find_phrases(ends, call.places), call.delays, strict=True):
            if arrival.received and delay is not None:
                errors.append(arrival.one_way_delay_ms * _SAMPLES_PER_MS - delay)
                uncertainties.append(arrival.uncertainty_ms * _SAMPLES_PER_MS)
    said = sum(len(call.places) for call in calls.values())
    return DelayErrors(damage=name, said=said, errors_samples=errors, uncertainties_samples=uncertainties)


def _false_numbers(clips: Sequence[SpokenClip], progress: Callable[[str], object]) -> list[FalseNumbers]:
    progress("what did not arrive")
    said, others = clips[:_OTHER_PHRASES], clips[_OTHER_PHRASES:]
    call = call_of(said, [None] * len(said))
    generator = np.random.default_rng(3)
    count = len(call.sent)
    other_speech = np.resize(np.concatenate([clip.samples for clip in others]), count)
    level = float(np.mean([clip.level for clip in clips]))
    instead = {
        "silence": np.zeros(count),
        "white noise": damage.white(count, generator) * level,
        "music": damage.music(count, generator) * level,
        "other phrases of the same voice": other_speech,
    }
    return [
        FalseNumbers(
            received_instead=name,
            said=len(said),
            found=sum(arrival.received for arrival in find_phrases(call.hearing(sound).ends(), call.places)),
        )
        for name, sound in instead.items()
    ]


def _loss_share(call: KnownCall, ratio: float, progress: Callable[[str], object]) -> LossShare:
    progress(f"loss: {ratio:.0%} of the frames silent")
    generator = np.random.default_rng((7, round(ratio * 1000)))
    lost = damage.missing(len(call.received), ratio, generator)
    ends: Ends = call.hearing(damage.silenced(call.received, lost)).ends()
    heard = [hear(ends.audio, arrival.span, arrival.course) for arrival in find_phrases(ends, call.places)]
    decided = sum(each.active_samples - each.undecided_samples for each in heard)
    missing = sum(each.lost_samples for each in heard)
    return LossShare(
        missing=f"{ratio:.0%} of the 20 ms frames",
        true_ratio=_truly_lost(call, lost),
        measured_ratio=missing / decided,
    )


def _truly_lost(call: KnownCall, lost: npt.NDArray[np.bool_]) -> float:
    """Return the share of the phrases' samples in which a lost frame lies."""
    hit = total = 0
    for (start, count), delay in zip(call.places, call.delays, strict=True):
        first = start + round(delay or 0)
        hit += int(lost[first : first + count].sum())
        total += count
    return hit / total
