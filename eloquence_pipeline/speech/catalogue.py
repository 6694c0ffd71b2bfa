"""The phrases that are spoken, from the data file beside this module or one of the user's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Phrase
from eloquence_pipeline.speech.text import spoken_text

_REMEDY = "see eloquence_pipeline/speech/phrases.json for the format"


def _speakable(text: str) -> str:
    try:
        spoken_text(text)
    except ConfigurationError as error:
        raise ValueError(error.message) from None
    return text


def _unique(phrases: tuple[str, ...]) -> tuple[str, ...]:
    twice = {text for text in phrases if phrases.count(text) > 1}
    if twice:
        raise ValueError(f"stands there more than once: {min(twice)!r}")
    return phrases


class Category(BaseModel):
    """Phrases of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Annotated[str, Field(min_length=1)]
    """French name, as shown in reports."""
    phrases: Annotated[
        tuple[Annotated[str, AfterValidator(_speakable)], ...], Field(min_length=1), AfterValidator(_unique)
    ]


class Catalogue(BaseModel):
    """All phrases by category, in the order of the data file.

    Examples
    --------
    >>> len(load_catalogue().phrases("greetings", "coaching")) > 24
    True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["eloquence-phrases"]
    version: Literal[1]
    language: str
    categories: Annotated[Mapping[str, Category], Field(min_length=1)]

    def phrases(self, *categories: str) -> tuple[Phrase, ...]:
        """Return the phrases of some categories, one category after the other.

        Parameters
        ----------
        *categories
            Names such as ``greetings``; all categories when none is given.

        Raises
        ------
        ConfigurationError
            If there is no such category.
        """
        return tuple(
            Phrase(text=text, category=name)
            for name in categories or tuple(self.categories)
            for text in self._category(name).phrases
        )

    def title(self, category: str) -> str:
        """Return the French name of a category.

        Raises
        ------
        ConfigurationError
            If there is no such category.
        """
        return self._category(category).title

    def _category(self, name: str) -> Category:
        if name in self.categories:
            return self.categories[name]
        known = list(self.categories)
        nearest = get_close_matches(name, known, n=1)
        remedy = f"did you mean {nearest[0]!r}? " if nearest else ""
        raise ConfigurationError(
            f"no category of phrases is called {name!r}", remedy=f"{remedy}there are {', '.join(known)}"
        )


def load_catalogue(path: Path | None = None) -> Catalogue:
    """Return the project's own catalogue, or that of a file in the same format.

    Parameters
    ----------
    path
        JSON file of the user's own phrases.

    Raises
    ------
    ConfigurationError
        If the file cannot be read or does not follow the format.
    """
    return _built_in() if path is None else _read(path)


@cache
def _built_in() -> Catalogue:
    content = resources.files("eloquence_pipeline.speech").joinpath("phrases.json").read_bytes()
    return _parse(content, "phrases.json")


def _read(path: Path) -> Catalogue:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}", remedy=_REMEDY) from None
    return _parse(content, str(path))


def _parse(content: bytes, name: str) -> Catalogue:
    try:
        return Catalogue.model_validate(json.loads(content))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"{name}, {place or 'top level'}: {first['msg']}", remedy=_REMEDY) from None
    except ValueError as error:
        raise ConfigurationError(f"{name} is no JSON: {error}", remedy=_REMEDY) from None
