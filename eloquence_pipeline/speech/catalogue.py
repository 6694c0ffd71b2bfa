"""The phrases that can be spoken: those of the data file beside this module, and the user's own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import resources

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Phrase
from eloquence_pipeline.settings import PhraseSettings
from eloquence_pipeline.speech.own_phrases import own_categories


@dataclass(frozen=True)
class Category:
    """Phrases of one kind.

    Attributes
    ----------
    title
        As shown in reports: French for the built-in ones, the name for the user's own.
    phrases
        At least one.
    """

    title: str
    phrases: tuple[Phrase, ...]


@dataclass(frozen=True)
class Catalogue:
    """All phrases by category.

    Examples
    --------
    >>> len(load_catalogue().phrases("greetings", "coaching")) > 24
    True
    """

    categories: Mapping[str, Category]

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
            phrase for name in categories or tuple(self.categories) for phrase in self._category(name).phrases
        )

    def title(self, category: str) -> str:
        """Return the name of a category for people to read.

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


def load_catalogue(phrases: PhraseSettings | None = None) -> Catalogue:
    """Return the built-in phrases and the user's own.

    Parameters
    ----------
    phrases
        The user's own: a file, then categories. A category that is called like an earlier one takes its
        place.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, or a text or a recording cannot be spoken; it says which.
    """
    own = own_categories(phrases) if phrases else {}
    return Catalogue(_built_in() | {name: Category(name, said) for name, said in own.items()})


@cache
def _built_in() -> dict[str, Category]:
    content = json.loads(resources.files("eloquence_pipeline.speech").joinpath("phrases.json").read_bytes())
    return {
        name: Category(
            category["title"], tuple(Phrase(text=text, category=name) for text in category["phrases"])
        )
        for name, category in content["categories"].items()
    }
