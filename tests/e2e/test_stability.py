"""The stability test, as short as it can be, with the whole command on real servers."""

from __future__ import annotations

import json

import pytest

from eloquence_pipeline.errors import ExitCode
from tests.e2e.conftest import Home, in_one_line

pytestmark = pytest.mark.e2e


def test_a_long_call_has_a_course_a_drawing_and_few_lines(served_home: Home) -> None:
    done = served_home.run(
        "--test", "stability", "--duration", "30s", "--output", "out.json",
        ELOQUENCE_QUALITY__ENABLED="true", ELOQUENCE_QUALITY__MOST_PHRASES="2",
    )  # fmt: skip
    assert (served_home.path / "out.json").exists(), done.stdout + done.stderr
    result = json.loads((served_home.path / "out.json").read_text())
    intervals = result["course"]["intervals"]
    assert [each["start_seconds"] for each in intervals] == [0, 10, 20]
    assert sum(each["phrases_sent"] for each in intervals) == result["packets_sent"] >= 3
    assert all(each["concealed_ratio"] is not None for each in intervals)
    assert all(each["jitter_buffer_ms"] > 0 for each in intervals)
    quality = result["quality"]
    assert (quality["scored_count"], quality["received_count"]) == (2, result["packets_received"])
    assert sum(each["scored_count"] for each in quality["over_time"]) == 2

    (folder,) = served_home.run_folders()
    manifest = json.loads((folder / "manifest.json").read_text())
    names = {file["name"] for file in manifest["files"]}
    assert {"course.svg", "sent.wav", "received.wav", "received_timings.npz"} <= names
    assert not {name for name in names if ".begun" in name or name.endswith((".timings", "_events.jsonl"))}
    assert "Au fil de l'appel" in done.stdout
    assert "AUDIO PACKET" not in done.stdout


def test_lengths_that_a_test_does_not_take_are_refused_with_those_that_it_does(served_home: Home) -> None:
    for arguments, part in (
        (("--test", "stability", "--duration", "13h"), "30 s to 12 h"),
        (("--test", "basic", "--duration", "2h"), "8 s to 1 h"),
        (("--test", "basic", "--duration", "soon"), "write 90, 10m or 1h30m"),
    ):
        done = served_home.run(*arguments)
        assert done.returncode == ExitCode.USAGE
        assert part in in_one_line(done.stderr)
