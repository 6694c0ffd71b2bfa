"""Which flow the flags of a test mean, and what does not go together."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

import typer
from pydantic import TypeAdapter, ValidationError

from eloquence_pipeline.errors import EloquenceError
from eloquence_pipeline.models.disturbance import DisturbanceKind
from eloquence_pipeline.reporting.flags import REPEATING_FLAGS
from eloquence_pipeline.settings import (
    LONGEST_RAMP_UP_SECONDS,
    DurationSeconds,
    LoadDurationSeconds,
    LongDurationSeconds,
    StepDurationSeconds,
    load_settings,
)
from eloquence_pipeline.speech.catalogue import load_catalogue
from flows.durations import in_words
from flows.parameters import require_conditions
from flows.targets import known_targets, require_target
from tasks.own_test_loader import absolute_spec, load_own_test, registered_tests

FLAGS = REPEATING_FLAGS | {
    "sessions": "--sessions",
    "background": "--background",
    "ramp_up_seconds": "--ramp-up",
    "cells": "--cells",
    "pool": "--pool",
    "seed": "--seed",
    "conditions": "--condition",
    "must_pass": "--must-pass",
    "target": "--target",
}
_UNDERSTOOD = {
    "basic": {"duration_seconds", "categories", "seed", "network", "target"},
    "stress": {"packets", "interval_ms", "speakers", "categories", "seed", "network", "target"},
    "latency": {"packets", "interval_ms", "categories", "seed", "network", "target"},
    "stability": {"duration_seconds", "categories", "seed", "network", "target"},
    "network": {"conditions", "must_pass", "packets", "categories", "seed", "target"},
    "reconnect": {"disturbances", "sides", "repetitions", "seed", "network", "target"},
    "load": {
        "sessions",
        "background",
        "duration_seconds",
        "ramp_up_seconds",
        "cells",
        "pool",
        "categories",
        "seed",
        "target",
    },
    "capacity": {"sessions", "duration_seconds", "categories", "seed", "target"},
}
_SECONDS: dict[str, tuple[TypeAdapter[int], str]] = {
    "basic": (TypeAdapter(DurationSeconds), "8 s to 1 h"),
    "stability": (TypeAdapter(LongDurationSeconds), "30 s to 12 h, the longest that a WAV file has room for"),
    "load": (TypeAdapter(LoadDurationSeconds), "8 s to 12 h, the longest that a WAV file has room for"),
    "capacity": (TypeAdapter(StepDurationSeconds), "8 s to 1 h"),
}
"""How long a test may take."""
MOST_ON_ONE_MACHINE = 1000
_OF_THE_SUITE = {"seed", "network", "target"}
_OF_EVERY_TEST = {"seed", "network", "target"}


def known_tests() -> list[str]:
    """Return the names that ``--test`` takes, besides ``file.py:function``."""
    return [*_UNDERSTOOD, *registered_tests()]


def known_categories() -> list[str]:
    """Return the names that ``--category`` takes; none when the settings are wrong."""
    try:
        return list(load_catalogue(load_settings().phrases).categories)
    except EloquenceError:
        return []


def known_disturbances() -> list[str]:
    """Return the names that ``--disturbance`` takes."""
    return [str(kind) for kind in DisturbanceKind]


def known_networks() -> list[str]:
    """Return the names that ``--network`` takes; none when the settings are wrong."""
    try:
        return load_settings().network.names
    except EloquenceError:
        return []


def names_of_targets() -> list[str]:
    """Return the names that ``--target`` takes; none when the settings are wrong."""
    try:
        return known_targets(load_settings())
    except EloquenceError:
        return []


def chosen_flow(test: str, given: dict[str, Any], *, all_tests: bool) -> tuple[str, dict[str, Any]]:
    """Return the name of the flow that is meant, and its parameters.

    Parameters
    ----------
    test
        What ``--test`` says; empty means basic.
    given
        The other flags of a test that were given, by the names of the flows' parameters.

    Raises
    ------
    typer.BadParameter
        If flags do not go together, or there is no such test.
    ConfigurationError
        If a test of the user's own cannot be loaded, or there is no such network or target.
    """
    settings = load_settings()
    networks = settings.network
    require_target(settings, given.get("target", ""))
    networks.plan(given.get("network", ""))
    require_conditions(given.get("conditions", []), given.get("must_pass", []), networks)
    if all_tests and test:
        raise typer.BadParameter("give either --all or --test, not both", param_hint="--all")
    if test and test not in _UNDERSTOOD:
        return "own_test", _own_test_parameters(test, given)
    flow = "suite" if all_tests else test or "basic"
    asked = "--all" if all_tests else f"--test {flow}"
    for name in given:
        if name not in (_OF_THE_SUITE if all_tests else _UNDERSTOOD[flow]):
            raise typer.BadParameter(f"does not go with {asked}{_hint(name)}", param_hint=FLAGS[name])
    _require_length(flow, given)
    if "cells" in given:
        _require_shares(given, settings.tests.load.sessions)
        return "load_many", given
    _require_one_machine(given)
    return flow, given


def _require_shares(given: Mapping[str, Any], sessions: int) -> None:
    sessions = given.get("sessions", sessions)
    if sessions < given["cells"]:
        raise typer.BadParameter(
            f"{sessions} sessions cannot be shared among {given['cells']} load cells: "
            "give each at least one measured session",
            param_hint=FLAGS["sessions"],
        )


def _require_one_machine(given: Mapping[str, Any]) -> None:
    if "pool" in given:
        raise typer.BadParameter("says where load cells are: it needs --cells", param_hint=FLAGS["pool"])
    for name in ("sessions", "background"):
        if given.get(name, 0) > MOST_ON_ONE_MACHINE:
            raise typer.BadParameter(
                f"{given[name]} is more than {MOST_ON_ONE_MACHINE}, the most on one machine: add --cells",
                param_hint=FLAGS[name],
            )


def _require_length(flow: str, given: dict[str, Any]) -> None:
    if given.get("ramp_up_seconds", 0) > LONGEST_RAMP_UP_SECONDS:
        longest = in_words(LONGEST_RAMP_UP_SECONDS)
        raise typer.BadParameter(
            f"takes {longest} at most, not {in_words(given['ramp_up_seconds'])}",
            param_hint=FLAGS["ramp_up_seconds"],
        )
    if flow not in _SECONDS or "duration_seconds" not in given:
        return
    kind, bounds = _SECONDS[flow]
    try:
        kind.validate_python(given["duration_seconds"])
    except ValidationError:
        raise typer.BadParameter(
            f"--test {flow} takes {bounds}, not {in_words(given['duration_seconds'])}",
            param_hint=FLAGS["duration_seconds"],
        ) from None


def _hint(name: str) -> str:
    takers = [f"--test {test}" for test, understood in _UNDERSTOOD.items() if name in understood]
    return f"; it goes with {' and '.join(takers)}"


def _own_test_parameters(test: str, given: dict[str, Any]) -> dict[str, Any]:
    if ":" not in test and test not in registered_tests():
        raise typer.BadParameter(_unknown(test), param_hint="--test")
    spec = absolute_spec(test)
    own_test = load_own_test(spec)
    options = {name: value for name, value in given.items() if name not in _OF_EVERY_TEST}
    for name in options:
        if not own_test.takes(name):
            raise typer.BadParameter(f"{test} takes no parameter {name!r}", param_hint=FLAGS[name])
    of_every_test = {name: value for name, value in given.items() if name in _OF_EVERY_TEST}
    return {"test": spec, "options": options, **of_every_test}


def _unknown(test: str) -> str:
    names = known_tests()
    near = get_close_matches(test, names, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    hint = f"; name its function: {test}:run_custom_test" if test.endswith(".py") else hint
    return f"there is no test named {test!r} (known: {', '.join(names)}, or file.py:function){hint}"
