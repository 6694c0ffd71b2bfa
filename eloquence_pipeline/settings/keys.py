"""The keys there are, read off the models, and the nearest one to a key that there is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from eloquence_pipeline.settings.root import Settings
from eloquence_pipeline.settings.sections import Section
from eloquence_pipeline.settings.values import short

KeyPath = tuple[str, ...]
Location = tuple[str | int, ...]


@cache
def every_key() -> dict[KeyPath, FieldInfo]:
    """Return each key that holds a value, in the order of the models; sections are not among them."""
    return dict(_keys_of(Settings, ()))


@cache
def every_section() -> tuple[KeyPath, ...]:
    """Return each key that holds further keys."""
    return tuple({path[:depth]: None for path in every_key() for depth in range(1, len(path))})


def _keys_of(model: type[BaseModel], above: KeyPath) -> Iterator[tuple[KeyPath, FieldInfo]]:
    for name, field in model.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, Section):
            yield from _keys_of(section, (*above, name))
        else:
            yield (*above, name), field


def is_secret(location: Location) -> bool:
    """Whether what stands there must not be shown."""
    field = every_key().get(tuple(str(part) for part in location))
    return field is not None and field.annotation is SecretStr


def is_path(field: FieldInfo) -> bool:
    """Whether a key names a file or a folder."""
    return field.annotation is Path or Path in _innermost(field.annotation)


def is_written_as_json(field: FieldInfo) -> bool:
    """Whether the value of a key is a list or an object."""
    return isinstance(field.get_default(call_default_factory=True), tuple | dict)


def _innermost(annotation: Any) -> set[Any]:
    parts = get_args(annotation)
    return set[Any]().union(*map(_innermost, parts)) if parts else {annotation}


def dotted(location: Location) -> str:
    """Return how a message names a place: ``phrases.categories.mine[0].audio``."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part}]"
        # Pydantic's errors name the kind of a phrase between its index and its key.
        elif not part.startswith("<"):
            text += f".{short(part)}" if text else short(part)
    return text


def known_keys(location: Location) -> list[str]:
    """Return the keys of the object at `location`."""
    model: type[BaseModel] = Settings
    for part in location:
        if (field := model.model_fields.get(str(part))) is not None:
            models = [one for one in _innermost(field.annotation) if _is_model(one)]
            model = models[0] if models else model
    return list(model.model_fields)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def nearest(name: str, known: Sequence[str], *, before: str = "") -> str:
    """Return the end of a sentence about an unknown name: the nearest known one, or all of them.

    Parameters
    ----------
    before
        What each name begins with, and is not compared.
    """
    near = get_close_matches(name, known, n=1)
    return f"did you mean {before}{near[0]}?" if near else f"there are {', '.join(before + k for k in known)}"
