"""The command of a report repeats the run: the parser takes it, and understands the same."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
import typer.main

from eloquence_pipeline.models import RunInfo
from eloquence_pipeline.reporting.html.repeat import matrix_command, repeating_command
from eloquence_pipeline.settings import ThresholdSettings
from flows.cli import app
from flows.plans import Plan, basic_plan, latency_plan, network_plan, stability_plan, stress_plan
from tests.golden.results import golden
from tests.reports import matrix

pytestmark = pytest.mark.unit

COMMAND: Any = typer.main.get_command(app)
CATEGORIES = ("greetings", "coaching")


def parsed(command: str) -> tuple[list[str], dict[str, Any]]:
    """Return the variables of a command line, and the options that it gives."""
    words = shlex.split(command)
    place = words.index("eloquence")
    context = COMMAND.make_context("eloquence", words[place + 1 :])
    return words[:place], {
        name: value for name, value in context.params.items() if value not in (None, (), [], False)
    }


def run_of(plan: Plan, **more: Any) -> RunInfo:
    update = {
        "scenario": plan.scenario,
        "parameters": plan.parameters | more,
        "seed": 7,
        "target": "embedded",
    }
    return golden("clean").run.model_copy(update=update)


@pytest.mark.parametrize(
    ("plan", "test", "options"),
    [
        (basic_plan(60, CATEGORIES), "basic", {"duration": 60}),
        (stability_plan(3600, CATEGORIES), "stability", {"duration": 3600}),
        (latency_plan(30, 100, CATEGORIES), "latency", {"packets": 30, "interval": 100}),
        (stress_plan(9, 300, 3, CATEGORIES), "stress", {"packets": 9, "interval": 300, "speakers": 3}),
    ],
    ids=["basic", "stability", "latency", "stress"],
)
def test_the_same_is_said_again(plan: Plan, test: str, options: dict[str, Any]) -> None:
    variables, given = parsed(repeating_command(run_of(plan, network="loss=5,latency=100")))
    assert variables == []
    assert given == options | {
        "test": test,
        "category": list(CATEGORIES),
        "network": "loss=5,latency=100",
        "seed": 7,
        "target": "embedded",
    }


def test_a_condition_of_the_matrix_is_tried_again() -> None:
    _, given = parsed(repeating_command(run_of(network_plan("loss=10", 3, CATEGORIES), network="loss=10")))
    assert (given["test"], given["condition"], given["must_pass"], given["packets"]) == (
        "network",
        ["loss=10"],
        ["loss=10"],
        3,
    )


def test_a_disturbed_call_is_tried_again() -> None:
    parameters = {"repetition": 2, "kind": "full_reconnect", "side": "speaker", "at_seconds": 5.2}
    run = run_of(basic_plan(30, CATEGORIES)).model_copy(
        update={"scenario": "reconnect-call", "parameters": parameters}
    )
    _, given = parsed(repeating_command(run))
    assert (given["test"], [str(kind) for kind in given["disturbance"]], str(given["side"])) == (
        "reconnect",
        ["full_reconnect"],
        "speaker",
    )


def test_a_test_of_the_users_own_is_run_again_whatever_its_file_is_called() -> None:
    spec = "/home/me/my tests/it's.py:run"
    run = run_of(basic_plan(30, CATEGORIES)).model_copy(update={"parameters": {"test": spec, "packets": 4}})
    _, given = parsed(repeating_command(run))
    assert (given["test"], given["packets"]) == (spec, 4)


def test_the_matrix_is_tried_again() -> None:
    _, given = parsed(matrix_command(matrix()))
    assert given["condition"] == ["clean", "loss=3", "loss=90"]
    assert given["must_pass"] == ["clean"]


def test_another_server_and_other_thresholds_are_set_in_the_environment() -> None:
    run = run_of(basic_plan(30, CATEGORIES)).model_copy(update={"target": "wss://voice.example"})
    thresholds = ThresholdSettings(latency_acceptable_ms=300).model_dump()
    variables, given = parsed(repeating_command(run, thresholds))
    assert variables == ["ELOQUENCE_THRESHOLDS__LATENCY_ACCEPTABLE_MS=300", "LIVEKIT_URL=wss://voice.example"]
    assert "target" not in given
