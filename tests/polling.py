"""Wait for what has to become true, without sleeping longer than needed."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

DEADLINE_SECONDS = 120.0
"""Longer than anything takes on a machine that is busy with other tests; only a failure waits for it."""
POLL_SECONDS = 0.05


def await_true(
    condition: Callable[[], bool],
    what: str,
    within_seconds: float = DEADLINE_SECONDS,
    *,
    told: Callable[[], str] = str,
) -> None:
    """Return when `condition` holds; fail the test if it does not within the time, with what was `told`."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {within_seconds:.0f} s: {what}\n{told()}")
        time.sleep(POLL_SECONDS)
