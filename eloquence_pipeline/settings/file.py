"""Settings from ``config.json``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings.json_text import NotStrictJsonError, parse_strictly
from eloquence_pipeline.settings.keys import KeyPath, dotted, every_key, every_section, is_path
from eloquence_pipeline.settings.origins import Given, Layer, Problem, Source
from eloquence_pipeline.settings.root import SCHEMA_KEY, Settings
from eloquence_pipeline.settings.wording import is_about_several, sentence

FILE_VARIABLE = "ELOQUENCE_CONFIG"
"""Names the file for this process and those that it starts; an empty one says that there is none."""
LARGEST_BYTES = 1024 * 1024

_USUAL = Path("config.json")
_MOST_PROBLEMS = 20
_OWN_CATEGORIES: KeyPath = ("phrases", "categories")


@dataclass(frozen=True)
class ConfigFile:
    """A configuration file.

    Attributes
    ----------
    is_named
        Whether somebody has asked for it, by flag or variable.
    """

    path: Path
    is_named: bool

    @property
    def name(self) -> str:
        """How a message calls it: short where it lies below the current folder."""
        path = self.path.absolute()
        return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def choose_file(name: str) -> None:
    """Make this process, and those that it starts, read the file called `name`; an empty name reads none."""
    # A process that is started may have another current folder.
    os.environ[FILE_VARIABLE] = name if not name or name.startswith("~") else str(Path(name).absolute())


def chosen_file() -> ConfigFile | None:
    """Return the file that holds here: the named one, or ``config.json`` in the current folder.

    Raises
    ------
    ConfigurationError
        If the name cannot be that of a file.
    """
    if (named := os.environ.get(FILE_VARIABLE)) is not None:
        return ConfigFile(_expanded(named), is_named=True) if named else None
    return ConfigFile(_USUAL, is_named=False) if _USUAL.exists() else None


def _expanded(name: str) -> Path:
    try:
        return Path(name).expanduser()
    except RuntimeError:
        raise ConfigurationError(
            f"{name}: no such user is known here", remedy="name the file with its whole path"
        ) from None


def read_file(file: ConfigFile) -> Layer:
    """Return what a configuration file sets; relative paths are those beside it.

    Raises
    ------
    ConfigurationError
        If it cannot be read, or is no JSON object.
    """
    data = _parse(_content(file), file)
    data.pop(SCHEMA_KEY, None)
    wrong = _wrong(data)
    folder = file.path.absolute().parent
    values = {
        path: Given(_beside(folder, path, value), Source.FILE, file.path.name, f"{file.name}: {dotted(path)}")
        for path, value in _flat(data, ())
        if not any(detail["loc"][: len(path)] == path for detail in wrong)
    }
    return Layer(values, tuple(_problems(wrong, file)))


def _content(file: ConfigFile) -> bytes:
    try:
        # A pipe can be read once, and the settings are read more than once.
        if file.path.exists() and not file.path.is_file():
            raise _unusable(file, "is no regular file")
        with file.path.open("rb") as opened:
            content = opened.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise _unusable(file, f"cannot be read: {error.strerror}") from None
    if len(content) > LARGEST_BYTES:
        raise _unusable(file, f"is larger than {LARGEST_BYTES // 1024**2} MiB, which no configuration is")
    return content


def _unusable(file: ConfigFile, why: str) -> ConfigurationError:
    way = "name another file with --config or ELOQUENCE_CONFIG" if file.is_named else "move it away"
    return ConfigurationError(f"{file.name} {why}", remedy=f'{way}, or read none with --config ""')


def _parse(content: bytes, file: ConfigFile) -> dict[str, Any]:
    try:
        data = parse_strictly(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise _malformed(file, f"is not UTF-8 (byte {error.start}): save it as UTF-8 text") from None
    except NotStrictJsonError as error:
        raise _malformed(file, f"is no JSON: {error}") from None
    if not isinstance(data, dict):
        raise _malformed(file, "has to be a JSON object: {…}")
    return cast(dict[str, Any], data)


def _malformed(file: ConfigFile, why: str) -> ConfigurationError:
    remedy = "correct it" if file.is_named else 'correct it, or read no file with --config ""'
    return ConfigurationError(
        f"{file.name} {why}", remedy=f"{remedy}; config_example.json shows how it looks"
    )


def _wrong(data: dict[str, Any]) -> list[ErrorDetails]:
    """Return what is wrong by itself; what goes together with what is known when all sources are."""
    try:
        # As JSON: so that a number is no text and no truth value, as the schema says.
        Settings.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        return [detail for detail in error.errors(include_url=False) if not is_about_several(detail)]
    return []


def _problems(wrong: Sequence[ErrorDetails], file: ConfigFile) -> Iterator[Problem]:
    for detail in wrong[:_MOST_PROBLEMS]:
        yield Problem(f"{file.name}: {dotted(detail['loc'])}: {sentence(detail)}", Source.FILE)
    if more := len(wrong[_MOST_PROBLEMS:]):
        yield Problem(f"{file.name}: and {more} more", Source.FILE)


def _flat(data: dict[str, Any], above: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    for key, value in data.items():
        path = (*above, key)
        if path in every_key():
            yield path, value
        elif path in every_section() and isinstance(value, dict):
            yield from _flat(cast(dict[str, Any], value), path)


def _beside(folder: Path, path: KeyPath, value: Any) -> Any:
    """Return `value` with its relative paths in `folder`."""
    if path == _OWN_CATEGORIES:
        return {category: [_recording(folder, one) for one in phrases] for category, phrases in value.items()}
    return _anchored(folder, value) if is_path(every_key()[path]) else value


def _recording(folder: Path, phrase: str | dict[str, str]) -> object:
    return phrase if isinstance(phrase, str) else phrase | {"audio": _anchored(folder, phrase["audio"])}


def _anchored(folder: Path, value: str | None) -> str | None:
    return str(folder / value) if value and not value.startswith("~") else value
