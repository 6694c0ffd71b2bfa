"""Which cell carries which session, and what lets its participants join."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from eloquence_pipeline.load.session import LISTENER, SPEAKER, SessionTokens
from eloquence_pipeline.models import Side, SpeechScript
from eloquence_pipeline.models.load import CellPlan, LoadWish, SessionPlan
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.transport.tokens import mint_token

SESSIONS_PER_CELL = 8
"""Beyond that the Python of one process becomes what is waited for (docs/adr/0017-load.md)."""
_TOKEN_MARGIN_SECONDS = 300
_PACKET_MS = 20.0


def plan_cells(
    wish: LoadWish,
    scripts: Sequence[SpeechScript],
    settings: Settings,
    *,
    folder: Path,
    room: str,
    sessions_per_cell: int = SESSIONS_PER_CELL,
) -> list[CellPlan]:
    """Return who carries which session: measured ones and background in cells of their own.

    Parameters
    ----------
    wish, settings
        Of the load.
    scripts
        Of the measured sessions; the background says the same again.
    folder
        Below it each measured session has one of its own.
    room
        What the names of the rooms begin with; nobody else may have used it before.
    sessions_per_cell
        The most that one process carries.
    """
    whole = wish.sessions + wish.background
    sessions = [
        SessionPlan(
            number=number,
            room=f"{room}-{number}",
            script=scripts[(number - 1) % len(scripts)],
            is_measured=number <= wish.sessions,
            joins_after_seconds=wish.joining_seconds * (number - 1) / whole,
            speaks_after_ms=_PACKET_MS * (number - 1) / whole,
        )
        for number in range(1, whole + 1)
    ]
    parts = [sessions[: wish.sessions], sessions[wish.sessions :]]
    groups = [group for part in parts for group in _evenly(part, sessions_per_cell)]
    return [
        CellPlan(
            number=number,
            livekit_url=settings.livekit_url,
            folder=folder,
            sessions=tuple(group),
            thresholds=settings.thresholds.model_dump(),
        )
        for number, group in enumerate(groups, start=1)
    ]


def _evenly(sessions: Sequence[SessionPlan], most: int) -> list[list[SessionPlan]]:
    count = math.ceil(len(sessions) / most)
    return [list(sessions[place::count]) for place in range(count)]


def tokens_of(plans: Iterable[CellPlan], settings: Settings) -> Mapping[int, SessionTokens]:
    """Mint the tokens of every session, by its number; they are good for its length and five minutes."""
    return {one.number: _tokens(one, settings) for plan in plans for one in plan.sessions}


def _tokens(session: SessionPlan, settings: Settings) -> SessionTokens:
    seconds = session.script.duration_seconds + session.joins_after_seconds + _TOKEN_MARGIN_SECONDS
    speaker, listener = (
        mint_token(
            api_key=settings.api_key,
            api_secret=settings.api_secret,
            room=session.room,
            identity=identity,
            sides={side},
            valid_for_seconds=round(seconds),
        )
        for identity, side in ((SPEAKER, Side.PUBLISHER), (LISTENER, Side.SUBSCRIBER))
    )
    return SessionTokens(speaker=speaker, listener=listener)
