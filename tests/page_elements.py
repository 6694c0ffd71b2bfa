"""What is written in the HTML of a page."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple


class Element(NamedTuple):
    """A start tag."""

    tag: str
    attributes: dict[str, str]


class Elements(HTMLParser):
    """The start tags of a page, its texts, and its scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.texts.append(data)

    @property
    def skeleton(self) -> list[tuple[str, tuple[str, ...]]]:
        """The tags, each with the names of its attributes."""
        return [(element.tag, tuple(sorted(element.attributes))) for element in self.elements]

    @property
    def addresses(self) -> list[str]:
        """Everything that the page could ask for."""
        names = ("src", "href", "xlink:href", "srcset", "action", "poster", "data", "background")
        return [
            element.attributes[name]
            for element in self.elements
            for name in names
            if name in element.attributes
        ]
