"""Which flow the flags mean, and what the menu offers."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import typer
from rich.console import Console

from flows.menu import CHOICES, ask
from flows.selection import chosen_flow, known_categories, known_tests

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("test", "given", "all_tests", "flow"),
    [
        ("", {}, False, "basic"),
        ("basic", {"duration_seconds": 60}, False, "basic"),
        ("stress", {"packets": 100, "interval_ms": 300, "speakers": 3}, False, "stress"),
        ("latency", {"packets": 30, "categories": ["custom"]}, False, "latency"),
        ("stability", {"duration_seconds": 43_200}, False, "stability"),
        (
            "load",
            {"sessions": 8, "background": 2, "duration_seconds": 8, "ramp_up_seconds": 5},
            False,
            "load",
        ),
        ("capacity", {"sessions": 32, "duration_seconds": 3600}, False, "capacity"),
        ("", {"seed": 3}, True, "suite"),
        ("load", {"sessions": 8}, False, "load"),
        ("load", {"sessions": 10_000, "cells": 625, "pool": "load"}, False, "load_many"),
    ],
)
def test_the_flags_of_the_first_description_mean_a_flow(
    test: str, given: dict[str, Any], all_tests: bool, flow: str
) -> None:
    assert chosen_flow(test, given, all_tests=all_tests) == (flow, given)


@pytest.mark.parametrize(
    ("test", "given", "all_tests", "part"),
    [
        ("latency", {"duration_seconds": 9}, False, "it goes with --test basic and --test stability"),
        ("basic", {"duration_seconds": 3601}, False, "takes 8 s to 1 h, not 1h1s"),
        ("stability", {"duration_seconds": 29}, False, "takes 30 s to 12 h"),
        ("stability", {"duration_seconds": 43_201}, False, "the longest that a WAV file has room for"),
        ("latency", {"speakers": 2}, False, "it goes with --test stress"),
        ("load", {"pool": "load"}, False, "it needs --cells"),
        ("load", {"sessions": 1001}, False, "the most on one machine: add --cells"),
        ("load", {"sessions": 2, "cells": 3}, False, "2 sessions cannot be shared among 3 load cells"),
        ("capacity", {"cells": 3}, False, "it goes with --test load"),
        ("load", {"duration_seconds": 7}, False, "takes 8 s to 12 h"),
        ("load", {"ramp_up_seconds": 3601}, False, "takes 1h at most, not 1h1s"),
        ("load", {"speakers": 2}, False, "does not go with --test load"),
        ("load", {"network": "4g"}, False, "does not go with --test load"),
        ("basic", {"sessions": 2}, False, "it goes with --test load and --test capacity"),
        (
            "capacity",
            {"ramp_up_seconds": 5},
            False,
            "does not go with --test capacity; it goes with --test load",
        ),
        ("", {"packets": 9}, True, "does not go with --all; it goes with --test stress and --test latency"),
        ("basic", {}, True, "not both"),
        ("stres", {}, False, "did you mean stress?"),
        ("suite", {}, False, "there is no test named 'suite'"),
    ],
)
def test_what_does_not_go_together_is_refused_with_what_does(
    test: str, given: dict[str, Any], all_tests: bool, part: str
) -> None:
    with pytest.raises(typer.BadParameter, match=r".*") as raised:
        chosen_flow(test, given, all_tests=all_tests)
    assert part in raised.value.message


def test_completion_knows_the_tests_and_the_categories(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"phrases": {"categories": {"custom": ["Bonjour."]}}}')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ELOQUENCE_CONFIG", raising=False)
    assert {"basic", "stress", "latency", "stability"} <= set(known_tests())
    assert {"greetings", "custom"} <= set(known_categories())
    (tmp_path / "config.json").write_text("{")
    assert known_categories() == []


@pytest.mark.parametrize(
    ("typed", "key"), [("1\n", "1"), ("\n", "1"), ("2\n", "2"), ("3\n", "3"), ("7\nq\n", "q"), ("", "q")]
)
def test_the_menu_returns_what_was_chosen(typed: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    assert ask(Console(file=shown, width=80)) is CHOICES[key]
    assert "Test rapide : test de base de 20 secondes" in shown.getvalue()
    assert "Suite complète" in shown.getvalue()
