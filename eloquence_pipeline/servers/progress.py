"""How the servers package says what it is doing."""

from __future__ import annotations

from collections.abc import Callable

ProgressSink = Callable[[str], None]
"""Receives short lines for people; called from several threads, so it has to be thread-safe."""


def silent(line: str) -> None:
    """Drop every line."""
    del line
