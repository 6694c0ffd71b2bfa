"""Phrases of the user's own: from a JSON file, from the configuration."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Phrase
from eloquence_pipeline.settings import OwnCategories, PhraseSettings, RecordedPhrase
from eloquence_pipeline.signal.sound_file import read_header
from eloquence_pipeline.speech.text import refuse_control_characters, spoken_text

MAX_FILE_BYTES = 1024 * 1024
MAX_NAME_CHARACTERS = 60

_REMEDY = "see examples/phrases.json: an object of lists, whose entries are texts or {text, audio}"
_KEYS = set(RecordedPhrase.model_fields)
_TOKEN = re.compile(r'(?P<string>"(?:\\.|[^"\\])*")(?P<is_key>\s*:)?|[{}]|-?Infinity|NaN')


def own_categories(settings: PhraseSettings) -> dict[str, tuple[Phrase, ...]]:
    """Return the user's phrases by category: those of the file, then those of the configuration.

    Parameters
    ----------
    settings
        Paths of recordings are relative to the file that names them, those of the configuration to the
        working folder.

    Raises
    ------
    ConfigurationError
        If something is wrong with the file, a name, a text or a recording; it says where.
    """
    found: dict[str, tuple[Phrase, ...]] = {}
    if settings.file is not None:
        found |= _phrases(_read(settings.file), str(settings.file), settings.file.parent)
    return found | _phrases(settings.categories, "phrases.categories", Path())


def _phrases(categories: OwnCategories, source: str, folder: Path) -> dict[str, tuple[Phrase, ...]]:
    return {name: _category(name, entries, source, folder) for name, entries in categories.items()}


def _category(
    name: str, entries: Sequence[str | RecordedPhrase], source: str, folder: Path
) -> tuple[Phrase, ...]:
    _check_name(name, source)
    if not entries:
        raise ConfigurationError(f"{source}, category {name!r} holds no phrase", remedy=_REMEDY)
    phrases: dict[tuple[str, Path | None], Phrase] = {}
    for number, entry in enumerate(entries, start=1):
        place = f"{source}, category {name!r}, phrase {number}"
        try:
            phrase = _phrase(name, entry, folder)
        except ConfigurationError as error:
            raise ConfigurationError(f"{place}: {error.message}", remedy=error.remedy) from None
        first = phrases.setdefault((spoken_text(phrase.text), phrase.recording), phrase)
        if first is not phrase:
            raise ConfigurationError(
                f"{place}: {phrase.text[:60]!r} stands there more than once", remedy="remove one of them"
            )
    return tuple(phrases.values())


def _check_name(name: str, source: str) -> None:
    refuse_control_characters(name, f"{source}: the name of a category")
    if not name.strip():
        raise ConfigurationError(f"{source}: the name of a category is empty", remedy="give it a name")
    if len(name) > MAX_NAME_CHARACTERS:
        raise ConfigurationError(
            f"{source}: the category {name[:20]!r}… has a name of {len(name)} characters",
            remedy=f"give it one of at most {MAX_NAME_CHARACTERS}",
        )


def _phrase(category: str, entry: str | RecordedPhrase, folder: Path) -> Phrase:
    if isinstance(entry, str):
        spoken_text(entry)
        return Phrase(text=entry, category=category)
    spoken_text(entry.text)
    recording = (folder / entry.audio).absolute()
    read_header(recording)
    return Phrase(text=entry.text, category=category, recording=recording)


# --------------------------------------------------------------------------- the file


def _read(path: Path) -> OwnCategories:
    text = _text_of(path)
    content = _parsed(path, text)
    if not isinstance(content, dict) or not content:
        raise ConfigurationError(f"{path} holds no object of categories", remedy=_REMEDY)
    return {
        name: _entries(f"{path}, category {name!r}", entries)
        for name, entries in cast(dict[str, object], content).items()
    }


def _text_of(path: Path) -> str:
    try:
        if not path.is_file():
            raise ConfigurationError(
                f"the file of phrases {path} is missing, or no ordinary file", remedy="correct phrases.file"
            )
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(
            f"the file of phrases {path} cannot be read: {error.strerror}", remedy="correct phrases.file"
        ) from None
    if len(content) > MAX_FILE_BYTES:
        raise ConfigurationError(
            f"{path} is larger than {MAX_FILE_BYTES // 1024} KiB", remedy="keep fewer phrases in one file"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            f"{path} is not written in UTF-8: byte {error.start} cannot be read", remedy="save it as UTF-8"
        ) from None


def _parsed(path: Path, text: str) -> object:
    try:
        content: object = json.loads(text)
    except json.JSONDecodeError as error:
        raise _at(path, text, error.pos, f"is no JSON: {error.msg}") from None
    except RecursionError:
        raise ConfigurationError(f"{path} is nested too deeply", remedy=_REMEDY) from None
    except ValueError as error:  # a number of thousands of digits
        raise ConfigurationError(f"{path} cannot be read: {error}", remedy=_REMEDY) from None
    _refuse_what_python_tolerates(path, text)
    return content


def _refuse_what_python_tolerates(path: Path, text: str) -> None:
    keys: list[set[str]] = []
    for token in _TOKEN.finditer(text):
        if token[0] == "{":
            keys.append(set())
        elif token[0] == "}":
            keys.pop()
        elif token["string"] is None:
            raise _at(path, text, token.start(), f"is no JSON: {token[0]} is no value")
        elif token["is_key"]:
            key = json.loads(token["string"])
            if key in keys[-1]:
                raise _at(path, text, token.start(), f"has {key!r} twice")
            keys[-1].add(key)


def _at(path: Path, text: str, position: int, problem: str) -> ConfigurationError:
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    return ConfigurationError(f"{path}, line {line}, column {column}: {problem}", remedy=_REMEDY)


def _entries(place: str, entries: object) -> tuple[str | RecordedPhrase, ...]:
    if not isinstance(entries, list):
        raise ConfigurationError(f"{place} is no list of phrases", remedy=_REMEDY)
    return tuple(
        _entry(f"{place}, phrase {number}", entry)
        for number, entry in enumerate(cast(list[object], entries), start=1)
    )


def _entry(place: str, entry: object) -> str | RecordedPhrase:
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, dict):
        raise ConfigurationError(f"{place} is neither a text nor {{text, audio}}", remedy=_REMEDY)
    values = cast(Mapping[str, Any], entry)
    unknown = [key for key in values if key not in _KEYS]
    if unknown:
        raise ConfigurationError(f"{place} has an unknown key {unknown[0]!r}", remedy=_REMEDY)
    for key in sorted(_KEYS):
        if not isinstance(values.get(key), str) or not values[key]:
            raise ConfigurationError(f"{place} needs a {key!r} that is a text", remedy=_REMEDY)
    return RecordedPhrase(text=values["text"], audio=Path(values["audio"]))
