"""Which number of sessions is tried next."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.capacity import (
    USABLE_RATIO,
    CapacitySearch,
    cores_needed,
    sessions_that_fit,
)

pytestmark = pytest.mark.unit


def searched(most: int, limit: int) -> tuple[CapacitySearch, list[int]]:
    search, tried = CapacitySearch(most), list[int]()
    while (sessions := search.next()) is not None:
        tried.append(sessions)
        search.note(sessions, held=sessions <= limit)
        assert len(tried) < 40
    return search, tried


@given(most=st.integers(1, 1000), limit=st.integers(0, 1200))
def test_the_limit_lies_in_the_bracket(most: int, limit: int) -> None:
    search, tried = searched(most, limit)
    held, missed = search.most_that_held, search.fewest_that_did_not
    assert held <= limit
    assert all(1 <= sessions <= most for sessions in tried)
    assert len(set(tried)) == len(tried)
    if missed:
        assert limit < missed
        assert missed - held <= max(1, held // 10)
    else:
        assert held == most


def test_numbers_double_and_then_halve_the_gap() -> None:
    assert searched(64, 11)[1] == [1, 2, 4, 8, 16, 12, 10, 11]


def test_not_even_one_session_is_a_bracket_too() -> None:
    search, tried = searched(64, 0)
    assert (tried, search.most_that_held, search.fewest_that_did_not) == ([1], 0, 1)


@given(cores=st.integers(1, 64), server_is_here=st.booleans())
def test_what_is_expected_to_fit_does_and_one_more_does_not(cores: int, server_is_here: bool) -> None:
    fit = sessions_that_fit(cores, sessions_per_process=8, server_is_here=server_is_here)
    needed = [
        cores_needed(count, 0, sessions_per_process=8, server_is_here=server_is_here)
        for count in (fit, fit + 1)
    ]
    assert needed[0] <= USABLE_RATIO * cores < needed[1]


def test_a_server_on_the_same_machine_and_a_background_take_their_part() -> None:
    def needed(background: int, *, here: bool) -> float:
        return cores_needed(10, background, sessions_per_process=8, server_is_here=here)

    assert needed(0, here=False) < needed(0, here=True) < needed(5, here=True)
