"""Phrases that are stretched on their way are followed, or have no delay: never one that is false."""

from __future__ import annotations

import pytest

from calibration.clips import SpokenClip, as_sound, synthesise
from calibration.short import measure_wrong, short_arrivals
from calibration.warped import warped_arrivals
from calibration.warping import Warp, jumped, left_out, periods, resampled, run_dry, stretched

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[SpokenClip]:
    return as_sound(synthesise(tmp_path_factory.mktemp("phrases")))


@pytest.mark.parametrize("ppm", [-3_000, 4_000, -12_000, 20_000])
def test_a_phrase_at_another_speed_has_no_false_delay(clips: list[SpokenClip], ppm: int) -> None:
    for arrival in warped_arrivals(clips, resampled(ppm)):
        assert not arrival.is_false, arrival
        assert arrival.windows[1] == 0, arrival


def test_clocks_as_far_apart_as_those_of_two_machines_lose_no_phrase(clips: list[SpokenClip]) -> None:
    arrivals = warped_arrivals(clips, resampled(100))
    assert all(arrival.arrival.received and not arrival.is_false for arrival in arrivals)


@pytest.mark.parametrize("milliseconds", [60, -40])
def test_a_jump_within_a_phrase_is_followed(clips: list[SpokenClip], milliseconds: int) -> None:
    arrivals = warped_arrivals(clips, jumped(milliseconds))
    assert sum(arrival.arrival.received for arrival in arrivals) > 0.8 * len(arrivals)
    assert not any(arrival.is_false or arrival.windows[1] for arrival in arrivals)


@pytest.mark.parametrize("per_mille", [20, -50])
def test_left_out_or_repeated_pitch_periods_are_followed(clips: list[SpokenClip], per_mille: int) -> None:
    arrivals = warped_arrivals(clips, stretched(per_mille))
    assert not any(arrival.is_false for arrival in arrivals)
    windows, false = (sum(each) for each in zip(*(arrival.windows for arrival in arrivals), strict=True))
    assert windows > 500
    # Where exactly a pitch period is missing cannot be seen in a vowel.
    assert false <= 0.015 * windows


@pytest.mark.parametrize(
    "warp",
    [periods(30), periods(-30), run_dry(30), left_out(30)],
    ids=["said twice", "left out", "ran dry", "something left out"],
)
def test_a_short_phrase_that_is_bent_in_its_middle_is_received(clips: list[SpokenClip], warp: Warp) -> None:
    arrivals = short_arrivals(clips, warp, 12, seed=1)
    assert sum(arrival.arrival.received for arrival in arrivals) > 0.8 * len(arrivals)
    assert not any(arrival.is_false for arrival in arrivals)


def test_nothing_else_comes_near_the_gate_of_a_short_phrase_in_pieces(clips: list[SpokenClip]) -> None:
    for wrong in measure_wrong(clips, lambda _: None, phrases=25):
        assert wrong.least_distance > 0.1, wrong.received_instead
