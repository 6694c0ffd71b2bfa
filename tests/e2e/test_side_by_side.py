"""Two runs at once, and runs on servers that stay."""

from __future__ import annotations

import json

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.servers import status
from tests.e2e.conftest import Home

pytestmark = pytest.mark.e2e

SHORT = ("--test", "basic", "--duration", "8")


def test_two_runs_at_once_do_not_disturb_each_other(home: Home) -> None:
    first = home.start(*SHORT)
    second = home.run(*SHORT)
    told = home.output.read_text() + second.stdout + second.stderr
    # Two measurements on two cores keep each other waiting, so either may say that it was overloaded.
    home.require_good(max(first.wait(timeout=120), second.returncode), told)
    results = [json.loads((folder / "results.json").read_text()) for folder in home.run_folders()]
    assert len(results) == 2, second.stderr + home.output.read_text()
    assert len({result["run"]["livekit_url"] for result in results}) == 2
    for result in results:
        assert result["packets_received"] == result["packets_sent"] >= 1
    for output in (home.output.read_text(), second.stdout):
        assert "s3://eloquence/runs/" in output
    assert not home.processes()


def test_up_keeps_servers_that_runs_then_use_and_down_stops_them(home: Home) -> None:
    up = home.run("up")
    assert up.returncode == ExitCode.PASSED, up.stdout + up.stderr
    running = {service.name: service.url for service in status(home.settings) if service.running}
    assert set(running) == {"livekit", "minio", "prefect"}
    for url in running.values():
        assert url in up.stdout
    assert home.run("up").stdout.splitlines()[-3:] == up.stdout.splitlines()[-3:]
    done = home.run(*SHORT)
    assert home.only_result()["run"]["livekit_url"] == running["livekit"], done.stderr
    shown = home.run("status").stdout
    assert all(name in shown for name in running)
    assert "running" in shown
    down = home.run("down")
    assert all(name in down.stdout for name in running)
    assert not home.processes()
    assert "nothing was running" in home.run("down").stdout
