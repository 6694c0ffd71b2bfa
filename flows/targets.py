"""Which LiveKit server a run tests, by its name; secrets come from variables or Prefect Secret blocks."""

from __future__ import annotations

import os
from difflib import get_close_matches
from typing import Any, cast

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import EMBEDDED_TARGET, Settings, value_of_variable
from flows.prefect_settings import users_own_prefect_setting

_NO_SERVER = {
    "ELOQUENCE_TARGET": "",
    "LIVEKIT_URL": "",
    "LIVEKIT_API_KEY": "",
    "LIVEKIT_API_SECRET": "",
    "ELOQUENCE_TESTS__LOAD__METRICS_URL": "",
}


def known_targets(settings: Settings) -> list[str]:
    """Return the names that a run may choose, the embedded server first."""
    return list(dict.fromkeys([EMBEDDED_TARGET, *settings.targets, *filter(None, [settings.target])]))


def require_target(settings: Settings, name: str) -> None:
    """Refuse a target that the settings do not name.

    Raises
    ------
    ConfigurationError
        If there is none of that name; it lists those there are.
    """
    known = known_targets(settings)
    if name and name not in known:
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise ConfigurationError(
            f"there is no target named {name!r}", remedy=f"{hint}there are {', '.join(known)}"
        )


def environment_of_target(settings: Settings, name: str) -> dict[str, str]:
    """Return the environment variables that make the settings name this target, with its credentials.

    Parameters
    ----------
    settings
        As they are without it.
    name
        Of the target; empty for that of the settings.

    Raises
    ------
    ConfigurationError
        If there is no such target, or one of its secrets is missing.
    """
    require_target(settings, name)
    if not name or name == settings.target:
        # What the settings name already needs nothing, unless it is only a name so far.
        name = "" if settings.livekit_url else settings.target
    if name == EMBEDDED_TARGET:
        return _NO_SERVER
    if name not in settings.targets:
        return {}
    target = settings.targets[name]
    return {
        "ELOQUENCE_TARGET": name,
        "LIVEKIT_URL": target.url,
        "LIVEKIT_API_KEY": _secret(name, target.api_key_variable, target.api_key_block),
        "LIVEKIT_API_SECRET": _secret(name, target.api_secret_variable, target.api_secret_block),
        "ELOQUENCE_TESTS__LOAD__METRICS_URL": target.metrics_url,
    }


def environment_of_store_secrets(settings: Settings) -> dict[str, str]:
    """Return the environment variables with the store's credentials that stand in Prefect Secret blocks.

    Raises
    ------
    ConfigurationError
        If a block is missing.
    """
    storage = settings.storage
    blocks = {
        "ELOQUENCE_STORAGE__ACCESS_KEY": (storage.access_key, storage.access_key_block),
        "ELOQUENCE_STORAGE__SECRET_KEY": (storage.secret_key, storage.secret_key_block),
    }
    return {
        variable: _from_block("storage", block)
        for variable, (given, block) in blocks.items()
        if block and not given.get_secret_value()
    }


def names_own_livekit(settings: Settings) -> bool:
    """Whether runs that name no target need no embedded LiveKit."""
    return bool(settings.livekit_url) or settings.target in settings.targets


def _secret(target: str, variable: str, block: str) -> str:
    if block:
        return _from_block(f"target {target}", block)
    if value := value_of_variable(variable):
        return value
    raise ConfigurationError(
        f"target {target} needs the variable {variable}, which is not set",
        remedy="set it in the environment or in .env",
    )


def _from_block(whose: str, block: str) -> str:
    if not users_own_prefect_setting("PREFECT_API_URL"):
        raise ConfigurationError(
            f"{whose} has its secret in the Prefect block {block!r}, and no Prefect server is named",
            remedy="set PREFECT_API_URL, or name a variable instead of the block",
        )
    os.environ.setdefault("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "false")
    # Importing Prefect takes seconds, which only those wait for who keep secrets there.
    from prefect.blocks.system import Secret  # noqa: PLC0415

    try:
        # The flow's event loop may run here; without _sync Prefect would return a coroutine then.
        loaded: Any = cast(Any, Secret).load(block, _sync=True)
    except ValueError:
        raise ConfigurationError(
            f"{whose} has its secret in the Prefect block {block!r}, which is not there",
            remedy="make a Secret block of this name in Prefect's UI",
        ) from None
    return str(loaded.get())
