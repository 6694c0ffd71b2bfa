"""Every scenario of the first description, with the whole command on real servers."""

from __future__ import annotations

import json

import pytest

from eloquence_pipeline.errors import ExitCode
from tests.e2e.conftest import Home

pytestmark = pytest.mark.e2e


def test_stress_and_latency_say_as_many_phrases_as_asked_with_the_pause_asked(home: Home) -> None:
    for arguments, category, count, pause_ms in (
        (("--test", "stress", "--packets", "4", "--interval", "300"), "technical_short", 4, 300),
        (("--test", "latency", "--packets", "5"), "very_short", 5, 200),
    ):
        done = home.run(*arguments, "--output", "out.json")
        assert done.returncode == ExitCode.PASSED, done.stdout + done.stderr
        result = json.loads((home.path / "out.json").read_text())
        assert result["test_name"] == f"{arguments[1]}_test"
        assert (result["packets_sent"], result["packets_received"]) == (count, count)
        assert {phrase["category"] for phrase in result["phrases"]} == {category}
        ends = [p["position_in_sent_seconds"] + p["duration_seconds"] for p in result["phrases"]]
        for end, following in zip(ends, result["phrases"][1:], strict=False):
            assert following["position_in_sent_seconds"] - end == pytest.approx(pause_ms / 1000, abs=1e-4)


def test_all_runs_every_test_and_writes_one_combined_result(home: Home) -> None:
    done = home.run("--all", "--output", "all.json")
    assert done.returncode == ExitCode.PASSED, done.stdout + done.stderr
    combined = json.loads((home.path / "all.json").read_text())
    assert list(combined["tests"]) == ["basic", "stress", "latency"]
    assert [test["packets_sent"] for test in combined["tests"].values()][1:] == [50, 20]
    assert combined["tests"]["basic"]["duration_seconds"] == 30
    assert combined["errors"] == {}
    assert len(home.run_folders()) == 3


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--test", "latency", "--duration", "9"), "--duration"),
        (("--test", "basic", "--packets", "9"), "--packets"),
        (("--test", "basic", "--interval", "9"), "--interval"),
        (("--all", "--packets", "9"), "--packets"),
        (("--all", "--test", "basic"), "not both"),
        (("--test", "stres"), "did you mean stress"),
        (("--test", "stress", "--packets", "0"), "--packets"),
        (("--test", "stress", "--packets", "-3"), "--packets"),
        (("--test", "stress", "--packets", "1.5"), "--packets"),
        (("--duration", "9", "status"), "status"),
    ],
)
def test_what_does_not_go_together_is_refused(home: Home, arguments: tuple[str, ...], part: str) -> None:
    done = home.run(*arguments)
    assert done.returncode == ExitCode.USAGE
    assert part in done.stderr
