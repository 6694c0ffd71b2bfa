"""What is wrong with a value, in words of the user's: keys and variables, not models."""

from __future__ import annotations

from pydantic_core import ErrorDetails

from eloquence_pipeline.settings.keys import Location, dotted, every_key, is_secret, known_keys, nearest
from eloquence_pipeline.settings.sections import TOGETHER
from eloquence_pipeline.settings.values import shown

_PLAIN = {
    "int_type": "should be a whole number",
    "int_parsing": "should be a whole number",
    "int_parsing_size": "should be a whole number of usual size",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "finite_number": "should be a finite number",
    "bool_type": "should be true or false",
    "bool_parsing": "should be true or false",
    "string_type": "should be a text",
    "path_type": "should be a text",
    "greater_than": "should be more than {gt:g}",
    "greater_than_equal": "should be at least {ge:g}",
    "less_than": "should be less than {lt:g}",
    "less_than_equal": "should be at most {le:g}",
    "missing": "is missing",
    "model_type": "should be an object",
    "model_attributes_type": "should be an object",
    "dict_type": "should be an object",
    "tuple_type": "should be a list",
    "too_short": "should have at least one item",
    "string_too_short": "must not be empty",
}


def is_about_several(detail: ErrorDetails) -> bool:
    """Whether values that are right one by one do not go together."""
    return detail["type"] == TOGETHER


def locations(detail: ErrorDetails) -> list[Location]:
    """Return the places that an error is about: one, or those that do not go together."""
    if not is_about_several(detail):
        return [detail["loc"]]
    keys: tuple[str, ...] = detail.get("ctx", {})["keys"]
    return [(*detail["loc"], key) for key in keys]


def sentence(detail: ErrorDetails) -> str:
    """Return what is wrong, without the place."""
    kind, location = detail["type"], detail["loc"]
    if kind == "extra_forbidden":
        return _unknown_key(location)
    if kind in {"value_error", TOGETHER}:
        return detail["msg"].removeprefix("Value error, ")
    plain = _PLAIN.get(kind, "").format_map(detail.get("ctx", {}))
    text = plain or detail["msg"].removeprefix("Input ")
    given = detail["input"]
    # What is missing has the whole object for its input; what is long has no place in a line.
    telling = isinstance(given, str | int | float) or given is None
    return f"{text}, not {shown(given)}" if telling and given != "" and not is_secret(location) else text


def _unknown_key(location: Location) -> str:
    name = str(location[-1])
    elsewhere = [dotted(path) for path in every_key() if path[-1] == name]
    hint = f"did you mean {elsewhere[0]}?" if elsewhere else nearest(name, known_keys(location[:-1]))
    return f"unknown key; {hint}"
