"""Deployments: registered from any folder, scheduled, started with parameters; real server and worker."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.e2e.operations.conftest import Operations
from tests.polling import await_true

pytestmark = pytest.mark.e2e

NAMES = {
    "basic",
    "stress",
    "latency",
    "stability",
    "network",
    "reconnect",
    "load",
    "load-many",
    "capacity",
    "own-test",
}


def registered(operations: Operations) -> dict[str, Any]:
    flows = {flow["id"]: flow["name"] for flow in operations.ask("POST", "/flows/filter", {})}
    found = operations.ask("POST", "/deployments/filter", {})
    return {f"{flows[one['flow_id']]}/{one['name']}": one for one in found}


def test_up_starts_everything_and_says_where(operations: Operations) -> None:
    for name in ("livekit", "minio", "prefect", "worker"):
        service = operations.service(name)
        assert service.running
        assert service.in_background
        assert service.url in operations.told
    page = httpx.get(operations.api_url.removesuffix("/api"), trust_env=False, follow_redirects=True)
    assert page.status_code == 200
    assert "<html" in page.text


def test_up_again_doubles_nothing(operations: Operations) -> None:
    before = registered(operations)
    others = {"suite/suite", "suite/nightly", "load-cell/eloquence"}
    assert set(before) == {f"scenario/{name}" for name in NAMES} | others
    again = operations.home.run("up")
    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.splitlines()[-4:] == operations.told.splitlines()[-4:]
    after = registered(operations)
    assert set(after) == set(before)
    assert all(after[name]["id"] == before[name]["id"] for name in before)
    assert {one["version"] for one in after.values()} == {version("eloquence-pipeline")}
    night = after["suite/nightly"]
    assert [one["slug"] for one in night["schedules"]] == ["nightly"]
    assert night["global_concurrency_limit"]["limit"] == 1
    assert night["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    (step,) = night["pull_steps"]
    assert [arguments["directory"] for arguments in step.values()] == [str(operations.home.path)]


def test_the_night_is_scheduled_for_two_o_clock_in_paris(operations: Operations) -> None:
    asked = {
        "deployments": {"id": {"any_": [operations.deployment("suite/nightly")["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}},
    }
    await_true(
        lambda: len(operations.ask("POST", "/flow_runs/filter", asked)) >= 3,
        "the scheduler creates runs",
    )
    for run in operations.ask("POST", "/flow_runs/filter", asked):
        start = datetime.fromisoformat(run["expected_start_time"]).astimezone(ZoneInfo("Europe/Paris"))
        assert (start.hour, start.minute) == (2, 0)


def test_forms_explain_each_parameter_and_offer_what_the_settings_know(operations: Operations) -> None:
    schema = operations.deployment("scenario/latency")["parameter_openapi_schema"]["properties"]
    in_order = sorted(schema, key=lambda name: schema[name]["position"])
    assert in_order == ["packets", "interval_ms", "categories", "network", "target", "seed"]
    assert all(field["title"] and field["description"] for field in schema.values())
    assert schema["packets"]["maximum"] == 1000
    assert "milliseconds" in schema["interval_ms"]["description"]
    assert schema["target"]["enum"] == ["", "embedded", "nowhere"]
    assert "train" in schema["network"]["anyOf"][0]["enum"]
    assert "very_short" in schema["categories"]["items"]["enum"]


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"packets": 0}, "less than the minimum of 1"),
        ({"target": "nowhre"}, "is not one of ['', 'embedded', 'nowhere']"),
        ({"network": "trian"}, "is not valid under any of the given schemas"),
        ({"categories": ["verry_short"]}, "'verry_short' is not one of"),
    ],
)
def test_a_wrong_parameter_is_refused_before_there_is_a_run(
    operations: Operations, parameters: dict[str, Any], reason: str
) -> None:
    before = operations.ask("POST", "/flow_runs/count", {})
    path = f"/deployments/{operations.deployment('scenario/latency')['id']}/create_flow_run"
    answer = httpx.post(operations.api_url + path, json={"parameters": parameters}, trust_env=False)
    assert answer.status_code == 409
    assert reason in answer.text
    assert operations.ask("POST", "/flow_runs/count", {}) == before


def test_prefects_own_command_starts_a_run_with_parameters(operations: Operations, tmp_path: Path) -> None:
    known = set(operations.home.run_folders())
    done = operations.prefect(
        *("deployment", "run", "scenario/latency", "-p", "packets=2", "--watch"), cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = set(operations.home.run_folders()) - known
    result = json.loads((folder / "results.json").read_text())
    assert result["packets_sent"] == 2
    assert result["run"]["target"] == "embedded"
    assert result["run"]["livekit_url"] == operations.service("livekit").url
    assert set(operations.slots_taken().values()) == {0}


def test_a_minutely_schedule_runs(operations: Operations) -> None:
    deployment = operations.deployment("scenario/latency")
    begin = datetime.now(UTC) + timedelta(seconds=12)
    minutely = {"active": True, "schedule": {"interval": 60, "anchor_date": begin.isoformat()}}
    # As a change of the deployment: those the scheduler looks at every five seconds, all others every minute.
    operations.ask("PATCH", f"/deployments/{deployment['id']}", {"schedules": [minutely]})
    asked = {
        "deployments": {"id": {"any_": [deployment["id"]]}},
        "flow_runs": {"state": {"type": {"any_": ["RUNNING"]}}},
    }

    def by_the_schedule() -> list[str]:
        runs = operations.ask("POST", "/flow_runs/filter", asked)
        return [run["id"] for run in runs if run["auto_scheduled"]]

    await_true(lambda: bool(by_the_schedule()), "a scheduled run begins")
    (run_id,) = by_the_schedule()
    operations.ask("PATCH", f"/deployments/{deployment['id']}", {"schedules": []})
    # Twenty phrases would take half a minute.
    operations.ask("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})
    ended = operations.await_end(run_id)
    assert ended["state_type"] == "CANCELLED", ended["state"]
    assert set(operations.slots_taken().values()) == {0}
