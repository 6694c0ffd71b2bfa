"""One run of the basic test, from nothing to its evidence, seen from every side."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.models import Manifest, ScenarioResult, Transmission
from eloquence_pipeline.servers import Endpoints, up
from eloquence_pipeline.settings import ThresholdSettings
from eloquence_pipeline.signal.wav import read_wav
from eloquence_pipeline.storage import ObjectStore
from tests.e2e.conftest import Home, was_undisturbed
from tests.integration.servers.owner import settings_in

pytestmark = pytest.mark.e2e

SEED = 20261122
RATE = 48_000
LINK_SECONDS = 5 * 3600
PACKET_MS = 20
FOR_MACHINES = ("junit", "metrics", "csv", "summary")
SEED_KEYS = {
    "test_name",
    "duration_seconds",
    "packets_sent",
    "packets_received",
    "packet_loss_rate",
    "latency_stats",
    "errors_count",
    "throughput_pps",
}


USUAL_PACE = {
    f"ELOQUENCE_THRESHOLDS__{name.upper()}": str(getattr(ThresholdSettings(), name))
    for name in ("pacing_lateness_p99_ms", "pacing_lateness_max_ms", "frames_skipped_max")
}


@dataclass(frozen=True)
class Report:
    """Everything that a run left behind."""

    home: Home
    done: subprocess.CompletedProcess[str]
    folder: Path
    endpoints: Endpoints

    @property
    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "results.json").read_text())

    @property
    def store(self) -> ObjectStore:
        s3 = self.endpoints.s3
        assert s3 is not None
        return ObjectStore(
            endpoint_url=s3.endpoint_url,
            bucket="eloquence",
            access_key=s3.access_key,
            secret_key=s3.secret_key,
            region=s3.region,
        )

    def prefect(self, path: str, body: dict[str, Any]) -> Any:
        assert self.endpoints.prefect is not None
        return httpx.post(f"{self.endpoints.prefect.api_url}{path}", json=body, trust_env=False).json()

    def flow_run(self) -> dict[str, Any]:
        """Return the run as Prefect has it; other tests have runs on the same server."""
        runs = self.prefect("/flow_runs/filter", {"sort": "START_TIME_DESC"})
        return next(run for run in runs if run["parameters"].get("seed") == SEED)

    def of_the_run(self, path: str) -> Any:
        """Ask for what belongs to the run."""
        return self.prefect(path, {"flow_runs": {"id": {"any_": [self.flow_run()["id"]]}}})


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, standing_servers: Path) -> Report:
    """Run the test once, on servers that stay, so that they can be looked into afterwards.

    A machine that was busy with something else gets other chances, the last by its own pace.
    """
    endpoints = up(settings_in(standing_servers), livekit=True, s3=True, prefect=True)
    for pace in (USUAL_PACE, USUAL_PACE, {}):
        home = Home(tmp_path_factory.mktemp("home"), standing_servers)
        (home.path / "machines").mkdir()
        done = home.run(
            *("--test", "basic", "--duration", "20", "--seed", str(SEED)),
            *("--output", str(home.path / "results.json")),
            *(word for kind in FOR_MACHINES for word in (f"--{kind}", str(home.path / "machines" / kind))),
            ELOQUENCE_QUALITY__ENABLED="true",
            ELOQUENCE_STORAGE__LINK_SECONDS=str(LINK_SECONDS),
            **pace,
        )
        home.require_good(done.returncode, done.stdout + done.stderr)
        (folder,) = home.run_folders()
        made = Report(home, done, folder, endpoints)
        if done.returncode == ExitCode.PASSED and (not pace or was_undisturbed(made.result)):
            return made
    pytest.fail("three times this machine was too busy for the sender to hand over every frame")


def test_every_phrase_of_a_clean_loopback_arrives_soon(report: Report) -> None:
    result = report.result
    assert result["packets_sent"] >= 2
    assert result["packets_received"] == result["packets_sent"]
    assert result["packet_loss_rate"] == 0
    for phrase in result["phrases"]:
        # Two frames of Opus at least, and nothing on loopback takes half a second.
        assert 20 < phrase["one_way_delay_ms"] < 500
        assert phrase["end_to_end_ms"] == pytest.approx(phrase["generation_ms"] + phrase["one_way_delay_ms"])


def test_what_arrives_over_a_clean_loopback_scores_well(report: Report) -> None:
    quality = report.result["quality"]
    assert quality["failed_count"] == 0
    assert quality["scored_count"] == quality["mos_lqo"]["count"] >= 1
    # Identity itself scores no more than 4.0 to 4.6.
    # The best one: the jitter buffer of a busy machine stretches a phrase now and then.
    assert quality["mos_lqo"]["max"] > 3.7
    assert quality["stoi"]["max"] > 0.97
    # Where the jitter buffer stretched a vowel, a frame of it looks silent beside what was sent.
    assert quality["dropout_ms"] <= PACKET_MS or not was_undisturbed(report.result)
    assert abs(quality["level_difference_db"]["avg"]) < 1
    for phrase in quality["phrases"]:
        if phrase["mos_lqo"]:
            assert (phrase["mos_lqo"]["model"], phrase["not_scored"]) == ("ViSQOL speech, lattice", {})
    assert quality["e_model"]["provisional"] is True
    assert quality["e_model"]["r_factor"] > 90
    assert "qualité (ViSQOL)" in report.done.stdout


def test_the_output_file_is_the_stored_result_in_the_seeds_format(report: Report) -> None:
    output = json.loads((report.home.path / "results.json").read_text())
    assert output == report.result
    assert list(output)[: len(SEED_KEYS)] == [key for key in output if key in SEED_KEYS]
    assert set(output["latency_stats"]) == {"min_ms", "max_ms", "avg_ms", "count"}
    assert output["duration_seconds"] == 20
    assert output["run"]["seed"] == SEED
    ScenarioResult.model_validate(output)


def test_the_recordings_hold_the_phrases_where_the_result_says(report: Report) -> None:
    sent, _ = read_wav(report.folder / "sent.wav")
    received, _ = read_wav(report.folder / "received.wav")
    for phrase in report.result["phrases"]:
        here = slice(
            *(round(phrase["position_in_sent_seconds"] * RATE) + edge for edge in (0, phrase["sample_count"]))
        )
        there = slice(
            *(
                round(phrase["position_in_received_seconds"] * RATE) + edge
                for edge in (0, phrase["sample_count"])
            )
        )
        # Other speech reaches 0.1; the jitter buffer of a busy machine stretches what it plays.
        assert np.corrcoef(sent[here], received[there])[0, 1] > 0.4


def test_pauses_are_of_2_to_4_seconds(report: Report) -> None:
    transmission = Transmission.model_validate_json((report.folder / "transmission.json").read_text())
    phrases = transmission.channels[0].script.phrases
    for before, after in pairwise(phrases):
        assert 2 <= (after.start_sample - before.end_sample) / RATE <= 4


def test_everything_is_in_the_store_as_it_lies_in_the_folder(report: Report) -> None:
    manifest = Manifest.model_validate_json((report.folder / "manifest.json").read_bytes())
    names = {file.name for file in manifest.files}
    assert {"results.json", "sent.wav", "received.wav", "sent_timings.npz", "received_timings.npz"} <= names
    keys = report.store.list_keys(manifest.key_prefix)
    assert set(keys) == {manifest.key_prefix + name for name in (*names, "manifest.json")}
    for file in manifest.files:
        stored = report.store.get_bytes(manifest.key_prefix + file.name)
        assert hashlib.sha256(stored).hexdigest() == file.sha256
        assert stored == (report.folder / file.name).read_bytes()


def test_the_terminal_shows_the_seeds_lines_and_the_verdict(report: Report) -> None:
    shown = report.done.stdout
    for part in (
        "🔗 CONNECTION | connected: Room: test_coaching_vocal",
        "🎵 AUDIO PACKET #1 | Size: ",
        "🎧 AUDIO RECEIVED #1 | Size: ",
        "LATENCY | génération: ",
        "⚡ LATENCY | envoi: ",
        "LATENCY | bout_en_bout: ",
        "🌐 NETWORK | packet_loss: 0.0% de perte détectée",
        "🟢 basic RÉUSSI",
        str(report.folder),
        "s3://eloquence/runs/",
    ):
        assert part in shown
    assert "\x1b[" not in shown
    assert "Traceback" not in shown


def test_prefect_has_the_run_with_its_tasks_under_readable_names(report: Report) -> None:
    flow_run = report.flow_run()
    assert flow_run["state"]["type"] == "COMPLETED"
    assert flow_run["state"]["message"].startswith("🟢 basic RÉUSSI")
    tasks = report.of_the_run("/task_runs/filter")
    names = [task["name"] for task in tasks]
    for beginning in (
        "synthesise: ",
        "mint token: speaker",
        "mint token: listener",
        "transmit: ",
        "publish",
        "subscribe",
        "analyse: ",
        "archive: ",
        "upload: ",
        "report",
    ):
        assert any(name.startswith(beginning) for name in names), (beginning, names)
    assert {task["state"]["type"] for task in tasks} == {"COMPLETED"}


def test_prefect_has_the_verdict_and_a_row_a_phrase(report: Report) -> None:
    artifacts = {artifact["key"]: artifact for artifact in report.of_the_run("/artifacts/filter")}
    verdict = artifacts["basic-verdict"]["data"]
    assert "basic RÉUSSI" in verdict
    links = dict(re.findall(r"\[([^]]*)\]\((http[^)]*)\)", verdict))
    assert set(links) == {"report.html", "results.json", "plot.png", "sent.wav", "received.wav"}
    page = httpx.get(links["report.html"], trust_env=False)
    assert page.headers["content-type"].startswith("text/html")
    assert page.content == (report.folder / "report.html").read_bytes()
    assert links["report.html"] in artifacts["basic-report-html"]["data"]
    assert all(f"X-Amz-Expires={LINK_SECONDS}&" in link for link in links.values())
    opened = httpx.get(links["received.wav"], trust_env=False)
    assert opened.content == (report.folder / "received.wav").read_bytes()
    assert artifacts["basic-progress"]["data"] == 100
    picture = (report.folder / "plot.png").read_bytes()
    assert base64.b64encode(picture).decode() in verdict
    assert httpx.get(artifacts["basic-plot"]["data"], trust_env=False).content == picture
    assert links["received.wav"] in artifacts["basic-received-wav"]["data"]
    rows = json.loads(artifacts["basic-phrases"]["data"])
    assert len(rows) == report.result["packets_sent"]
    assert len(rows[0]) <= 6


def test_the_log_lines_reach_the_prefect_run(report: Report) -> None:
    messages = [
        entry["message"]
        for entry in report.prefect(
            "/logs/filter", {"logs": {"flow_run_id": {"any_": [report.flow_run()["id"]]}}}
        )
    ]
    assert any(message.startswith("🎵 AUDIO PACKET #1") for message in messages)
    assert any(message.startswith("🎧 AUDIO RECEIVED #1") for message in messages)


def test_no_token_and_no_secret_is_stored_anywhere(report: Report) -> None:
    s3 = report.endpoints.s3
    assert s3 is not None
    secrets = [b"eyJhbGciOi", s3.secret_key.get_secret_value().encode()]
    secrets += [base64.b64encode(b"eyJhbGciOi")[:12], *_livekit_secrets(report)]
    database = report.home.servers / "data" / "prefect" / "prefect.db"
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    machines = report.home.path / "machines"
    assert {path.name for path in machines.iterdir()} == set(FOR_MACHINES)
    written = (report.folder, report.home.servers / "prefect-client", database.parent, machines)
    places = [path for folder in written for path in folder.rglob("*") if path.is_file()]
    places += [report.home.path / "results.json", *(report.home.servers / "state").rglob("*.log")]
    assert database in places
    contents = {str(place): place.read_bytes() for place in places}
    prefix = f"runs/{report.folder.parent.parent.name}/basic/{report.folder.name}/"
    objects = {report.store.uri(key): report.store.get_bytes(key) for key in report.store.list_keys(prefix)}
    assert len(objects) == len([path for path in report.folder.rglob("[!.]*") if path.is_file()])
    for place, content in (contents | objects).items():
        assert not any(secret in content for secret in secrets), place
    assert not any(secret.decode() in report.done.stderr + report.done.stdout for secret in secrets)


def _livekit_secrets(report: Report) -> list[bytes]:
    livekit = report.endpoints.livekit
    assert livekit is not None
    return [livekit.api_secret.get_secret_value().encode()]
