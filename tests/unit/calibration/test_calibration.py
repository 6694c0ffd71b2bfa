"""What calibrates the instrument is right itself: its truth, its bounds, its document."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from calibration import damage
from calibration.bounds import Bound, clean_deviations_ms, fitted, interval, live_bounds, synthetic_bounds
from calibration.clips import RATE_HZ, SpokenClip
from calibration.document import Circumstances, text
from calibration.live import CleanRun, LatencyPoint, Live, LossPoint
from calibration.short import WrongPeaks, short_clips
from calibration.synthetic import DelayErrors, FalseNumbers, LossShare, Synthetic
from calibration.truth import call_of, later
from calibration.warped import WarpedPhrases
from calibration.warping import Warp, concealed_inside, left_out, periods, run_dry

pytestmark = pytest.mark.unit

WIDTH_SAMPLES = 40.0


def bell(places: np.ndarray, middle: float) -> np.ndarray:
    """A sound that has nothing near half the sample rate, so that it can be anywhere between samples."""
    return 10_000 * np.exp(-(((places - middle) / WIDTH_SAMPLES) ** 2))


@settings(max_examples=30, deadline=None)
@given(delay=st.floats(-500, 20_000))
def test_a_sound_is_shifted_by_exactly_as_much_as_asked(delay: float) -> None:
    first, shifted = later(bell(np.arange(2_000), 1_000.0), delay)
    expected = bell(first + np.arange(len(shifted)), 1_000.0 + delay)
    assert np.abs(shifted - expected).max() < 1e-6


def test_noise_at_0_db_has_the_power_of_each_phrase() -> None:
    generator = np.random.default_rng(1)
    loud, soft = (generator.standard_normal(RATE_HZ) * level for level in (3_000, 300))
    call = call_of([SpokenClip("loud", loud), SpokenClip("soft", soft)], [960.0, 960.0])
    noise = damage.at_ratio(call, damage.white(len(call.received), generator), 0.0)
    for (start, count), clip in zip(call.places, call.clips, strict=True):
        heard = noise[start + 960 : start + 960 + count]
        assert math.sqrt(float(np.mean(heard**2))) == pytest.approx(clip.level, rel=0.02)


@pytest.mark.parametrize(
    "warp",
    [periods(20), periods(-20), run_dry(30), left_out(30), concealed_inside(30)],
    ids=["said twice", "left out", "ran dry", "something left out", "concealed"],
)
def test_what_is_bent_in_the_middle_is_where_its_shifts_say(warp: Warp) -> None:
    clip = np.random.default_rng(4).standard_normal(RATE_HZ // 2) * 1_000
    bent = warp(clip, np.random.default_rng(1))
    heard = np.flatnonzero(~np.isnan(bent.shifts))
    places = heard + bent.shifts[heard].astype(np.int64)
    same = np.isclose(bent.samples[np.clip(places, 0, len(bent.samples) - 1)], clip[heard])
    # But for what was faded, or made up.
    assert same.mean() > 0.85
    assert same[: RATE_HZ // 50].all()
    assert same[-RATE_HZ // 50 :].all()


def test_short_clips_are_short_and_no_pauses() -> None:
    sound = np.concatenate((np.zeros(RATE_HZ), np.random.default_rng(2).standard_normal(RATE_HZ) * 3_000))
    clips = short_clips([SpokenClip("", sound)], 20, np.random.default_rng(3))
    assert all(0.39 < clip.seconds < 0.81 and clip.level > 200 for clip in clips)


def synthetic(
    *, error: float = 0.2, found: int = 0, false: int = 0, unsure: int = 1, short: int = 9, peak: float = 0.6
) -> Synthetic:
    errors = DelayErrors(
        damage="none", said=3, errors_samples=[0.1, -error], uncertainties_samples=[0.1, 0.05]
    )
    return Synthetic(
        delays=[errors],
        false_numbers=[FalseNumbers(received_instead="silence", said=4, found=found)],
        warped=[
            WarpedPhrases(
                warp=warp, said=5, received=3, false_delays=false, windows=100, false_windows=false_windows
            )
            for warp, false_windows in (("1 % faster", false), ("pitch periods repeated", unsure))
        ],
        short=[
            WarpedPhrases(
                warp="ran dry", said=10, received=short, false_delays=0, windows=70, false_windows=unsure
            )
        ],
        wrong=[WrongPeaks(received_instead="music", seconds=[0.5, 0.6], peaks=[peak, 0.0])],
        losses=[LossShare(missing="10 %", true_ratio=0.1, measured_ratio=0.11)],
    )


def live(*, slope: float = 1.0, off_ms: float = 0.0, lost: int = 50) -> Live:
    points = [
        LatencyPoint(
            asked_ms=asked,
            added_ms=asked + 0.1,
            network_ms=1.0 + slope * (asked + 0.1) + (off_ms if asked == 50 else 0.0),
            phrases=10,
        )
        for asked in (0, 0, 50, 100, 200)
    ]
    loss = LossPoint(
        asked_ratio=0.05,
        arrived=1000,
        dropped=50,
        measured_lost=lost,
        measured_ratio=lost / 1000,
        concealed_ratio=0.01,
    )
    return Live(latencies=points, losses=[loss], clean=[CleanRun(delays_ms=[44.0, 44.1, 44.2])], overloaded=1)


def test_bounds_that_hold_are_told_as_such() -> None:
    assert all(bound.holds for bound in [*synthetic_bounds(synthetic()), *live_bounds(live())])
    assert fitted(live()).slope == pytest.approx(1)
    assert clean_deviations_ms(live()) == [pytest.approx(0.1)]


@pytest.mark.parametrize(
    ("measured", "missed"),
    [
        (synthetic_bounds(synthetic(error=1.5)), "delay within 1 sample"),
        (synthetic_bounds(synthetic(found=1)), "no delay for a phrase"),
        (synthetic_bounds(synthetic(false=1)), "false delay: 1 % faster"),
        (synthetic_bounds(synthetic(unsure=2)), "false delay: pitch periods"),
        (synthetic_bounds(synthetic(unsure=2)), "ran dry"),
        (synthetic_bounds(synthetic(short=7)), "80% of the short phrases received"),
        (synthetic_bounds(synthetic(peak=0.76)), "below its gate: music"),
        (live_bounds(live(slope=1.03)), "slope"),
        (live_bounds(live(off_ms=2.5)), "each point within 2 ms"),
        (live_bounds(live(lost=80)), "binomial interval"),
    ],
)
def test_a_bound_that_is_missed_is_told(measured: list[Bound], missed: str) -> None:
    told = [bound.required for bound in measured if not bound.holds]
    assert any(missed in bound for bound in told)


def test_the_interval_is_the_exact_one() -> None:
    low, high = interval(live().losses[0])
    # By the definition of Clopper and Pearson: either end leaves 2.5 % beyond what was seen.
    assert float(stats.binom.sf(49, 1000, low)) == pytest.approx(0.025)
    assert float(stats.binom.cdf(50, 1000, high)) == pytest.approx(0.025)


def test_every_figure_of_the_document_is_one_that_was_given() -> None:
    where = Circumstances(date="2026-01-02", commit="abc", machine="2 cores", versions="numpy 2")
    written = text(synthetic(error=1.5), where, live(), where)
    for part in (
        "| none | 2 of 3 | 1.50 |",
        "| **no** |",
        "| 1 % faster | 3 of 5 | 0 | 100 | 0 |",
        "| ran dry | 9 of 10 | 0 | 70 | 1 |",
        "| music | 1 of 2 | 0.60 | 0.20 |",
        "slope of\n1.0000",
        "50 of 1000 (5.00%)",
        "`abc`",
    ):
        assert part in written
    assert "Calls through a server" not in text(synthetic(), where, None, None)
