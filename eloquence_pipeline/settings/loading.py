"""Read the settings, and refuse wrong ones in one sentence."""

from __future__ import annotations

from pydantic import ValidationError

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings.root import Settings

_SEED_VARIABLES = {
    "API_KEY": "LIVEKIT_API_KEY",
    "API_SECRET": "LIVEKIT_API_SECRET",
    "ROOM_NAME": "LIVEKIT_ROOM",
}


def load_settings() -> Settings:
    """Read the settings from the environment, ``.env`` and the defaults.

    Raises
    ------
    ConfigurationError
        If a value is out of its bounds or the target is incomplete.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError(
            "; ".join(_one_line(detail["loc"], detail["msg"]) for detail in error.errors()),
            remedy="correct the environment variable or the line in .env",
        ) from None


def _one_line(location: tuple[int | str, ...], message: str) -> str:
    path = "__".join(str(part) for part in location).upper()
    name = path if not path or path.startswith("LIVEKIT_") else _SEED_VARIABLES.get(path, f"ELOQUENCE_{path}")
    text = message.removeprefix("Value error, ")
    return f"{name}: {text}" if name else text
