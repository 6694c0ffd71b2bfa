"""What the user has chosen of Prefect's own settings."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path


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
