"""A simulated network, with the whole command on real servers."""

from __future__ import annotations

import json

import pytest

from eloquence_pipeline.errors import ExitCode
from tests.e2e.conftest import Home

pytestmark = pytest.mark.e2e

OWN_TEST = """
async def run_custom_test(client, synthesizer, logger):
    clip = await synthesizer.generate_audio("Bonjour, on commence ?")
    await client.send_audio_file(clip.audio_path, clip)
    await client.simulate_network_conditions(latency_ms=60)
    await client.send_audio_file(clip.audio_path, clip)
"""


def test_a_simulated_network_is_in_the_result_and_stays_there_in_a_replay(served_home: Home) -> None:
    asked = "loss=4,latency=60"
    arguments = ("--test", "basic", "--duration", "8", "--network", asked, "--seed", "5")
    done = served_home.run(*arguments, "--output", "out.json")
    served_home.require_good(done.returncode, done.stdout + done.stderr)
    assert f"Réseau simulé : {asked}" in done.stdout
    result = json.loads((served_home.path / "out.json").read_text())
    network = result["network"]
    assert network["conditions"] == asked
    assert result["run"]["parameters"]["network"] == asked
    assert network["uplink"]["lost"] > 0
    assert network["uplink"]["added_delay"]["min_ms"] >= 60
    # The listener does not miss what was lost before the first or after the last packet that it counted.
    assert abs(network["injected_loss_ratio"] - network["measured_loss_ratio"]) < 0.02
    assert result["budget"]["network"]["min_ms"] > 55
    again = served_home.run("replay", result["run"]["run_id"], "--output", "again.json")
    assert again.returncode == done.returncode, again.stdout + again.stderr
    assert json.loads((served_home.path / "again.json").read_text())["network"] == network


def test_a_test_of_ones_own_changes_its_network_and_the_result_says_so(served_home: Home) -> None:
    (served_home.path / "mine.py").write_text(OWN_TEST)
    done = served_home.run("--test", "mine.py:run_custom_test", "--output", "out.json")
    served_home.require_good(done.returncode, done.stdout + done.stderr)
    result = json.loads((served_home.path / "out.json").read_text())
    assert result["network"]["changed_in_call"]
    assert result["network"]["uplink"]["added_delay"]["max_ms"] > 60
    # The network's own share: the jitter buffer may have been larger before, on a machine that stood still. A
    # phrase that was not recognised has none.
    budget = result["phrases"][1]["budget"]
    assert not budget or budget["network_ms"] is None or budget["network_ms"] > 55


def test_a_network_that_there_is_not_is_refused_before_anything_starts(served_home: Home) -> None:
    for wrong, told in (("4gg", "did you mean 4g"), ("loss=500", "from 0 to 100 %")):
        done = served_home.run("--test", "basic", "--network", wrong)
        assert done.returncode == ExitCode.USAGE
        assert told in done.stdout + done.stderr
    assert not served_home.results.exists() or not list(served_home.results.rglob("run.json"))


def test_the_matrix_measures_every_condition_and_only_those_that_must_pass_decide(served_home: Home) -> None:
    conditions = ("--condition", "clean", "--condition", "loss=30")
    done = served_home.run("--test", "network", *conditions, "--packets", "1", "--output", "out.json")
    told = done.stdout + done.stderr
    result = json.loads((served_home.path / "out.json").read_text())
    clean, lossy = result["cells"]
    assert (clean["must_pass"], lossy["must_pass"]) == (True, False)
    assert lossy["result"]["verdict"]["status"] in {"failed", "invalid"}, told
    assert lossy["result"]["network"]["injected_loss_ratio"] > 0.15
    # A machine that is busy with something else says so, and such a condition is no edge.
    busy = any(cell["result"]["tester"]["overloaded"] for cell in (clean, lossy))
    codes = {
        "passed": ExitCode.PASSED,
        "failed": ExitCode.THRESHOLD_MISSED,
        "invalid": ExitCode.NOT_CARRIED_OUT,
    }
    assert done.returncode == codes[clean["result"]["verdict"]["status"]], told
    left = {(edge["figure"], edge["left"]) for edge in result["edges"] if edge["axis"] == "loss"}
    assert busy or {("rtp_packet_loss_ratio", name) for name in ("excellent", "acceptable")} <= left
    (folder,) = served_home.results.glob("runs/*/network-matrix/*")
    assert {"results.json", "matrix.png", "report.html", "manifest.json"} <= {
        path.name for path in folder.iterdir()
    }
    assert json.loads((folder / "results.json").read_text()) == result


def test_a_condition_that_must_pass_has_to_be_tried(served_home: Home) -> None:
    done = served_home.run("--test", "network", "--condition", "clean", "--must-pass", "4g")
    assert done.returncode == ExitCode.USAGE
    assert "4g must pass and is none of the conditions" in done.stdout + done.stderr
