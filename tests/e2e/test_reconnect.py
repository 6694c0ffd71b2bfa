"""Disturbed calls, with the whole command on real servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.models import Change, ReconnectionResult
from eloquence_pipeline.replay import load_run
from tests.e2e.conftest import Home, in_one_line
from tests.stored_nights import store_reconnection_nights

pytestmark = pytest.mark.e2e


def test_a_removed_speaker_joins_again_and_what_was_not_heard_is_measured_and_compared(home: Home) -> None:
    # Nights in which less was missing than ever is.
    store_reconnection_nights(home.results, [6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0])
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
    assert result.baseline
    assert (result.baseline.change, len(result.baseline.nights)) == ("worse", 7)
    assert "audible_gap_median_ms" in {one.figure for one in result.baseline.of(Change.WORSE)}
    assert "BASELINE | 🔴 pire que les 7 dernières bonnes nuits : coupure médiane" in done.stdout
    assert json.loads((kept_of(home, result.run.run_id) / "results.json").read_text()) == json.loads(
        (home.path / "out.json").read_text()
    )
    folder = kept_of(home, call.run_id)
    assert json.loads((folder / "disturbance.json").read_text())["figures"]["recovery"] == "rejoined"
    with load_run(folder) as run:
        assert run.analyse().packets_sent == figures.phrases_said


def kept_of(home: Home, run_id: str) -> Path:
    (folder,) = (home.results / "runs").glob(f"*/*/{run_id}")
    return folder


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
