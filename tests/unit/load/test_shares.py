"""Who carries which sessions of a load on many machines."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.load.planning import plan_cells
from eloquence_pipeline.load.shares import numbered, shares_of
from eloquence_pipeline.models import SpeechScript
from eloquence_pipeline.models.load import LoadWish
from eloquence_pipeline.models.load_cells import LoadShare
from eloquence_pipeline.settings import Settings

pytestmark = pytest.mark.unit

SCRIPT = SpeechScript(seed=1, sample_rate_hz=48_000, sample_count=48_000, phrases=())


@given(st.data(), st.integers(1, 60), st.integers(0, 40))
def test_every_session_and_process_has_one_number_and_one_load_cell(
    data: st.DataObject, sessions: int, background: int
) -> None:
    cells = data.draw(st.integers(1, sessions))
    wish = LoadWish(sessions=sessions, background=background, duration_seconds=8)
    shares = shares_of(wish, cells)
    assert sum(share.sessions for share in shares) == sessions
    assert max(share.sessions for share in shares) - min(share.sessions for share in shares) <= 1

    plans = [plan for share in shares for plan in _planned(share)]
    planned = [session for plan in plans for session in plan.sessions]
    assert sorted(session.number for session in planned) == list(range(1, sessions + background + 1))
    assert all(session.is_measured == (session.number <= sessions) for session in planned)
    assert len({session.room for session in planned}) == sessions + background
    assert sorted(plan.number for plan in plans) == list(range(1, len(plans) + 1))


def _planned(share: LoadShare):
    wish = LoadWish(sessions=share.sessions, background=share.background, duration_seconds=8)
    alone = plan_cells(wish, [SCRIPT], Settings(), folder=Path("run"), room="alone")
    return numbered(alone, share, "room")


def test_more_load_cells_than_sessions_are_refused() -> None:
    with pytest.raises(ValueError, match="2 sessions cannot be shared between 3"):
        shares_of(LoadWish(sessions=2, duration_seconds=8), 3)
