"""A network's conditions as a line of text: ``loss=5,latency=100,jitter=20,uplink.bandwidth=768``."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any, NamedTuple

from pydantic import ValidationError

from eloquence_pipeline.models.network import MOST_MS, MOST_SECONDS, Direction, DirectionConditions
from eloquence_pipeline.models.network import NetworkConditions as Conditions


class _Key(NamedTuple):
    """How one of the conditions is called in a text, and in which unit it stands there."""

    field: str
    unit: str
    most: float
    scale: float = 1.0


_KEYS = {
    "loss": _Key("packet_loss_rate", " %", 100, 0.01),
    "burst": _Key("loss_burst_packets", " packets", 1000),
    "latency": _Key("latency_ms", " ms", MOST_MS),
    "jitter": _Key("jitter_ms", " ms", MOST_MS),
    "reorder": _Key("reorder_rate", " %", 100, 0.01),
    "duplicate": _Key("duplication_rate", " %", 100, 0.01),
    "bandwidth": _Key("bandwidth_kbps", " kbit/s", 1e7),
    "queue": _Key("queue_ms", " ms", MOST_MS),
    "every": _Key("outage_every_seconds", " s", MOST_SECONDS),
    "outage": _Key("outage_seconds", " s", MOST_SECONDS),
}
_DIRECTION = "direction"
_BOTH = "both"
_SIDES = (_BOTH, *Direction)
_DIGITS = 10


def parse_conditions(text: str) -> Conditions:
    """Return the conditions that a text asks for.

    Parameters
    ----------
    text
        ``key=value`` with commas between: ``loss`` (%), ``burst`` (packets), ``latency`` (ms), ``jitter``
        (ms), ``reorder`` (%), ``duplicate`` (%), ``bandwidth`` (kbit/s), ``queue`` (ms), ``outage`` (s)
        ``every`` (s), and ``direction``: ``both``, ``uplink`` or ``downlink``. With ``uplink.`` or
        ``downlink.`` before it, a key is for that direction alone. An empty text asks for nothing.

    Raises
    ------
    ValueError
        If it asks for what there is not, twice for the same, or for too much.
    """
    asked: dict[str, dict[str, float]] = {direction: {} for direction in _SIDES}
    side = _BOTH
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, value = (each.strip() for each in part.partition("="))
        if name == _DIRECTION:
            side = _side(value)
            continue
        direction, dot, key = name.rpartition(".")
        where = asked[_side(direction) if dot else _BOTH]
        field = _known(key).field
        if field in where:
            raise ValueError(f"{name} is given twice")
        where[field] = _number(name, value, _KEYS[key])
    up, down = (
        _checked((asked[_BOTH] if side in {_BOTH, direction} else {}) | asked[direction])
        for direction in Direction
    )
    return Conditions(uplink=up, downlink=down)


def _side(name: str) -> str:
    if name not in _SIDES:
        raise ValueError(f"the direction is {', '.join(_SIDES[:-1])} or {_SIDES[-1]}, not {name!r}")
    return name


def _known(key: str) -> _Key:
    if key not in _KEYS:
        near = get_close_matches(key, _KEYS, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join([*_KEYS, _DIRECTION])}"
        raise ValueError(f"{key!r} is no condition of a network; {hint}")
    return _KEYS[key]


def _number(name: str, text: str, key: _Key) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(
            f"{name} needs a number ({key.unit.strip()}), as in {name}=5, not {text!r}"
        ) from None
    if not 0 <= value <= key.most:
        raise ValueError(f"{name} is from 0 to {key.most:g}{key.unit}, not {text}")
    return round(value * key.scale, _DIGITS)


def _checked(values: dict[str, Any]) -> DirectionConditions:
    try:
        return DirectionConditions.model_validate(values)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def conditions_text(conditions: Conditions) -> str:
    """Return the text that asks for these conditions; empty if they do nothing. A blackout has no text."""
    of = {direction: _parts(conditions.of(direction)) for direction in Direction}
    up, down = of[Direction.UPLINK], of[Direction.DOWNLINK]
    shared = {name: value for name, value in up.items() if down.get(name) == value}
    parts = [f"{name}={value}" for name, value in shared.items()]
    for direction, values in of.items():
        parts += [f"{direction}.{name}={value}" for name, value in values.items() if name not in shared]
    return ",".join(parts)


def _parts(conditions: DirectionConditions) -> dict[str, str]:
    usual = DirectionConditions()
    return {
        name: f"{round(getattr(conditions, key.field) / key.scale, _DIGITS):g}"
        for name, key in _KEYS.items()
        if getattr(conditions, key.field) != getattr(usual, key.field)
    }
