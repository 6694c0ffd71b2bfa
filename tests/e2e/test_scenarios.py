"""Every scenario of the first description, with the whole command on real servers."""

from __future__ import annotations

import json

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.models import SuiteRecord
from eloquence_pipeline.storage.run_files import REPORT_FILE, RESULTS_FILE
from tests.e2e.conftest import Home, in_one_line, require_arrived

pytestmark = pytest.mark.e2e


def test_stress_and_latency_say_as_many_phrases_as_asked_with_the_pause_asked(served_home: Home) -> None:
    for arguments, category, count, pause_ms in (
        (("--test", "stress", "--packets", "4", "--interval", "300"), "technical_short", 4, 300),
        (("--test", "latency", "--packets", "5"), "very_short", 5, 200),
    ):
        done = served_home.run(*arguments, "--output", "out.json")
        served_home.require_good(done.returncode, done.stdout + done.stderr)
        result = json.loads((served_home.path / "out.json").read_text())
        assert result["test_name"] == f"{arguments[1]}_test"
        require_arrived(result, count)
        assert {phrase["category"] for phrase in result["phrases"]} == {category}
        ends = [p["position_in_sent_seconds"] + p["duration_seconds"] for p in result["phrases"]]
        for end, following in zip(ends, result["phrases"][1:], strict=False):
            assert following["position_in_sent_seconds"] - end == pytest.approx(pause_ms / 1000, abs=1e-4)


def test_several_speak_at_once_and_each_is_measured_by_itself(served_home: Home) -> None:
    (served_home.path / "config.json").write_text(
        json.dumps(
            {"phrases": {"categories": {"custom": ["Votre phrase personnalisée ici.", "Bien joué !"]}}}
        )
    )
    done = served_home.run(
        "--test",
        "stress",
        "--packets",
        "2",
        "--speakers",
        "2",
        "--category",
        "custom",
        "--output",
        "out.json",
    )
    served_home.require_good(done.returncode, done.stdout + done.stderr)
    result = json.loads((served_home.path / "out.json").read_text())
    require_arrived(result, 4)
    assert [phrase["index"] for phrase in result["phrases"]] == [1, 2, 3, 4]
    assert {phrase["category"] for phrase in result["phrases"]} == {"custom"}
    speakers = result["speakers"]
    assert [speaker["speaker"] for speaker in speakers] == ["speaker-1", "speaker-2"]
    for speaker in speakers:
        # One packet a frame of 20 ms; the listener's own streams are counted, not those of both.
        packets = speaker["rtp"]["outbound"]["packetsSent"]
        assert abs(speaker["rtp"]["inbound"]["packetsReceived"] - packets) < 0.2 * packets
    both = sum(speaker["rtp"]["inbound"]["packetsReceived"] for speaker in speakers)
    assert result["rtp"]["inbound"]["packetsReceived"] == both
    starts = [p["position_in_sent_seconds"] for p in result["phrases"] if p["index"] <= 2]
    assert starts[0] == starts[1], "they begin together"
    (folder,) = served_home.run_folders()
    names = {path.name for path in folder.iterdir()}
    assert {"sent-1.wav", "received-1.wav", "sent-2.wav", "received-2.wav"} <= names


def test_all_runs_every_test_as_the_configuration_says_and_writes_one_combined_result(
    served_home: Home,
) -> None:
    tests = {
        "basic": {"duration_seconds": 8},
        "stress": {"packets": 3, "interval_ms": 300},
        "latency": {"packets": 2},
    }
    (served_home.path / "config.json").write_text(json.dumps({"tests": tests, "room_name": "salon"}))
    done = served_home.run("--all", "--output", "all.json")
    served_home.require_good(done.returncode, done.stderr)
    written = json.loads((served_home.path / "all.json").read_text())
    combined = written["tests"]
    assert list(combined) == ["basic", "stress", "latency"]
    assert written["errors"] == {}
    folders = {folder.parent.name: folder for folder in served_home.run_folders()}
    assert set(folders) == {"basic", "stress", "latency", "suite"}
    assert all((folder / REPORT_FILE).is_file() for folder in folders.values())
    suite = SuiteRecord.model_validate_json((folders["suite"] / RESULTS_FILE).read_bytes())
    assert [part.place[1] for part in suite.parts.values()] == [
        folders[name].name for name in ("basic", "stress", "latency")
    ]
    assert combined["basic"]["duration_seconds"] == 8
    assert [combined[name]["packets_sent"] for name in ("stress", "latency")] == [3, 2]
    assert "Room: salon-" in done.stdout


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
def test_what_does_not_go_together_is_refused(
    served_home: Home, arguments: tuple[str, ...], part: str
) -> None:
    done = served_home.run(*arguments)
    assert done.returncode == ExitCode.USAGE
    assert part in in_one_line(done.stderr)
