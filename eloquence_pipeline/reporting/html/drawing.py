"""Drawings for a page: SVG whose colours, fonts and words are those of the page around it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import BytesIO
from typing import Any, cast
from xml.etree import ElementTree

from markupsafe import Markup

from eloquence_pipeline.reporting.html.text import Text

WIDTH = 460
"""In units of the drawing; on a phone three quarters of a pixel each, so that letters stay readable."""
_POINTS_PER_INCH = 72
_LETTERS = 12.5
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 26, 42
_BETWEEN = 0.42

# Stand-ins that matplotlib draws with; the page's style sheet gives them their colours, in the light and in
# the dark.
_STAND_INS = {
    "ink": "#010203",
    "grid": "#010204",
    "blue": "#010205",
    "orange": "#010206",
    "red": "#010207",
    "green": "#010208",
    "grey": "#010209",
    "purple": "#01020a",
    "teal": "#01020b",
    "pink": "#01020c",
    "olive": "#01020d",
}
_COLOUR = re.compile("|".join(_STAND_INS.values()))
_NAMES = {value: name for name, value in _STAND_INS.items()}
SERIES = ("blue", "orange", "teal", "purple", "pink", "olive", "green", "grey")
"""Colours of several series, the one after the other."""

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_HREF = f"{{{_XLINK}}}href"
_LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_SCALE = re.compile("scale|matrix")
_FONT = re.compile(r"font: ([\d.]+)px [^;]*")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_STYLES = {
    "svg.fonttype": "none",
    "font.size": _LETTERS,
    "axes.edgecolor": _STAND_INS["grid"],
    "axes.labelcolor": _STAND_INS["ink"],
    "text.color": _STAND_INS["ink"],
    "xtick.color": _STAND_INS["ink"],
    "ytick.color": _STAND_INS["ink"],
    "grid.color": _STAND_INS["grid"],
    "grid.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "path.simplify": True,
}


def colour(name: str) -> str:
    """Return what to give matplotlib for a colour of the page."""
    return _STAND_INS[name]


class Drawing:
    """One figure with axes under each other.

    Parameters
    ----------
    name
        No other drawing of the page has it.
    height
        In units of the drawing, of which it is 460 wide.
    heights
        Of the axes, as shares; one axes when left out.
    shared
        Whether they have the same horizontal axis.
    left
        Room for what stands before the vertical axes.

    Attributes
    ----------
    axes
        Matplotlib's, from above.
    """

    def __init__(
        self,
        name: str,
        height: int = 230,
        *,
        heights: Sequence[float] = (1,),
        shared: bool = True,
        left: int = _LEFT,
    ) -> None:
        # Half a second to import, which whoever draws nothing need not pay.
        import matplotlib  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415

        self._name = name
        self._translations: dict[str, str] = {}
        self._rc_context: Any = cast(Any, matplotlib).rc_context
        with self._styled():
            figure: Any = Figure(figsize=(WIDTH / _POINTS_PER_INCH, height / _POINTS_PER_INCH))
            figure.patch.set_visible(False)
            self.axes: list[Any] = list(
                figure.subplots(len(heights), 1, sharex=shared, height_ratios=heights, squeeze=False)[:, 0]
            )
        figure.subplots_adjust(
            left=left / WIDTH,
            right=1 - _RIGHT / WIDTH,
            top=1 - _TOP / height,
            bottom=_BOTTOM / height,
            hspace=_BETWEEN,
        )
        for axes in self.axes:
            axes.patch.set_visible(False)
        self._figure = figure

    def _styled(self) -> Any:
        return self._rc_context(_STYLES | {"svg.hashsalt": self._name})

    def words(self, text: Text) -> str:
        """Return what to give matplotlib for a text of the page's own; never for what comes from outside."""
        self._translations[text.fr] = text.en
        return text.fr

    def entitle(self, text: Text, place: int = 0) -> None:
        """Say above the axes what they show, with the unit."""
        self.axes[place].set_title(self.words(text), loc="left", fontsize=_LETTERS, pad=7)

    def below(self, text: Text) -> None:
        """Say below the last axes what goes from left to right."""
        axes = self.axes[-1]
        axes.annotate(
            self.words(text),
            (1, 0),
            xytext=(0, -22),
            xycoords="axes fraction",
            textcoords="offset points",
            ha="right",
            va="top",
            fontsize=_LETTERS - 1.5,
            fontstyle="italic",
            color=colour("ink"),
        )

    def svg(self) -> Markup:
        """Return the figure as an element of the page."""
        content = BytesIO()
        with self._styled():
            self._figure.savefig(content, format="svg", dpi=_POINTS_PER_INCH, metadata={"Date": None})
        root = ElementTree.fromstring(content.getvalue())  # noqa: S314
        _strip(root)
        for element in root.iter():
            self._adapt(element)
        for unit in ("width", "height"):
            root.attrib.pop(unit, None)
        root.attrib |= {"role": "img", "aria-labelledby": f"{self._name}-title {self._name}-text"}
        ElementTree.register_namespace("", _SVG)
        ElementTree.register_namespace("xlink", _XLINK)
        return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - an element, serialised

    def _adapt(self, element: ElementTree.Element) -> None:
        """Give an element the page's colours and font, names of its own, and both languages."""
        attributes = element.attrib
        for name in ("id", "clip-path", _HREF):
            if name in attributes:
                attributes[name] = self._renamed(name, attributes[name])
        for name in ("d", "transform", "points", "x", "y"):
            # A scale needs its digits: it is multiplied by what it scales.
            if name in attributes and not _SCALE.search(attributes[name]):
                attributes[name] = _LONG_NUMBER.sub(lambda found: f"{float(found[0]):.2f}", attributes[name])
        if "style" in attributes:
            style = _FONT.sub(r"font-size: \1px", attributes["style"])
            attributes["style"] = _COLOUR.sub(lambda found: f"var(--{_NAMES[found[0]]})", style)
        if element.tag == f"{{{_SVG}}}text" and element.text in self._translations:
            french = element.text
            element.text = None
            for language, words in (("fr", french), ("en", self._translations[french])):
                part = ElementTree.SubElement(element, f"{{{_SVG}}}tspan", {"lang": language})
                part.text = words

    def _renamed(self, name: str, value: str) -> str:
        if name == "id":
            return f"{self._name}-{value}"
        if name == _HREF:
            return f"#{self._name}-{value[1:]}" if value.startswith("#") else value
        return _REFERENCE.sub(rf"url(#{self._name}-\1)", value)


def _strip(root: ElementTree.Element) -> None:
    """Take out what the page has no use for: metadata, and a style that would be for the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}:
                parent.remove(child)
