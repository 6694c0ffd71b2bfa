"""A load among three workers, each in a folder of its own as on a machine; one load cell is killed.

After the tests of all deployments, by its name: it registers one more.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models.load_cells import ShareFigures
from tests.e2e.operations.conftest import Operations
from tests.e2e.operations.machines import Machine
from tests.polling import await_true

pytestmark = pytest.mark.e2e

POOL = "machines"
LOAD = ("--test", "load", "--cells", "3", "--duration", "8", "--pool", POOL)


@pytest.fixture(scope="module")
def pool(operations: Operations, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A work pool with a deployment of load cells; nobody works for it yet."""
    made = operations.prefect(
        *("work-pool", "create", POOL, "--type", "process"), cwd=tmp_path_factory.mktemp("pool")
    )
    assert made.returncode == 0, made.stderr
    deployed = operations.home.run("deploy", "--pool", POOL)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    return POOL


@pytest.fixture
def machines(operations: Operations, pool: str, tmp_path: Path) -> Generator[list[Machine]]:
    started = [Machine.start(operations, pool, tmp_path / f"machine-{number}") for number in (1, 2, 3)]
    try:
        yield started
    finally:
        for machine in started:
            machine.stop()


def test_a_pool_that_is_not_there_is_refused(operations: Operations) -> None:
    known = operations.home.run_folders()
    told = operations.home.run("--test", "load", "--cells", "3", "--sessions", "3", "--pool", "machine")
    assert told.returncode == ExitCode.USAGE, told.stdout + told.stderr
    assert "there is no work pool named 'machine'" in told.stderr
    assert operations.home.run_folders() == known


def test_a_pool_without_workers_is_no_endless_wait(operations: Operations, pool: str) -> None:
    told = operations.home.run(*LOAD, "--sessions", "3", ELOQUENCE_LOAD_CELLS__START_WITHIN_SECONDS="5")
    assert told.returncode == ExitCode.NOT_CARRIED_OUT, told.stdout + told.stderr
    assert f"the work pool '{pool}' has no worker" in " ".join(told.stderr.split())
    # Nothing of it begins later, when somebody works for the pool again.
    asked = {"flow_runs": {"name": {"like_": "cell-"}}}
    states = [run["state_type"] for run in operations.ask("POST", "/flow_runs/filter", asked)]
    assert states == ["CANCELLED"] * 3


def test_of_three_load_cells_one_is_killed_and_the_rest_stands(
    operations: Operations, machines: list[Machine]
) -> None:
    command = operations.home.start(*LOAD, "--sessions", "4", "--category", "very_short")

    def told() -> str:
        return operations.home.output.read_text() + "".join(machine.told()[-3000:] for machine in machines)

    await_true(
        lambda: all(machine.speaks() for machine in machines) or command.poll() is not None,
        "every load cell speaks",
    )
    assert command.poll() is None, told()
    machines[1].kill_run()
    assert command.wait(timeout=90) == ExitCode.NOT_CARRIED_OUT, told()

    folder = max((operations.home.results / "runs").glob("*/load/*"))
    result: dict[str, Any] = json.loads((folder / "results.json").read_text())
    (lost,) = result["lost_cells"]
    assert "Crashed" in lost["reason"]
    assert [one["session"] for one in result["not_measured"]] == lost["sessions"]
    assert result["sessions_planned"] == 4
    assert result["sessions_measured"] == 4 - len(lost["sessions"])
    assert result["verdict"]["status"] == "invalid"
    assert "were not measured" in " ".join(result["verdict"]["reasons"])
    # Each of the others on a machine of its own, begun together: one clock, so the spread is exact.
    assert [len(machine.runs()) for machine in machines] == [1, 1, 1]
    assert len(result["machines"]) == 2
    assert result["clocks_error_ms"] == 0
    assert result["cells_spread_ms"] < 8000

    # Percentiles of all phrases: the raw figures lie beside the result, and in the store under the same keys.
    parts = [
        ShareFigures.model_validate_json(path.read_bytes())
        for path in sorted((folder / "cells").glob("*-figures.json"))
    ]
    measured = [one for part in parts for process in part.processes for one in process.sessions]
    delays = [phrase.one_way_delay_ms for one in measured for phrase in one.phrases]
    assert len(delays) > len(measured)
    assert result["figures"]["one_way_delay_ms"] == summarise(delays).model_dump(mode="json")
    sealed = {file["name"] for file in json.loads((folder / "manifest.json").read_text())["files"]}
    assert {f"cells/{part.cell:04d}-figures.json" for part in parts} < sealed
    assert (folder / ".uploaded.json").exists()
    await_true(lambda: set(operations.slots_taken().values()) == {0}, "no slot is taken")
