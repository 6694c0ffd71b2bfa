"""A load among three workers, each in a folder of its own as on a machine; one load cell is killed.

After the tests of all deployments, by its name: it registers one more.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from eloquence_pipeline.errors import ConfigurationError, ExitCode
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models.load_cells import ShareFigures
from tasks.load_pool import PoolRuns, require_pool
from tests.e2e.operations.conftest import Operations
from tests.e2e.operations.machines import Machine
from tests.polling import await_true

pytestmark = pytest.mark.e2e

POOL = "machines"
LOAD = ("--test", "load", "--cells", "3", "--duration", "8", "--pool", POOL)


@pytest.fixture(scope="module")
def pool(operations: Operations) -> str:
    """A work pool with a deployment of load cells; nobody works for it yet."""
    operations.ask("POST", "/work_pools/", {"name": POOL, "type": "process"})
    deployed = operations.home.run("deploy", "--pool", POOL)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    return POOL


@pytest.fixture
def prefect_api(operations: Operations) -> Generator[None]:
    """What asks Prefect in this process asks the server of these tests."""
    with temporary_settings(updates={PREFECT_API_URL: operations.api_url}):
        yield


@pytest.fixture
def machines(operations: Operations, pool: str, tmp_path: Path) -> Generator[list[Machine]]:
    started = [Machine.start(operations, pool, tmp_path / f"machine-{number}") for number in (1, 2, 3)]
    try:
        yield started
    finally:
        operations.home.end_commands()
        for machine in started:
            machine.stop()


@pytest.mark.usefixtures("prefect_api")
async def test_a_pool_that_is_not_there_or_has_no_load_cells_is_refused(operations: Operations) -> None:
    with pytest.raises(ConfigurationError, match="there is no work pool named 'eloquenc'") as raised:
        await require_pool("eloquenc")
    assert "did you mean eloquence?" in raised.value.remedy
    operations.ask("POST", "/work_pools/", {"name": "bare", "type": "kubernetes"})
    with pytest.raises(ConfigurationError, match="has no deployment load-cell/bare") as raised:
        await require_pool("bare")
    assert raised.value.remedy == "register it: eloquence deploy --pool bare"


@pytest.mark.usefixtures("prefect_api")
async def test_a_pool_without_workers_is_told_and_nothing_begins_later(
    operations: Operations, pool: str
) -> None:
    await require_pool(pool)
    runs = PoolRuns(pool)
    await runs.ask_for([1, 2, 3], {"load": "runs/none/", "target": ""})
    assert await runs.ended([1, 2, 3]) == {}
    assert await runs.obstacle([1, 2, 3], is_late=False) == ""  # one may be about to say that it is there
    told = await runs.obstacle([1, 2, 3], is_late=True)
    assert told == f"the work pool '{pool}' has no worker: start one with prefect worker start --pool {pool}"
    await runs.end()
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
        lambda: machines[1].speaks() or command.poll() is not None,
        "the load cell that is to be killed speaks",
        within_seconds=150,  # three workers start a process each, on two cores, beside other tests
        told=told,
    )
    assert command.poll() is None, told()
    machines[1].kill_run()
    assert command.wait(timeout=120) == ExitCode.NOT_CARRIED_OUT, told()

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
