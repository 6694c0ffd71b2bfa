"""Names of evidence: they sort by date, then scenario, then run, and cannot leave their place."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

from eloquence_pipeline.errors import ConfigurationError

RUNS = "runs"

_SCENARIO = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_RUN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_NAME_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_NAME_REMEDY = "use letters, digits, dot, dash and underscore; parts do not begin with a dot"


def new_run_id(started_at: datetime) -> str:
    """Return a new name for a run: its start in UTC, to the second, and six random digits.

    Raises
    ------
    ValueError
        If the time has no time zone.

    Examples
    --------
    >>> new_run_id(datetime(2026, 11, 22, 15, 10, tzinfo=UTC))[:17]
    '20261122T151000Z-'
    """
    return f"{_utc(started_at):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def is_run_id(name: str) -> bool:
    """Whether a run can be called so."""
    return _RUN_ID.fullmatch(name) is not None


def run_prefix(started_at: datetime, scenario: str, run_id: str) -> str:
    """Return the key prefix of a run, such as ``runs/2026-11-22/basic/20261122T151000Z-3f9a1c/``.

    Raises
    ------
    ConfigurationError
        If the scenario or the run id is not of the form that this module makes.
    ValueError
        If the time has no time zone.
    """
    _require(_SCENARIO, scenario, "name of a scenario", "use lower-case letters, digits, dash and underscore")
    _require(_RUN_ID, run_id, "run id", "take it from new_run_id or from a results.json")
    return f"{RUNS}/{_utc(started_at):%Y-%m-%d}/{scenario}/{run_id}/"


def file_name(name: str) -> str:
    """Return the name of a file of a run, perhaps in a folder, when it stays within the run.

    Raises
    ------
    ConfigurationError
        If a part of it is empty, begins with a dot, or holds anything but letters, digits, ``._-``.
    """
    for part in name.split("/"):
        _require(_NAME_PART, part, f"part of the file name {name!r}", _NAME_REMEDY)
    return name


def store_prefix(prefix: str) -> str:
    """Return the user's own prefix with one slash at its end, or nothing.

    Raises
    ------
    ConfigurationError
        If it holds anything but plain names between slashes.
    """
    stripped = prefix.strip("/")
    return f"{file_name(stripped)}/" if stripped else ""


def _require(pattern: re.Pattern[str], text: str, what: str, remedy: str) -> None:
    if not pattern.fullmatch(text):
        raise ConfigurationError(f"{text!r} cannot be the {what}", remedy=remedy)


def _utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("the time of a run needs a time zone")
    return moment.astimezone(UTC)
