"""Lengths of time as people type them: ``90``, ``10m``, ``1h30m``."""

from __future__ import annotations

import re

import typer

_LENGTH = re.compile(r"(?:(?P<hours>\d+)h)?(?:(?P<minutes>\d+)m(?:in)?)?(?:(?P<seconds>\d+)s?)?")
_SECONDS = {"hours": 3600, "minutes": 60, "seconds": 1}


def parse_duration(text: str) -> int:
    """Return a length of time in seconds.

    Raises
    ------
    typer.BadParameter
        If it is none.
    """
    found = _LENGTH.fullmatch(text.strip().lower())
    parts = {unit: value for unit, value in found.groupdict().items() if value} if found else {}
    if not parts:
        raise typer.BadParameter(f"{text!r} is no length of time; write 90, 10m or 1h30m")
    return sum(int(value) * _SECONDS[unit] for unit, value in parts.items())


def in_words(seconds: int) -> str:
    """Return a length of time as :func:`parse_duration` reads it.

    >>> in_words(43200), in_words(90), in_words(8)
    ('12h', '1m30s', '8s')
    """
    hours, rest = divmod(seconds, 3600)
    minutes, rest = divmod(rest, 60)
    parts = {"h": hours, "m": minutes, "s": rest}
    return "".join(f"{value}{unit}" for unit, value in parts.items() if value) or "0s"
