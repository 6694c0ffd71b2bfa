"""JSON as its standard has it: no NaN, no key twice, nothing absurd."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn, cast

from eloquence_pipeline.settings.values import short, shown

_DEEPEST = 32


class NotStrictJsonError(ValueError):
    """A text that is no JSON, or none that says one thing; the message says why and where."""


def parse_strictly(text: str) -> Any:
    """Parse JSON that is beyond doubt.

    Raises
    ------
    NotStrictJsonError
        If it is malformed, nested too deeply, holds a key twice, or a number that is none.
    """
    if not text.strip():
        raise NotStrictJsonError("it is empty")
    try:
        value = json.loads(
            text, object_pairs_hook=_object, parse_constant=refuse_constant, parse_float=finite_number
        )
        _require_shallow(value, _DEEPEST)
        _require_unicode(value)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise NotStrictJsonError(f"{place}: {_lower(error.msg)}") from None
    except RecursionError:
        raise NotStrictJsonError("it is nested too deeply") from None
    except NotStrictJsonError:
        raise
    except ValueError:  # Python's limit for the digits of a whole number
        raise NotStrictJsonError("it holds a number of thousands of digits") from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotStrictJsonError(f"the key {shown(key)} stands twice in one object")
        found[key] = value
    return found


def refuse_constant(name: str) -> NoReturn:
    """Take ``NaN`` and ``Infinity`` for what they are: ``parse_constant`` of :mod:`json`.

    Raises
    ------
    NotStrictJsonError
        Always.
    """
    raise NotStrictJsonError(f"{name} is no number of JSON")


def finite_number(text: str) -> float:
    """Return a number that is one: ``parse_float`` of :mod:`json`, to which ``1e999`` is infinite.

    Raises
    ------
    NotStrictJsonError
        If it is too large.
    """
    number = float(text)
    if not math.isfinite(number):
        raise NotStrictJsonError(f"the number {short(text)} is too large")
    return number


def _require_shallow(value: Any, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise NotStrictJsonError("it is nested too deeply")
    members = cast(dict[str, Any], value).values() if isinstance(value, dict) else cast(list[Any], value)
    for member in members:
        _require_shallow(member, left - 1)


def _require_unicode(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise NotStrictJsonError(
            "it holds half of a character (a lone surrogate, \\ud800 to \\udfff)"
        ) from None


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
