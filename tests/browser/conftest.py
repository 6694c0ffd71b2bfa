"""A morning: a good run, one that missed its thresholds, and one that could not be carried out."""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.servers import Endpoints, down, up
from eloquence_pipeline.settings import Settings
from tests.browser.chromium import running_chromium
from tests.browser.ui import Ui
from tests.e2e.conftest import PATIENT, Home
from tests.integration.servers.owner import settings_in
from tests.polling import await_true
from tests.stored_nights import result_of, store_night

SECONDS = 12
CHANCES = 3
DELAYS_MS = (47.2, 50.1, 45.8, 52.0, 48.3, 46.9, 51.2)
_PROGRESS = re.compile(r"Progress: *(\d+(\.\d+)?)%")


class Morning:
    """The servers and runs that a person looks at."""

    def __init__(self, home: Home, endpoints: Endpoints) -> None:
        assert endpoints.prefect is not None
        self.home = home
        self.endpoints = endpoints
        self.address = endpoints.prefect.ui_url
        self.shown_progress = 0.0
        """In the browser, while the run was speaking."""

    def ask(self, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        return httpx.post(f"{self.address}/api{path}", json=body, trust_env=False).json()

    def run_in(self, state: str) -> dict[str, Any]:
        """Return the run that ended in a state of that name."""
        runs = self.ask("/flow_runs/filter", {"flow_runs": {"name": {"like_": "basic"}}})
        (run,) = (one for one in runs if one["state"]["name"] == state)
        return run

    def artifacts_of(self, run: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """Return the artifacts of a run by their keys."""
        found = self.ask("/artifacts/filter", {"flow_runs": {"id": {"any_": [run["id"]]}}})
        return {artifact["key"]: artifact for artifact in found if artifact["key"]}

    @property
    def newest_folder(self) -> Path:
        """The evidence of the run that missed its thresholds."""
        return sorted(self.home.results.glob("runs/*/basic/*"))[-1]

    def test(self, expected: ExitCode, *arguments: str, **variables: str) -> None:
        """Carry out a run; a machine that is busy with something else gets another chance."""
        told: list[str] = []
        for _ in range(CHANCES):
            done = self.home.run("--test", "basic", *arguments, "--duration", str(SECONDS), **variables)
            if done.returncode == expected:
                return
            told.append(done.stdout + done.stderr)
        pytest.fail(f"not {expected!r} in {CHANCES} runs: {told}")


@pytest.fixture(scope="session")
def chromium() -> Generator[Browser]:
    with running_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def morning(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Morning]:
    """Let everything happen that is looked at afterwards."""
    home = Home(tmp_path_factory.mktemp("morning"))
    settings = settings_in(home.path)
    try:
        night = Morning(home, up(settings, livekit=True, s3=True, prefect=True))
        night.shown_progress = _look_while_it_speaks(night, chromium)
        _keep_earlier_nights(home.results)
        night.test(ExitCode.PASSED, **PATIENT)
        livekit = night.endpoints.livekit
        assert livekit is not None
        wrong = {"LIVEKIT_URL": livekit.url, "LIVEKIT_API_KEY": "wrong", "LIVEKIT_API_SECRET": "wrong" * 8}
        night.test(ExitCode.NOT_CARRIED_OUT, **wrong)
        night.test(ExitCode.THRESHOLD_MISSED, "--network", "latency=600,loss=2", **PATIENT)
        yield night
    finally:
        down(settings)


@pytest.fixture
def ui(morning: Morning, chromium: Browser, pytestconfig: pytest.Config) -> Generator[Ui]:
    """Pages of that morning; what the browser complains of fails the test."""
    folder: Path | None = pytestconfig.getoption("--screenshots")
    with chromium.new_page(color_scheme="light") as page:
        shown = Ui(page, morning.address, folder)
        yield shown
        assert not shown.errors


def _keep_earlier_nights(results: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    parameters = {"duration_seconds": SECONDS, "categories": list(Settings().tests.basic.categories)}
    for days, delay_ms in enumerate(DELAYS_MS, start=1):
        started_at = now - timedelta(days=days)
        store_night(results, result_of(started_at, days, delay_ms, parameters=parameters))


def _look_while_it_speaks(night: Morning, chromium: Browser) -> float:
    """Return the progress that a browser shows of a run that speaks.

    The browser takes the processor from it, so that its figures are worth nothing.
    """
    process = night.home.start("--test", "stress", "--packets", "5", **PATIENT)

    def under_way() -> list[dict[str, Any]]:
        artifacts = night.ask("/artifacts/filter", {"artifacts": {"type": {"any_": ["progress"]}}})
        return [artifact for artifact in artifacts if 0 < artifact["data"] < 100]

    await_true(lambda: bool(under_way()) or process.poll() is not None, "a run shows how far it is")
    assert process.poll() is None, night.home.output.read_text()
    (artifact,) = under_way()
    with chromium.new_page() as page:
        ui = Ui(page, night.address, None)
        ui.open(f"/artifacts/artifact/{artifact['id']}")
        expect(page.get_by_text(_PROGRESS)).to_be_visible()
        told = _PROGRESS.search(page.inner_text("body"))
    process.wait(timeout=60)
    assert told is not None
    return float(told[1])
