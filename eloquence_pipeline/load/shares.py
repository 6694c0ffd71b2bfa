"""Which load cell carries which sessions of a load on many machines."""

from __future__ import annotations

import math
from collections.abc import Iterable

from eloquence_pipeline.load.planning import SESSIONS_PER_CELL
from eloquence_pipeline.models.load import CellPlan, LoadWish, SessionPlan
from eloquence_pipeline.models.load_cells import LoadShare


def shares_of(wish: LoadWish, cells: int) -> tuple[LoadShare, ...]:
    """Return what each of so many load cells carries: as equal parts as there are.

    Raises
    ------
    ValueError
        If there are more load cells than measured sessions.
    """
    if not 0 < cells <= wish.sessions:
        raise ValueError(f"{wish.sessions} sessions cannot be shared between {cells} load cells")
    shares: list[LoadShare] = []
    first_session, first_background, first_process = 1, wish.sessions + 1, 1
    for cell in range(1, cells + 1):
        sessions, background = _part(wish.sessions, cell, cells), _part(wish.background, cell, cells)
        shares.append(
            LoadShare(
                cell=cell,
                sessions=sessions,
                background=background,
                first_session=first_session,
                first_background=first_background,
                first_process=first_process,
            )
        )
        first_session += sessions
        first_background += background
        first_process += processes_for(sessions, background)
    return tuple(shares)


def _part(whole: int, place: int, count: int) -> int:
    return whole // count + (place <= whole % count)


def processes_for(sessions: int, background: int) -> int:
    """Return in how many processes a machine carries so many sessions."""
    return math.ceil(sessions / SESSIONS_PER_CELL) + math.ceil(background / SESSIONS_PER_CELL)


def numbered(plans: Iterable[CellPlan], share: LoadShare, room: str) -> list[CellPlan]:
    """Give the sessions and processes of one load cell the numbers that they have in the whole load.

    Parameters
    ----------
    plans
        Of the processes of one load cell, as if there were no other.
    share
        Of that load cell.
    room
        What the names of the rooms begin with.
    """
    return [
        plan.model_copy(
            update={
                "number": plan.number + share.first_process - 1,
                "sessions": tuple(_numbered(one, share, room) for one in plan.sessions),
            }
        )
        for plan in plans
    ]


def _numbered(session: SessionPlan, share: LoadShare, room: str) -> SessionPlan:
    before = share.first_session - 1 if session.is_measured else share.first_background - share.sessions - 1
    number = session.number + before
    return session.model_copy(update={"number": number, "room": f"{room}-{number}"})
