"""A text in the two languages of the report, which escapes and redacts itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from eloquence_pipeline.redaction import redact

LANGUAGES = ("fr", "en")


@dataclass(frozen=True)
class Text:
    """What is said in French and in English; plain text, no HTML.

    Both are in the file, and a style sheet shows one of them.
    """

    fr: str
    en: str

    @classmethod
    def same(cls, text: str) -> Text:
        """Return a text that is the same in both: a name, a figure, what somebody else wrote."""
        return cls(text, text)

    def __add__(self, other: Text | str) -> Text:
        more = other if isinstance(other, Text) else Text.same(other)
        return Text(self.fr + more.fr, self.en + more.en)

    def __html__(self) -> str:
        """Return it for a template: escaped, without secrets."""
        french, english = (escape(redact(text)) for text in (self.fr, self.en))
        if french == english:
            return str(french)
        return str(Markup('<span lang="fr">{}</span><span lang="en">{}</span>').format(french, english))


def joined(separator: str, texts: Iterable[Text]) -> Text:
    """Return texts one after the other."""
    several = list(texts)
    return Text(separator.join(one.fr for one in several), separator.join(one.en for one in several))


def plural(count: int, french: tuple[str, str], english: tuple[str, str]) -> Text:
    """Return a count with its noun; in French 0 is singular."""
    return Text(f"{count} {french[count > 1]}", f"{count} {english[count != 1]}")


def milliseconds(value: float | None, digits: int = 1) -> str:
    """Return a delay with its unit."""
    return "—" if value is None else f"{value:.{digits}f} ms"


def per_cent(ratio: float | None, digits: int = 1) -> str:
    """Return a share with its unit."""
    return "—" if ratio is None else f"{ratio * 100:.{digits}f} %"


def number(value: float | None, digits: int = 2) -> str:
    """Return a figure without a unit."""
    return "—" if value is None else f"{value:.{digits}f}"
