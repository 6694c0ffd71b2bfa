"""What the steps of a capacity test add up to."""

from __future__ import annotations

from pathlib import Path

import pytest

from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.measurement.capacity import CapacitySearch
from eloquence_pipeline.models import Statistics, VerdictStatus
from eloquence_pipeline.models.load import CapacityResult, CapacityStep, LimitSide, LoadLimit, LoadWish
from flows.load import capacity_result, refused_step
from tasks.run import Run
from tests.figures import START

pytestmark = pytest.mark.unit

RUN = Run(
    run_id="capacity",
    scenario="capacity",
    started_at=START,
    target="embedded",
    livekit_url="ws://127.0.0.1:1",
    room_name="room",
    seed=1,
    parameters={},
    folder=Path("run"),
)


def step(sessions: int, side: LimitSide) -> CapacityStep:
    status = {LimitSide.NONE: VerdictStatus.PASSED, LimitSide.TESTER: VerdictStatus.INVALID}
    return CapacityStep(
        sessions=sessions,
        status=status.get(side, VerdictStatus.FAILED),
        limit=LoadLimit(side=side, figure="latency_max_ms", value=900.0, bound=500.0, reasons=("why",)),
        sessions_measured=sessions,
        one_way_delay_ms=Statistics(count=0),
        packet_loss_ratio=0.0,
        concealed_ratio=0.0,
        pacing_lateness_p99_ms=1.0,
        host_busy_ratio=0.5,
        server_cpu_ratio=0.4,
        evidence="here",
    )


def bracketed(limit: int, side: LimitSide, most: int = 8) -> CapacityResult:
    search, steps = CapacitySearch(most), list[CapacityStep]()
    while (sessions := search.next()) is not None:
        steps.append(step(sessions, LimitSide.NONE if sessions <= limit else side))
        search.note(sessions, held=steps[-1].status is VerdictStatus.PASSED)
    return capacity_result(RUN, search, steps)


@pytest.mark.parametrize("side", [LimitSide.SERVER, LimitSide.NETWORK, LimitSide.SERVER_OR_NETWORK])
def test_a_limit_that_was_found_on_the_other_side_is_a_result(side: LimitSide) -> None:
    result = bracketed(5, side)
    assert (result.most_that_held, result.fewest_that_did_not) == (5, 6)
    assert (result.limit.side, result.verdict.status) == (side, VerdictStatus.PASSED)
    assert result.verdict.reasons == ("why",)


def test_a_limit_of_the_tester_is_no_limit_of_the_server() -> None:
    result = bracketed(5, LimitSide.TESTER)
    assert (result.most_that_held, result.fewest_that_did_not) == (5, 6)
    assert (result.limit.side, result.verdict.status) == (LimitSide.TESTER, VerdictStatus.INVALID)


def test_everything_that_was_tried_may_hold() -> None:
    result = bracketed(8, LimitSide.SERVER)
    assert (result.most_that_held, result.fewest_that_did_not) == (8, 0)
    assert (result.limit.side, result.verdict.status) == (LimitSide.NONE, VerdictStatus.PASSED)


def test_a_server_that_carries_not_even_one_session_fails() -> None:
    result = bracketed(0, LimitSide.SERVER)
    assert (result.most_that_held, result.fewest_that_did_not) == (0, 1)
    assert result.verdict.status is VerdictStatus.FAILED


def test_a_number_of_which_none_could_join_is_a_limit_after_fewer_could() -> None:
    search = CapacitySearch(2)
    search.note(1, held=True)
    search.note(2, held=False)
    refused = refused_step(LoadWish(sessions=2, duration_seconds=8), TransportError("no answer"))
    result = capacity_result(RUN, search, [step(1, LimitSide.NONE), refused])
    assert (result.most_that_held, result.fewest_that_did_not) == (1, 2)
    assert (result.limit.side, result.limit.reasons) == (LimitSide.SERVER_OR_NETWORK, ("no answer",))
