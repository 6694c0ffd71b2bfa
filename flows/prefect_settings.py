"""Prefect's own settings: those that the pipeline has, and what the user has chosen."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

# Read when Prefect is imported. The seed's log lines are the terminal's; Prefect's own go to its API.
PREFECT_ENVIRONMENT = {
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # What a task raises is written down by Prefect's client; JSON can be read, and cannot run code.
    "PREFECT_RESULTS_DEFAULT_SERIALIZER": "json",
    # Prefect's client reports its use to its makers by itself; nothing of ours leaves the machine.
    "DO_NOT_TRACK": "1",
}


def users_own_prefect_api() -> str:
    """Return the Prefect API that the user has chosen by variable or profile, or an empty string."""
    return users_own_prefect_setting("PREFECT_API_URL")


def users_own_prefect_setting(name: str) -> str:
    """Return a setting of Prefect's client that the user has chosen by variable or profile, or nothing.

    Prefect itself is not asked: importing it takes seconds, and the embedded server can start
    meanwhile.
    """
    if value := os.environ.get(name):
        return value
    home = Path(os.environ.get("PREFECT_HOME", "~/.prefect")).expanduser()
    path = Path(os.environ.get("PREFECT_PROFILES_PATH", home / "profiles.toml")).expanduser()
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    active = os.environ.get("PREFECT_PROFILE") or profiles.get("active", "")
    return str(profiles.get("profiles", {}).get(active, {}).get(name, ""))
