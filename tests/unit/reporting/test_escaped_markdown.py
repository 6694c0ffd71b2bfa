"""Whatever a test is called and an error says: Markdown shows it as it is."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from eloquence_pipeline.reporting.markdown import escaped

pytestmark = pytest.mark.unit

_MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_WRITTEN = (
    st.text(st.characters(categories=["L", "N", "P", "S"], include_characters=" "), max_size=60)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)


def shown(markdown: str) -> str:
    """Return what a paragraph shows, and nothing if it is no paragraph of plain text."""
    opened, inline, closed = _MARKDOWN.parse(markdown)
    assert (opened.type, closed.type) == ("paragraph_open", "paragraph_close"), markdown
    assert inline.children is not None
    assert {child.type for child in inline.children} <= {"text", "text_special"}, markdown
    return "".join(child.content for child in inline.children)


@given(_WRITTEN)
@example("1. first")
@example("2) second")
@example("- item")
@example("# head")
@example("===")
@example("![x](y)")
@example("a_b_c *d* `e` <f> [g](h) ~~i~~ &lt; | j")
def test_a_line_of_its_own_is_shown_as_it_is(text: str) -> None:
    assert shown(escaped(text)) == text


@given(_WRITTEN)
def test_a_cell_of_a_table_is_shown_as_it_is_and_stays_one_cell(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {escaped(text)} | c |"
    cells = [token for token in _MARKDOWN.parse(table) if token.type == "inline"]
    assert [cell.content for cell in cells[:2]] == ["a", "b"]
    assert cells[2].children is not None
    assert "".join(child.content for child in cells[2].children) == text
    assert cells[3].content == "c"


def test_the_name_of_a_file_needs_no_backslash() -> None:
    assert escaped("report.html") == "report.html"
