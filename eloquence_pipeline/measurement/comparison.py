"""What a new analysis changed: every figure of two results, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Collection, Generator, Mapping
from typing import Any, cast

from eloquence_pipeline.models import Comparison, FigureChange, ScenarioResult

_FORMAT = "format"
_MADE_LATER = ("quality", "baseline")
"""The scores and the comparison with other nights are made after the analysis."""
_NAMES = ("index", "figure", "speaker", "number")
"""What names an object in a list; the first that it has."""


def compare(stored: Mapping[str, Any], now: ScenarioResult) -> Comparison:
    """Compare a stored result with a new one, figure by figure.

    Numbers are the same only when they are equal; JSON keeps every digit of a float64. The formats are
    not compared: what they say is in the comparison itself.

    Parameters
    ----------
    stored
        Content of a ``results.json`` in the form of today.
    now
        The new result.
    """
    # What was not made cannot be compared.
    left_out = {_FORMAT, *(name for name in _MADE_LATER if getattr(now, name) is None)}
    before = dict(_figures(stored, left_out))
    after = dict(_figures(json.loads(now.to_json()), left_out))
    both = [figure for figure in after if figure in before]
    return Comparison(
        stored_method_version=stored[_FORMAT]["method_version"],
        method_version=now.format.method_version,
        compared=len(both),
        changes=tuple(
            FigureChange(figure=figure, stored=before[figure], now=after[figure])
            for figure in both
            if before[figure] != after[figure]
        ),
        added=tuple(figure for figure in after if figure not in before),
        removed=tuple(figure for figure in before if figure not in after),
    )


def _figures(result: Mapping[str, Any], left_out: Collection[str]) -> Generator[tuple[str, Any]]:
    for name, value in result.items():
        if name not in left_out:
            yield from _leaves(name, value)


def _leaves(place: str, value: Any) -> Generator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in cast(dict[str, Any], value).items():
            yield from _leaves(f"{place}.{name}", each)
    elif isinstance(value, list):
        for position, each in enumerate(cast(list[Any], value)):
            yield from _leaves(f"{place}.{_name_of(each, position)}", each)
    else:
        yield place, value


def _name_of(value: Any, position: int) -> str:
    if isinstance(value, dict):
        known = cast(dict[str, Any], value)
        for name in _NAMES:
            if known.get(name):
                return str(known[name])
    return str(position)
