"""Keep this process out of its own way while audio is being sent."""

from __future__ import annotations

import gc
import sys
from collections.abc import Generator
from contextlib import contextmanager

_SWITCH_INTERVAL_SECONDS = 0.0005
"""How long Python code of one thread may hold up another; the default of 5 ms would be the sender's
lateness."""


@contextmanager
def undisturbed() -> Generator[None]:
    """Let threads change over quickly and keep the garbage collector off what is there already.

    A full collection walks everything that was ever imported while no other thread can run: with
    Prefect loaded that takes tens of milliseconds, several frames of audio. What exists now is set
    aside; what comes new is still collected, so long calls do not grow.
    """
    usual = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
        gc.unfreeze()
