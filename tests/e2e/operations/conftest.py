from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.servers import ServiceStatus, down, status
from tests.e2e.conftest import Home
from tests.polling import await_true

FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
MOST_BUSY = 20
SERVICE_UNAVAILABLE = 503
TARGETS = {
    "nowhere": {
        "url": "ws://127.0.0.1:9",
        "api_key_variable": "NOWHERE_KEY",
        "api_secret_variable": "NOWHERE_SECRET",
    }
}


@dataclass(frozen=True)
class Operations:
    """What `eloquence up` keeps running, seen from outside.

    Attributes
    ----------
    api_url
        Of the Prefect server.
    told
        What `up` printed.
    """

    home: Home
    api_url: str
    told: str

    def ask(self, method: str, path: str, body: Any = None, *, patient: bool = False) -> Any:
        """Return what Prefect's API answers; a patient question outlasts a server that starts again."""
        deadline = time.monotonic() + (60 if patient else 0)
        busy_times = 0
        while True:
            try:
                answer = httpx.request(method, self.api_url + path, json=body, trust_env=False, timeout=20)
                if answer.status_code == SERVICE_UNAVAILABLE and busy_times < MOST_BUSY:
                    busy_times += 1  # its database is locked for a moment; Prefect's client asks again, too
                    time.sleep(0.5)
                    continue
                answer.raise_for_status()
                return answer.json() if answer.content else None
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def deployment(self, name: str) -> dict[str, Any]:
        """Return a deployment by `flow/name`."""
        return self.ask("GET", f"/deployments/name/{name}")

    def trigger(self, name: str, **parameters: Any) -> str:
        """Start a run, and return its id."""
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        return self.ask("POST", f"/deployments/{self.deployment(name)['id']}/create_flow_run", body)["id"]

    def run_of(self, run_id: str) -> dict[str, Any]:
        """Return what Prefect knows of a run."""
        return self.ask("GET", f"/flow_runs/{run_id}", patient=True)

    def await_end(self, run_id: str) -> dict[str, Any]:
        """Return a run that has ended."""
        await_true(lambda: self.run_of(run_id)["state_type"] in FINAL, "the run ends")
        return self.run_of(run_id)

    def await_speech(self, known: set[Path]) -> Path:
        """Return the folder of a run that is new, when something of it has been heard."""

        def heard() -> list[Path]:
            recordings = [
                folder / "received.wav" for folder in self.home.run_folders() if folder not in known
            ]
            return [one.parent for one in recordings if one.exists() and one.stat().st_size > 200_000]

        await_true(lambda: bool(heard()), "something is heard")
        return heard()[0]

    def slots_taken(self) -> dict[str, int]:
        """Return how many slots of each limit are taken."""
        limits = self.ask("POST", "/v2/concurrency_limits/filter", {}, patient=True)
        return {limit["name"]: limit["active_slots"] for limit in limits}

    def service(self, name: str) -> ServiceStatus:
        """Return what `eloquence status` shows of a server."""
        return next(one for one in status(self.home.settings) if one.name == name)

    def prefect(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run Prefect's own command in a folder."""
        return subprocess.run(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=cwd,
            env=self.home.environment | {"PREFECT_API_URL": self.api_url, "DO_NOT_TRACK": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="package")
def operations(tmp_path_factory: pytest.TempPathFactory) -> Generator[Operations]:
    """Everything that `eloquence up` starts, for the tests of this folder; starting it takes 20 s."""
    home = Home(tmp_path_factory.mktemp("operations"))
    # As a user has it: settings beside the folder in which the command is called, not in the environment.
    # A busy machine is no reason for another verdict.
    patient = {
        "pacing_lateness_p99_ms": 10_000,
        "pacing_lateness_max_ms": 10_000,
        "frames_skipped_max": 1_000_000,
        "loss_acceptable_ratio": 1.0,
        "latency_acceptable_ms": 60_000,
    }
    (home.path / "config.json").write_text(json.dumps({"targets": TARGETS, "thresholds": patient}))
    up = home.run("up")
    try:
        assert up.returncode == ExitCode.PASSED, up.stdout + up.stderr
        running = {one.name: one for one in status(home.settings) if one.running}
        yield Operations(home, f"{running['prefect'].url}/api", up.stdout)
    finally:
        down(home.settings)
    await_true(lambda: not home.processes(), "no process is left after the tests")
