"""The locked Prefect does what the pipeline relies on."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest

from eloquence_pipeline.servers import PrefectEndpoint, embedded_servers
from tests.integration.servers.owner import settings_in
from tests.polling import await_true

pytestmark = pytest.mark.integration

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def prefect(tmp_path_factory: pytest.TempPathFactory) -> Generator[PrefectEndpoint]:
    folder = tmp_path_factory.mktemp("prefect")
    with embedded_servers(settings_in(folder), livekit=False, s3=False, prefect=True) as endpoints:
        assert endpoints.prefect is not None
        yield endpoints.prefect


def command(prefect: PrefectEndpoint, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {
        "PREFECT_API_URL": prefect.api_url,
        "PREFECT_HOME": str(folder),
        "DO_NOT_TRACK": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_every_deployment_can_be_registered_twice_and_a_cron_schedule_yields_runs(
    prefect: PrefectEndpoint, tmp_path: Path
) -> None:
    created = command(prefect, tmp_path, "work-pool", "create", "eloquence", "--type", "process")
    assert created.returncode == 0, created.stderr
    for _ in range(2):
        deployed = command(prefect, tmp_path, "deploy", "--all")
        assert deployed.returncode == 0, deployed.stdout + deployed.stderr

    def api(path: str, body: Any) -> Any:
        answer = httpx.post(f"{prefect.api_url}{path}", json=body, trust_env=False)
        answer.raise_for_status()
        return answer.json()

    deployments = {deployment["name"]: deployment for deployment in api("/deployments/filter", {})}
    expected = {"basic", "stress", "latency", "stability", "network", "reconnect", "suite"}
    assert set(deployments) == expected
    deployment = deployments["basic"]
    properties = deployment["parameter_openapi_schema"]["properties"]
    assert properties["duration_seconds"]["minimum"] == 8
    nightly = {"active": True, "schedule": {"cron": "0 2 * * *", "timezone": "Europe/Paris"}}
    api(f"/deployments/{deployment['id']}/schedules", [nightly])
    scheduled = {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}}
    await_true(
        lambda: len(api("/flow_runs/filter", scheduled)) >= 3,
        "the scheduler creates runs",
        within_seconds=90,
    )


def test_the_ui_is_served(prefect: PrefectEndpoint) -> None:
    page = httpx.get(prefect.ui_url, trust_env=False, follow_redirects=True)
    assert page.status_code == 200
    assert "<html" in page.text
