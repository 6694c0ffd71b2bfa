"""What stands in the Markdown files: blocks of code, command lines, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

PROJECT = Path(__file__).parents[1]
GUIDES = (PROJECT / "README.md", PROJECT / "README.fr.md", *sorted((PROJECT / "docs").glob("*.md")))
"""What users read; decisions and the changelog may speak of what was."""
PAGES = (*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md")))

_FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)(?: {4}\S.*\n(?:\n(?= {4}))?)+")
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Block:
    """A block of code.

    Attributes
    ----------
    place
        File and line, for whoever has to correct it.
    language
        As the fence says; empty for an indented block.
    """

    place: str
    language: str
    text: str


def name_of(page: Path) -> str:
    """Return how a message calls a page."""
    return page.relative_to(PROJECT).as_posix()


def blocks(page: Path) -> Iterator[Block]:
    """Yield every block of code of a page."""
    text = page.read_text(encoding="utf-8")
    for found in _FENCED.finditer(text):
        yield Block(_place(page, text, found.start()), found[1], found[2])
    # Blanked out, so that lines keep their numbers.
    prose = _FENCED.sub(lambda found: "\n" * found[0].count("\n"), text)
    for found in _INDENTED.finditer(prose):
        yield Block(_place(page, prose, found.start()), "", re.sub(r"(?m)^ {4}", "", found[0]))


def _place(page: Path, text: str, position: int) -> str:
    return f"{name_of(page)}:{text.count(chr(10), 0, position) + 1}"


def prose_of(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCED.sub("", page.read_text(encoding="utf-8"))


def inline_code(page: Path) -> list[str]:
    """Return what stands between backquotes within lines."""
    return _INLINE.findall(prose_of(page))


def relative_links(page: Path) -> list[tuple[Path, str]]:
    """Return file and anchor of each link that leads to no other site; the anchor may be empty."""
    links = [link for link in _LINK.findall(_INLINE.sub("", prose_of(page))) if "://" not in link]
    parts = [unquote(link).partition("#") for link in links]
    return [((page.parent / path).resolve() if path else page, anchor) for path, _, anchor in parts]


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    titles = (title.strip().lower() for title in _HEADING.findall(prose_of(page)))
    return {_NOT_IN_ANCHORS.sub("", title).replace(" ", "-") for title in titles}
