"""Who carries which session."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.load.planning import SESSIONS_PER_CELL, plan_cells, tokens_of
from eloquence_pipeline.models import SpeechScript
from eloquence_pipeline.models.load import CellPlan, LoadWish
from eloquence_pipeline.settings import Settings

pytestmark = pytest.mark.unit

SETTINGS = Settings.model_validate(
    {"livekit_url": "ws://127.0.0.1:1", "api_key": "key", "api_secret": "s" * 32}
)


def script(seed: int) -> SpeechScript:
    return SpeechScript(seed=seed, sample_rate_hz=48_000, sample_count=480_000, phrases=())


def planned(wish: LoadWish) -> list[CellPlan]:
    scripts = [script(number) for number in range(1, wish.sessions + 1)]
    return plan_cells(wish, scripts, SETTINGS, folder=Path("run"), room="room")


@given(
    sessions=st.integers(1, 100),
    background=st.integers(0, 100),
    ramp_up_seconds=st.integers(0, 100),
)
def test_each_session_is_in_one_cell_and_each_room_is_its_own(
    sessions: int, background: int, ramp_up_seconds: int
) -> None:
    wish = LoadWish(
        sessions=sessions, background=background, duration_seconds=10, ramp_up_seconds=ramp_up_seconds
    )
    plans = planned(wish)
    every = [one for plan in plans for one in plan.sessions]
    assert sorted(one.number for one in every) == list(range(1, sessions + background + 1))
    assert len({one.room for one in every}) == len(every)
    assert sum(one.is_measured for one in every) == sessions
    assert all(len(plan.sessions) <= SESSIONS_PER_CELL for plan in plans)
    # Who is measured shares no process with who only makes load.
    assert all(len({one.is_measured for one in plan.sessions}) == 1 for plan in plans)
    assert max(len(plan.sessions) for plan in plans if plan.sessions[0].is_measured) == -(
        -sessions // -(-sessions // SESSIONS_PER_CELL)
    )
    assert len({one.speaks_after_ms for one in every}) == len(every)
    assert all(0 <= one.speaks_after_ms < 20 for one in every)
    joining = [one.joins_after_seconds for one in every]
    assert min(joining) == 0
    assert max(joining) <= (ramp_up_seconds or 0.15 * len(every))


def test_a_plan_is_for_another_machine_and_holds_no_secret() -> None:
    plans = planned(LoadWish(sessions=3, duration_seconds=10))
    tokens = tokens_of(plans, SETTINGS)
    assert set(tokens) == {1, 2, 3}
    told = "".join(plan.model_dump_json() for plan in plans)
    assert "s" * 32 not in told
    for pair in tokens.values():
        assert pair.speaker.get_secret_value() not in told
        assert pair.speaker != pair.listener
    assert [CellPlan.model_validate_json(plan.model_dump_json()) for plan in plans] == plans
