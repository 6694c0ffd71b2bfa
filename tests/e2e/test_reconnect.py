"""Disturbed calls, with the whole command on real servers."""

from __future__ import annotations

import json

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.models import ReconnectionResult
from eloquence_pipeline.replay import load_run
from tests.e2e.conftest import Home, in_one_line

pytestmark = pytest.mark.e2e


def test_a_removed_speaker_joins_again_and_what_was_not_heard_is_measured(home: Home) -> None:
    done = home.run(
        "--test",
        "reconnect",
        "--disturbance",
        "participant_removed",
        "--side",
        "speaker",
        "--output",
        "out.json",
    )
    assert done.returncode == ExitCode.PASSED, done.stdout + done.stderr
    assert "perturbation 1/1 : participant_removed (speaker)" in done.stdout
    assert "🟢 reconnect RÉUSSI" in done.stdout
    result = ReconnectionResult.model_validate_json((home.path / "out.json").read_text())
    (call,) = result.calls
    assert call.figures
    figures = call.figures
    assert (figures.recovery, figures.rejoin_attempts, figures.sdk_recovery_ms) == ("rejoined", 1, None)
    assert figures.rejoin_ms
    assert figures.audible_gap_ms
    # Nothing can be heard while nobody is there.
    assert figures.audible_gap_ms + figures.audible_gap_uncertainty_ms > figures.rejoin_ms
    assert figures.delay_before_ms
    assert figures.delay_after_ms
    assert (result.summaries[0].tried, result.summaries[0].rejoined) == (1, 1)
    assert call.evidence.startswith("s3://")
    whole, alone = (
        (home.results / "runs").glob("*/reconnect/*"),
        (home.results / "runs").glob("*/reconnect-call/*"),
    )
    assert json.loads((next(whole) / "results.json").read_text())["test_name"] == "reconnect_test"
    folder = next(alone)
    assert json.loads((folder / "disturbance.json").read_text())["figures"]["recovery"] == "rejoined"
    with load_run(folder) as run:
        assert run.analyse().packets_sent == figures.phrases_said


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("--test", "reconnect", "--duration", "9"), "--duration"),
        (("--test", "reconnect", "--category", "coaching"), "--category"),
        (("--test", "basic", "--side", "speaker"), "it goes with --test reconnect"),
        (("--all", "--disturbance", "migration"), "--disturbance"),
        (("--test", "reconnect", "--disturbance", "earthquake"), "earthquake"),
        (("--test", "reconnect", "--side", "both"), "both"),
        (("--test", "reconnect", "--repetitions", "0"), "--repetitions"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    home: Home, arguments: tuple[str, ...], part: str
) -> None:
    done = home.run(*arguments)
    assert done.returncode == ExitCode.USAGE
    assert part in in_one_line(done.stderr)
