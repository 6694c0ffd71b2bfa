"""A night that is worse than the stored ones says so everywhere, and people are told by Prefect."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.servers import up
from eloquence_pipeline.settings import Settings
from tests.documentation import PROJECT
from tests.e2e.conftest import WHATEVER_ARRIVES, Home
from tests.integration.servers.owner import settings_in
from tests.polling import await_true
from tests.stored_nights import result_of, store_night

pytestmark = pytest.mark.e2e

SECONDS = 8
SETTINGS = {"ELOQUENCE_BASELINE__FAILS": "true", **WHATEVER_ARRIVES}


@dataclass
class Receiver:
    """Whoever is told: an address on this machine, and what was sent to it."""

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def of(self, event: str) -> list[dict[str, Any]]:
        return [one for one in self.told if one["event"] == event]


@pytest.fixture
def receiver() -> Generator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base calls it
            del format, args

    server = HTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    received.url = f"http://127.0.0.1:{server.server_port}/told"
    yield received
    server.shutdown()
    serving.join()
    server.server_close()


@pytest.fixture
def notified(receiver: Receiver, standing_servers: Path, tmp_path: Path) -> Generator[Receiver]:
    """The example's automations, on the Prefect server of the runs, for the time of a test."""
    prefect = up(settings_in(standing_servers), livekit=False, s3=False, prefect=True).prefect
    assert prefect is not None
    variables = {"PREFECT_API_URL": prefect.api_url, "NOTIFY_URL": receiver.url, "DO_NOT_TRACK": "1"}
    for what in ("created", "updated"):
        done = subprocess.run(
            [sys.executable, str(PROJECT / "examples" / "notify.py")],
            env=os.environ | variables | {"PREFECT_HOME": str(tmp_path / "prefect-home")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.count(what) == 3
    yield receiver
    for automation in httpx.post(f"{prefect.api_url}/automations/filter", json={}, trust_env=False).json():
        httpx.delete(f"{prefect.api_url}/automations/{automation['id']}", trust_env=False)


def test_a_night_that_is_worse_than_the_earlier_ones_fails_with_its_evidence_kept_and_is_told(
    served_home: Home, notified: Receiver
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    parameters = {"duration_seconds": SECONDS, "categories": list(Settings().tests.basic.categories)}
    for day in range(7, 0, -1):
        # No call over LiveKit takes 5 ms, so that whatever this machine does, it is later.
        night = result_of(now - timedelta(days=day), day, 5.0 + day / 10, parameters=parameters)
        store_night(served_home.results, night)

    done = served_home.run("--test", "basic", "--duration", str(SECONDS), **SETTINGS)

    assert done.returncode == ExitCode.THRESHOLD_MISSED, done.stdout + done.stderr
    result = json.loads((served_home.run_folders()[-1] / "results.json").read_text())
    assert result["verdict"]["status"] == "passed"
    assert result["baseline"]["change"] == "worse"
    assert not result["baseline"]["provisional"]
    assert len(result["baseline"]["nights"]) == 7
    median = result["baseline"]["figures"][0]
    assert (median["figure"], median["change"]) == ("one_way_delay_median_ms", "worse")
    assert median["value"] == result["delay"]["one_way_delay_ms"]["median"]
    assert "BASELINE | 🔴 pire que les 7 dernières bonnes nuits : délai médian" in done.stdout
    assert "🔴 basic ÉCHOUÉ: pire que d'habitude : délai médian" in done.stdout
    assert "s3://" in done.stdout
    await_true(lambda: len(notified.told) >= 2, "Prefect tells of both events")
    (regression,), (verdict,) = notified.of("eloquence.regression"), notified.of("eloquence.verdict")
    assert regression["text"].startswith("basic : 🔴 pire que les 7 dernières bonnes nuits : délai médian")
    assert verdict["text"].startswith("🔴 basic ÉCHOUÉ: pire que d'habitude : délai médian")
    for told in (regression, verdict):
        assert told["evidence"] in done.stdout
        assert "/v2/runs/flow-run/" in told["run"]


def test_a_run_whose_process_died_is_told(notified: Receiver, standing_servers: Path) -> None:
    prefect = up(settings_in(standing_servers), livekit=False, s3=False, prefect=True).prefect
    assert prefect is not None
    with httpx.Client(base_url=prefect.api_url, trust_env=False) as api:
        flow = api.post("/flows/", json={"name": "scenario"}).json()
        running = {"type": "RUNNING"}
        run = {"flow_id": flow["id"], "name": "nightly", "tags": ["eloquence"], "state": running}
        made = api.post("/flow_runs/", json=run).json()
        crashed = {"state": {"type": "CRASHED", "name": "Crashed", "message": "killed"}, "force": True}
        api.post(f"/flow_runs/{made['id']}/set_state", json=crashed).raise_for_status()
    await_true(lambda: bool(notified.told), "Prefect tells of it")
    (told,) = notified.told
    assert told["text"] == "⚫ nightly : killed"
    assert told["run"].endswith(f"/v2/runs/flow-run/{made['id']}")
