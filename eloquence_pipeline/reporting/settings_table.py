"""The effective settings as a table, secrets masked."""

from __future__ import annotations

from typing import Any, cast

from pydantic import SecretStr
from rich.table import Table
from rich.text import Text

from eloquence_pipeline.reporting.bare_table import bare_table
from eloquence_pipeline.settings import EffectiveSettings, KeyPath, Settings

MASK = "********"
_VALUE_WIDTH = 20
"""Long enough for the URL of a server on this machine; long names of keys and variables leave it no less."""


def settings_table(effective: EffectiveSettings) -> Table:
    """Return a row a key: its name, its value and where that comes from."""
    table = bare_table()
    table.add_column("Key", no_wrap=True)
    table.add_column("Value", overflow="fold", min_width=_VALUE_WIDTH)
    table.add_column("Origin", overflow="fold")
    for key, value, origin in settings_rows(effective):
        table.add_row(key, Text(value), Text(origin), style="dim" if origin == "default" else "")
    return table


def settings_rows(effective: EffectiveSettings) -> list[tuple[str, str, str]]:
    """Return name, value and origin of each key."""
    return [
        (".".join(path), _shown(_value(effective.settings, path)), origin)
        for path, origin in effective.origins.items()
    ]


def _value(settings: Settings, path: KeyPath) -> Any:
    value: Any = settings
    for key in path:
        value = getattr(value, key)
    return value


def _shown(value: Any) -> str:
    match value:
        case None:
            text = ""
        case SecretStr():
            text = MASK if value.get_secret_value() else ""
        case bool():
            text = str(value).lower()
        case float():
            text = f"{value:g}"
        case tuple():
            text = ", ".join(cast(tuple[str, ...], value))
        case dict():
            parts = cast(dict[str, object], value)
            text = "; ".join(f"{name}{_content(part)}" for name, part in parts.items())
        case _:
            text = str(value)
    # A terminal obeys control characters.
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def _content(part: object) -> str:
    # Of a list how many, of a section that it is there.
    if isinstance(part, str):
        return f": {part}"
    return f" ({len(cast(tuple[object, ...], part))})" if isinstance(part, tuple) else ""
