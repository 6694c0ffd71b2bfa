"""Two runs at once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tests.e2e.conftest import Home, require_arrived

pytestmark = pytest.mark.e2e

SECONDS = 8
SHORT = ("--test", "basic", "--duration", str(SECONDS))


def test_two_runs_at_once_measure_one_after_the_other(home: Home) -> None:
    first = home.start(*SHORT)
    second = home.run(*SHORT)
    told = home.output.read_text() + second.stdout + second.stderr
    home.require_good(max(first.wait(timeout=120), second.returncode), told)
    results = [json.loads((folder / "results.json").read_text()) for folder in home.run_folders()]
    assert len(results) == 2, second.stderr + home.output.read_text()
    assert len({result["run"]["livekit_url"] for result in results}) == 2
    for result in results:
        require_arrived(result, result["packets_sent"])
        assert result["packets_sent"] >= 1
    begun = sorted(datetime.fromisoformat(result["attempts"][0]["started_at"]) for result in results)
    assert begun[1] - begun[0] >= timedelta(seconds=SECONDS)
    for output in (home.output.read_text(), second.stdout):
        assert "s3://eloquence/runs/" in output
    assert not home.processes()
