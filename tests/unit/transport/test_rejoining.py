"""When attempts to join again are made, and when it is given up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eloquence_pipeline.settings import Rejoining
from eloquence_pipeline.transport.rejoining import Attempts

pytestmark = pytest.mark.unit

SECOND_NS = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now_ns = 5_000 * SECOND_NS

    def __call__(self) -> int:
        return self.now_ns


def waits_of(policy: Rejoining, luck: float, attempt_seconds: float = 0.0) -> list[float]:
    """Return every wait until it is given up, when each attempt fails after so long."""
    clock, waits = Clock(), list[float]()
    attempts = Attempts(policy, clock, lambda: luck)
    while (wait := attempts.next_wait_seconds()) is not None:
        waits.append(wait)
        clock.now_ns += round((wait + attempt_seconds) * SECOND_NS)
    return waits


def test_waits_double_up_to_the_longest_and_end_after_so_many() -> None:
    policy = Rejoining(first_wait_ms=500, longest_wait_ms=3000, most_attempts=5)
    assert waits_of(policy, luck=0.0) == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_it_gives_up_when_its_time_is_over() -> None:
    policy = Rejoining(first_wait_ms=1000, longest_wait_ms=1000, most_attempts=100, give_up_after_seconds=10)
    assert len(waits_of(policy, luck=0.0, attempt_seconds=1.0)) == 5


@given(
    first_ms=st.floats(0, 5000),
    factor=st.floats(1, 10),
    jitter=st.floats(0, 1),
    luck=st.floats(0, 1, exclude_max=True),
)
def test_waits_stay_within_their_bounds(first_ms: float, factor: float, jitter: float, luck: float) -> None:
    policy = Rejoining(first_wait_ms=first_ms, factor=factor, longest_wait_ms=6000, jitter_ratio=jitter)
    waits = waits_of(policy, luck)
    assert 1 <= len(waits) <= policy.most_attempts
    for count, wait in enumerate(waits):
        full = min(6.0, first_ms / 1000 * factor**count)
        assert full * (1 - jitter) - 1e-9 <= wait <= full + 1e-9
    assert sum(waits) <= policy.give_up_after_seconds


def test_an_outage_after_a_while_begins_anew_and_one_at_once_goes_on_counting() -> None:
    clock = Clock()
    attempts = Attempts(Rejoining(first_wait_ms=500, longest_wait_ms=4000), clock, lambda: 0.0)
    assert attempts.next_wait_seconds() == 0.5
    attempts.succeeded()
    clock.now_ns += SECOND_NS
    assert (attempts.next_wait_seconds(), attempts.count) == (1.0, 2)
    attempts.succeeded()
    clock.now_ns += 5 * SECOND_NS
    assert (attempts.next_wait_seconds(), attempts.count) == (0.5, 1)


def test_a_first_wait_that_is_longer_than_the_longest_is_refused() -> None:
    with pytest.raises(ValidationError, match="must rise"):
        Rejoining(first_wait_ms=500, longest_wait_ms=100)
