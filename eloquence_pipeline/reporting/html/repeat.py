"""The command that repeats a run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from eloquence_pipeline.models import MatrixResult, RunInfo
from eloquence_pipeline.reporting.flags import REPEATING_FLAGS
from eloquence_pipeline.settings import ThresholdSettings

_CONDITION, _CALL = "network-", "reconnect-call"
_SCHEMES = ("ws://", "wss://")


def repeating_command(run: RunInfo, thresholds: Mapping[str, float] | None = None) -> str:
    """Return what to type to say the same again, to the same server, judged by the same thresholds.

    Parameters
    ----------
    run
        What identifies it.
    thresholds
        By which it was judged; what differs from the defaults is set in the environment.
    """
    variables = _variables(thresholds or {})
    if run.target.startswith(_SCHEMES):
        variables.append(f"LIVEKIT_URL={shlex.quote(run.target)}")
    words = [*variables, "eloquence", *_test(run), "--seed", str(run.seed)]
    if run.target and not run.target.startswith(_SCHEMES):
        words += ["--target", shlex.quote(run.target)]
    return " ".join(words)


def matrix_command(result: MatrixResult) -> str:
    """Return what to type to try the same networks again; empty if none could be tried."""
    if not result.cells:
        return ""
    run = result.cells[0].result.run
    words = ["eloquence", "--test", "network"]
    for cell in result.cells:
        words += ["--condition", shlex.quote(cell.network)]
    for cell in result.cells:
        words += ["--must-pass", shlex.quote(cell.network)] if cell.must_pass else []
    parameters = {name: run.parameters[name] for name in ("packets", "categories") if name in run.parameters}
    words += [*_flags(parameters), "--seed", str(run.seed)]
    if run.target and not run.target.startswith(_SCHEMES):
        words += ["--target", shlex.quote(run.target)]
    return " ".join(words)


def _variables(thresholds: Mapping[str, float]) -> list[str]:
    usual = ThresholdSettings().model_dump()
    return [
        f"ELOQUENCE_THRESHOLDS__{name.upper()}={value:g}"
        for name, value in thresholds.items()
        if name in usual and value != usual[name]
    ]


def _test(run: RunInfo) -> list[str]:
    parameters = run.parameters
    if "test" in parameters:
        options = {name: value for name, value in parameters.items() if name != "test"}
        return ["--test", shlex.quote(str(parameters["test"])), *_flags(options)]
    if run.scenario == _CALL:
        disturbance = {"disturbances": parameters.get("kind"), "sides": parameters.get("side")}
        return [
            "--test",
            "reconnect",
            *_flags(disturbance),
            *_network(parameters),
        ]
    if run.scenario.startswith(_CONDITION):
        asked = str(parameters.get("network", ""))
        counted = {name: parameters[name] for name in ("packets", "categories") if name in parameters}
        condition = shlex.quote(asked)
        return ["--test", "network", "--condition", condition, "--must-pass", condition, *_flags(counted)]
    return ["--test", shlex.quote(run.scenario), *_flags(parameters)]


def _network(parameters: Mapping[str, JsonValue]) -> list[str]:
    return _flags({"network": parameters["network"]}) if "network" in parameters else []


def _flags(parameters: Mapping[str, JsonValue]) -> list[str]:
    words: list[str] = []
    for name, value in parameters.items():
        if name not in REPEATING_FLAGS or value is None:
            continue
        # A call is disturbed on both sides where there is no other way: that is no choice.
        several: list[Any] = list(value) if isinstance(value, list) else [value]
        for one in several:
            if not (name == "sides" and one == "both"):
                words += [REPEATING_FLAGS[name], shlex.quote(str(one))]
    return words
