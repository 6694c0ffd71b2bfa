"""Settings from environment variables and from the lines of ``.env``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, DotEnvSettingsSource

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings.json_text import NotStrictJsonError, parse_strictly
from eloquence_pipeline.settings.keys import (
    KeyPath,
    every_key,
    every_section,
    is_written_as_json,
    nearest,
)
from eloquence_pipeline.settings.origins import Given, Layer, Problem, Source
from eloquence_pipeline.settings.values import short, shown

_PREFIX = "ELOQUENCE_"
_BETWEEN = "__"
_ALIKE = 0.8
_SEEDS_OWN: dict[KeyPath, str] = {
    ("livekit_url",): "LIVEKIT_URL",
    ("api_key",): "LIVEKIT_API_KEY",
    ("api_secret",): "LIVEKIT_API_SECRET",
    ("room_name",): "LIVEKIT_ROOM",
}
_DOTENV = Path(".env")


def variable_of(path: KeyPath) -> str:
    """Return the environment variable of a key."""
    return _SEEDS_OWN.get(path) or _PREFIX + _BETWEEN.join(path).upper()


def read_environment() -> Layer:
    """Return what the environment sets."""
    return _layer(os.environ, Source.ENVIRONMENT)


def read_dotenv() -> Layer:
    """Return what ``.env`` in the current folder sets; nothing if it is not there.

    Raises
    ------
    ConfigurationError
        If the file cannot be read.
    """
    return _layer(_dotenv_lines(), Source.DOTENV)


def value_of_variable(name: str) -> str:
    """Return the value of a variable of the environment or else of ``.env``; empty if neither has it.

    Raises
    ------
    ConfigurationError
        If ``.env`` cannot be read.
    """
    return os.environ[name] if name in os.environ else _dotenv_lines().get(name, "")


def _dotenv_lines() -> dict[str, str]:
    try:
        lines = DotEnvSettingsSource(
            BaseSettings, env_file=_DOTENV, env_file_encoding="utf-8", case_sensitive=True
        ).env_vars
    except UnicodeDecodeError:
        raise ConfigurationError(".env is not UTF-8", remedy="save it as UTF-8 text") from None
    except OSError as error:
        raise ConfigurationError(
            f".env cannot be read: {error.strerror}", remedy="make it readable, or move it away"
        ) from None
    return {name: value for name, value in lines.items() if value is not None}


def _layer(variables: Mapping[str, str], source: Source) -> Layer:
    values: dict[KeyPath, Given] = {}
    problems = list(_unknown(variables, source))
    for path, field in every_key().items():
        variable = variable_of(path)
        if variable not in variables:
            continue
        name = _name(variable, source)
        try:
            value = _value(variables[variable], field)
        except ValueError as error:
            problems.append(Problem(f"{name}: {error}", source))
        else:
            origin = variable if source is Source.ENVIRONMENT else str(_DOTENV)
            values[path] = Given(value, source, origin, name)
    return Layer(values, tuple(problems))


def _name(variable: str, source: Source) -> str:
    return variable if source is Source.ENVIRONMENT else f"{variable} in {_DOTENV}"


def _value(text: str, field: FieldInfo) -> object:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("is not UTF-8")
    if not is_written_as_json(field):
        return text
    try:
        return parse_strictly(text)
    except NotStrictJsonError as error:
        example = shown(field.get_default(call_default_factory=True))
        raise ValueError(f"should be JSON, such as {example}: {error}") from None


def _unknown(variables: Mapping[str, str], source: Source) -> Iterator[Problem]:
    """Yield the variables that are meant for us and misspelt.

    The product that is tested is called Eloquence as well: what does not look like a section of ours
    is none of our business.
    """
    known = {variable_of(path) for path in every_key()}
    sections = [path[0].upper() for path in every_section() if len(path) == 1]
    for variable in sorted(variables):
        section, between, key = variable.removeprefix(_PREFIX).partition(_BETWEEN)
        if not variable.startswith(_PREFIX) or not between or variable in known:
            continue
        if near := get_close_matches(section.upper(), sections, n=1, cutoff=_ALIKE):
            before = f"{_PREFIX}{near[0]}{_BETWEEN}"
            keys = [name.removeprefix(before) for name in sorted(known) if name.startswith(before)]
            hint = nearest(key.upper(), keys, before=before)
            yield Problem(f"{_name(short(variable), source)}: unknown variable; {hint}", source)
