"""Real calls through the server with known delay and loss: what the whole command says of them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

ELOQUENCE = Path(sys.executable).with_name("eloquence")
LATENCIES_MS = (0, 50, 100, 200)
LOSSES_PERCENT = (1, 3, 5, 10, 20)
REPETITIONS = 3
CLEAN_RUNS = 5
_ORDER_SEED = 20
_COMMAND_SECONDS = 300
_TRIES = 5
_PHRASES = {"latency": 10, "loss": 40, "clean": 12}


class LatencyPoint(BaseModel):
    """One call with a latency added.

    Attributes
    ----------
    asked_ms, added_ms
        What was asked of the relay, and the mean of what it measured itself to have added: the truth.
    network_ms
        The network's share of the delay in the result: the median over the packets.
    """

    asked_ms: float
    added_ms: float
    network_ms: float
    phrases: int


class LossPoint(BaseModel):
    """One call with a loss: packets that came to the relay, that it dropped, and that were found missing."""

    asked_ratio: float
    arrived: int
    dropped: int
    measured_lost: int
    measured_ratio: float
    concealed_ratio: float


class CleanRun(BaseModel):
    """One call without a relay: the one-way delays of its phrases."""

    delays_ms: list[float]


class Live(BaseModel):
    """Everything that was measured through the server."""

    latencies: list[LatencyPoint]
    losses: list[LossPoint]
    clean: list[CleanRun]
    overloaded: int
    """Calls that were made again, because the machine was busy with something else and the result said so."""


class _Calls:
    """Runs the command on servers of its own."""

    def __init__(self, folder: Path) -> None:
        folders = {
            f"ELOQUENCE_FOLDERS__{name.upper()}": str(folder / name) for name in ("results", "data", "state")
        }
        self._folder = folder
        self._environment = {
            **os.environ,
            **folders,
            "PREFECT_HOME": str(folder / "prefect-client"),
            "ELOQUENCE_QUALITY__ENABLED": "false",
            "NO_COLOR": "1",
        }
        self.overloaded = 0

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ELOQUENCE), "--config", "", *arguments],
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )

    def result(self, kind: str, seed: int, network: str = "") -> dict[str, Any]:
        """Return the result of a call; one of an overloaded tester is made again."""
        output = self._folder / "result.json"
        chosen = ("--network", network) if network else ()
        for _ in range(_TRIES):
            output.unlink(missing_ok=True)
            options = ("--packets", str(_PHRASES[kind]), "--seed", str(seed), *chosen)
            done = self.run("--test", "latency", *options, "--output", str(output))
            if not output.exists():
                raise RuntimeError(f"the call could not be made:\n{done.stdout}{done.stderr}")
            result = json.loads(output.read_text())
            if not result["tester"]["overloaded"]:
                return result
            self.overloaded += 1
        raise RuntimeError("this machine is too busy: the tester was overloaded in five calls of a kind")


def calibrate(progress: Callable[[str], object]) -> Live:
    """Make all calls in an order that is drawn; `progress` is told what comes next."""
    with tempfile.TemporaryDirectory(prefix="eloquence-calibration-") as folder:
        calls = _Calls(Path(folder))
        progress("starting the servers")
        calls.run("up")
        try:
            return _measured(calls, progress)
        finally:
            calls.run("down")


def _measured(calls: _Calls, progress: Callable[[str], object]) -> Live:
    planned: list[tuple[str, float]] = [("latency", ms) for ms in LATENCIES_MS for _ in range(REPETITIONS)]
    planned += [("loss", percent) for percent in LOSSES_PERCENT]
    planned += [("clean", 0.0)] * CLEAN_RUNS
    random.Random(_ORDER_SEED).shuffle(planned)
    live = Live(latencies=[], losses=[], clean=[], overloaded=0)
    for number, (kind, value) in enumerate(planned, start=1):
        progress(f"call {number} of {len(planned)}: {kind} {value:g}")
        match kind:
            case "latency":
                # A relay that adds nothing is a relay all the same.
                conditions = f"latency={value:g},direction=uplink" if value else "clean"
                live.latencies.append(_latency_point(value, calls.result(kind, number, conditions)))
            case "loss":
                conditions = f"loss={value:g},direction=uplink"
                live.losses.append(_loss_point(value / 100, calls.result(kind, number, conditions)))
            case _:
                delays = [phrase["one_way_delay_ms"] for phrase in calls.result(kind, number)["phrases"]]
                live.clean.append(CleanRun(delays_ms=[delay for delay in delays if delay is not None]))
    return live.model_copy(update={"overloaded": calls.overloaded})


def _latency_point(asked_ms: float, result: dict[str, Any]) -> LatencyPoint:
    network = result["network"]
    return LatencyPoint(
        asked_ms=asked_ms,
        added_ms=network["added_delay_ms"],
        network_ms=network["measured_network_ms"],
        phrases=result["packets_received"],
    )


def _loss_point(asked_ratio: float, result: dict[str, Any]) -> LossPoint:
    uplink, rtp = result["network"]["uplink"], result["rtp"]
    dropped = uplink["lost"] + uplink["lost_in_queue"] + uplink["lost_in_outage"]
    return LossPoint(
        asked_ratio=asked_ratio,
        arrived=uplink["forwarded"] + dropped,
        dropped=dropped,
        measured_lost=rtp["inbound"]["packetsLost"],
        measured_ratio=result["network"]["measured_loss_ratio"],
        concealed_ratio=rtp["concealed_ratio"],
    )
