"""What a page is made of; the template knows how each looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from markupsafe import Markup

from eloquence_pipeline.reporting.html.text import Text


@dataclass(frozen=True)
class Link:
    """A file or page; without an address only its name is shown."""

    text: str
    address: str = ""
    """Within the evidence; never from outside."""
    note: Text = field(default_factory=lambda: Text("", ""))


Cell = Text | str | Link
Row = tuple[Cell, ...]


@dataclass(frozen=True)
class Paragraph:
    """Some sentences.

    Attributes
    ----------
    tone
        ``plain``, ``note`` (small) or ``warning``.
    """

    text: Text
    tone: str = "plain"
    kind: ClassVar[str] = "paragraph"


@dataclass(frozen=True)
class Listing:
    """Points under each other."""

    points: tuple[Text, ...]
    kind: ClassVar[str] = "listing"


@dataclass(frozen=True)
class Table:
    """Rows of figures.

    Attributes
    ----------
    words
        Columns that hold words, by their place; all others hold figures and stand on the right.
    folded
        Whether it is behind its title.
    """

    title: Text
    columns: tuple[Text, ...]
    rows: tuple[Row, ...]
    words: frozenset[int] = frozenset({0})
    folded: bool = False
    kind: ClassVar[str] = "table"


@dataclass(frozen=True)
class Legend:
    """One colour of a drawing: the name of its variable in the style sheet, and what it stands for."""

    colour: str
    text: Text


@dataclass(frozen=True)
class Plot:
    """A drawing with what it says in words, and the figures behind it.

    Attributes
    ----------
    name
        No other drawing of the page has it.
    alternative
        One sentence that says what is to be seen.
    """

    name: str
    svg: Markup
    title: Text
    alternative: Text
    legend: tuple[Legend, ...] = ()
    table: Table | None = None
    kind: ClassVar[str] = "plot"


@dataclass(frozen=True)
class Player:
    """One sound."""

    title: Text
    data: str
    """As a ``data:`` address; empty where there is none."""


@dataclass(frozen=True)
class HeardPhrase:
    """A phrase to listen to."""

    anchor: str
    title: Text
    said: str
    facts: Text
    players: tuple[Player, ...]
    plot: Plot | None
    kind: ClassVar[str] = "heard"


@dataclass(frozen=True)
class Command:
    """What to type in a terminal, line by line."""

    lines: tuple[str, ...]
    kind: ClassVar[str] = "command"


@dataclass(frozen=True)
class Links:
    """Files or pages under each other."""

    links: tuple[Link, ...]
    kind: ClassVar[str] = "links"


Block = Paragraph | Listing | Table | Plot | HeardPhrase | Command | Links


@dataclass(frozen=True)
class Section:
    """A part of the page with a title.

    Attributes
    ----------
    side_by_side
        Whether its blocks stand beside each other where there is room.
    """

    name: str
    title: Text
    blocks: tuple[Block, ...]
    side_by_side: bool = False


@dataclass(frozen=True)
class Tile:
    """One key figure.

    Attributes
    ----------
    colour
        ``green``, ``yellow``, ``orange``, ``red`` or ``grey``.
    """

    name: Text
    value: str
    judged: Text
    colour: str
    note: Text


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    anchor
        Where on the page there is more about it; empty if nowhere.
    said
        The phrase that it is about; empty if none.
    """

    text: Text
    anchor: str = ""
    said: str = ""


@dataclass(frozen=True)
class Headline:
    """What has to be understood within ten seconds.

    Attributes
    ----------
    colour
        ``green``, ``red`` or ``yellow``.
    status, sentence
        The verdict in a word, and in plain words.
    blame, advice
        Which stage it comes from and what to do; None where that is not known.
    """

    colour: str
    status: Text
    sentence: Text
    problems: tuple[Problem, ...] = ()
    more: tuple[Text, ...] = ()
    blame: Text | None = None
    advice: Text | None = None


@dataclass(frozen=True)
class Page:
    """A whole report."""

    title: str
    subtitle: Text
    headline: Headline
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]


def section(
    name: str, title: Text, blocks: Sequence[Block | None], *, beside: bool = False
) -> Section | None:
    """Return a section of the blocks that there are; None where there are none."""
    there = tuple(block for block in blocks if block is not None)
    return Section(name, title, there, side_by_side=beside) if there else None
