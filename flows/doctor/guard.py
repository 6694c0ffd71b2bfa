"""Carrying out checks, so that one which breaks does not hide the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.reporting.checks import Check, CheckStatus

Step = tuple[str, Callable[[], Check]]
"""Name of a check, and what carries it out."""


def guarded(step: Step) -> Check:
    """Carry out a check; what it raises is what it found."""
    name, look = step
    try:
        return look()
    except EloquenceError as error:
        return Check.failed(name, error.message, error.remedy)
    except Exception as error:
        return Check.failed(
            name,
            f"unexpected {type(error).__name__}: {error}",
            "this is a defect of eloquence doctor itself: report it with this line",
        )


def in_turn(steps: Sequence[Step]) -> Iterator[Check]:
    """Carry out checks of which each needs the one before it; after the first that fails, none is made."""
    reason = ""
    for name, look in steps:
        check = Check.not_checked(name, reason) if reason else guarded((name, look))
        yield check
        if check.status is CheckStatus.FAILED:
            reason = f"needs « {name} »"
        elif check.status is CheckStatus.NOT_CHECKED:
            reason = check.detail
