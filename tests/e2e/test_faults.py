"""What the command says and returns when something is wrong: one clear line, the exit code, nothing lost."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.servers import embedded_servers, up
from eloquence_pipeline.storage import pending_runs
from tests.e2e.conftest import SHORT, WHATEVER_ARRIVES, Home
from tests.polling import await_true
from tests.stored_nights import store_nights

pytestmark = pytest.mark.e2e

SPEAKING = "AUDIO PACKET #1"
ANALYSED = "retard_emission_p99"
"""The last line before the scores."""
Interrupt = Callable[[subprocess.Popen[str], Path, str, int], int]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def one_error_line(output: str) -> str:
    """Return the line of the error; there is one of them, and no traceback."""
    assert "Traceback" not in output, output
    errors = [line for line in output.splitlines() if line.startswith("❌ ") and " | " not in line]
    assert len(errors) == 1, output
    return errors[0]


@pytest.mark.parametrize(
    ("arguments", "variables", "part"),
    [
        (("--test", "nonsense"), {}, "nonsense"),
        (("--duration", "2"), {}, "--duration"),
        (("--duration", "soon"), {}, "--duration"),
        (("--duration", "nan"), {}, "--duration"),
        (("--no-such-flag",), {}, "--no-such-flag"),
        (("--test", "basic"), {"LIVEKIT_URL": "http://localhost:7880"}, "ws:// or wss://"),
        (("--test", "basic"), {"LIVEKIT_URL": "ws://localhost:7880"}, "LIVEKIT_API_SECRET"),
        (("--test", "basic", "--output", "/no/such/folder/results.json"), {}, "/no/such/folder/results.json"),
        (("--test", "basic", "--output", "."), {}, "it is a folder"),
        (("--test", "basic"), {"ELOQUENCE_STORAGE__BUCKET": "My Bucket"}, "My Bucket"),
        (("--test", "basic"), {"LIVEKIT_ROOM": ""}, "LIVEKIT_ROOM"),
        (("--test", "basic"), {"ELOQUENCE_SERVERS__LIVEKIT_BINARY": "/no/such/binary"}, "/no/such/binary"),
        (("--test", "basic"), {"ELOQUENCE_SPEECH__VOICE": "no-such-voice"}, "no-such-voice"),
    ],
)
def test_wrong_usage_is_refused_with_exit_code_2(
    home: Home, arguments: tuple[str, ...], variables: dict[str, str], part: str
) -> None:
    done = home.run(*arguments, **variables)
    assert done.returncode == ExitCode.USAGE, done.stdout + done.stderr
    assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_a_results_folder_that_cannot_be_written_is_refused_before_anything_starts(home: Home) -> None:
    (home.path / "file").touch()
    done = home.run(*SHORT, ELOQUENCE_FOLDERS__RESULTS=str(home.path / "file" / "results"))
    assert done.returncode == ExitCode.USAGE
    assert "cannot be written" in one_error_line(done.stderr)
    assert not (home.path / "state").exists()


def test_a_threshold_that_is_missed_is_exit_code_1_and_keeps_the_evidence(served_home: Home) -> None:
    strict = {f"ELOQUENCE_THRESHOLDS__LATENCY_{name}_MS": "1" for name in ("EXCELLENT", "GOOD", "ACCEPTABLE")}
    done = served_home.run(*SHORT, **strict, ELOQUENCE_EVIDENCE__KEEP="worst")
    assert done.returncode == ExitCode.THRESHOLD_MISSED, done.stdout + done.stderr
    assert "🔴 latency ÉCHOUÉ" in done.stdout
    assert served_home.only_result()["verdict"]["status"] == "failed"
    assert "s3://eloquence/runs/" in done.stdout
    # As by default the store is given the sound of the worst phrases; the folder keeps everything.
    (folder,) = served_home.run_folders()
    manifest = json.loads((folder / "manifest.json").read_text())
    sounds = [file["name"] for file in manifest["files"] if file["name"].endswith(".wav")]
    assert sounds
    assert all(name.startswith("phrases/") for name in sounds)
    assert {file["name"] for file in manifest["local_files"]} == {"sent.wav", "received.wav"}
    api = up(served_home.settings, livekit=True, s3=True, prefect=True).prefect
    assert api is not None
    (link,) = httpx.post(
        f"{api.api_url}/artifacts/latest/filter",
        json={"artifacts": {"key": {"any_": ["latency-worst-1"]}}},
        trust_env=False,
    ).json()
    opened = httpx.get(re.findall(r"\((http[^)]*)\)", link["data"])[0], trust_env=False)
    worst = json.loads((folder / "kept.json").read_text())["phrases"][0]["received_audio"]
    assert opened.content == (folder / worst).read_bytes()
    address = f"s3://eloquence/{manifest['key_prefix']}"
    again = served_home.run("replay", address, **strict)
    assert again.returncode == ExitCode.THRESHOLD_MISSED, again.stdout + again.stderr
    elsewhere = served_home.run("replay", address, ELOQUENCE_FOLDERS__RESULTS=str(served_home.path / "other"))
    assert elsewhere.returncode == ExitCode.NOT_CARRIED_OUT
    assert "ELOQUENCE_EVIDENCE__KEEP=everything" in elsewhere.stderr
    assert served_home.run("compare", str(folder), str(folder)).returncode == ExitCode.PASSED


def test_a_livekit_that_is_not_there_is_tried_three_times_and_named(served_home: Home) -> None:
    url = f"ws://127.0.0.1:{unused_port()}"
    done = served_home.run(*SHORT, LIVEKIT_URL=url, LIVEKIT_API_KEY="devkey", LIVEKIT_API_SECRET="s" * 32)
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    assert f"LiveKit at {url} cannot be reached" in one_error_line(done.stderr)
    (folder,) = served_home.run_folders()
    attempts = json.loads((folder / "attempts.json").read_text())
    assert [attempt["number"] for attempt in attempts] == [1, 2, 3]
    assert len({attempt["room"] for attempt in attempts}) == 3


def test_a_wrong_secret_is_not_tried_again_and_no_token_shows(home: Home) -> None:
    with embedded_servers(home.settings, livekit=True, s3=False, prefect=False) as endpoints:
        assert endpoints.livekit is not None
        done = home.run(
            *SHORT,
            "--verbose",
            LIVEKIT_URL=endpoints.livekit.url,
            LIVEKIT_API_KEY=endpoints.livekit.api_key,
            LIVEKIT_API_SECRET="w" * 32,
        )
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    assert "refused the access token" in done.stderr
    assert "eyJ" not in done.stderr + done.stdout
    (folder,) = home.run_folders()
    assert len(json.loads((folder / "attempts.json").read_text())) == 1
    database = home.path / "data" / "prefect" / "prefect.db"
    contents = b"".join(path.read_bytes() for path in database.parent.glob("prefect.db*"))
    assert b"refused the access token" in contents
    assert b"eyJhbGciOi" not in contents


def test_evidence_stays_when_the_store_is_away_and_sync_sends_it(served_home: Home) -> None:
    away = f"http://127.0.0.1:{unused_port()}"
    done = served_home.run(
        *SHORT,
        **WHATEVER_ARRIVES,
        ELOQUENCE_STORAGE__ENDPOINT_URL=away,
        ELOQUENCE_STORAGE__ACCESS_KEY="key",
        ELOQUENCE_STORAGE__SECRET_KEY="secret-of-the-store",
    )
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    assert "eloquence sync" in done.stdout
    assert "Traceback" not in done.stderr
    assert "secret-of-the-store" not in done.stderr + done.stdout
    assert served_home.only_result()["packets_sent"] == len(served_home.only_result()["phrases"]) == 2
    sent = served_home.run("sync")
    assert sent.returncode == ExitCode.PASSED, sent.stdout + sent.stderr
    assert "s3://eloquence/runs/" in sent.stdout
    again = served_home.run("sync")
    assert "every run is in the store already" in again.stdout


def test_a_missing_bucket_keeps_the_evidence_here(served_home: Home) -> None:
    with embedded_servers(served_home.settings, livekit=False, s3=True, prefect=False) as endpoints:
        assert endpoints.s3 is not None
        done = served_home.run(
            *SHORT,
            **WHATEVER_ARRIVES,
            ELOQUENCE_STORAGE__ENDPOINT_URL=endpoints.s3.endpoint_url,
            ELOQUENCE_STORAGE__ACCESS_KEY=endpoints.s3.access_key.get_secret_value(),
            ELOQUENCE_STORAGE__SECRET_KEY=endpoints.s3.secret_key.get_secret_value(),
            ELOQUENCE_STORAGE__BUCKET="not-there",
        )
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    assert "not-there" in done.stdout
    assert "eloquence sync" in done.stdout
    assert served_home.only_result()["packets_sent"] >= 1


def test_without_a_speech_engine_the_seeds_words_say_so(served_home: Home) -> None:
    hidden = served_home.path / "hidden"
    hidden.mkdir()
    (hidden / "espeakng_loader.py").write_text("raise ImportError('hidden by the test')\n")
    (hidden / "pyttsx3.py").write_text("raise ImportError('hidden by the test')\n")
    python_path = os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")])
    done = served_home.run(*SHORT, PYTHONPATH=python_path)
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    assert "Moteur TTS non disponible" in one_error_line(done.stderr)


def test_a_port_that_is_taken_is_named(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = home.run(*SHORT, ELOQUENCE_SERVERS__LIVEKIT_PORT=str(port))
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout + done.stderr
    assert str(port) in one_error_line(done.stderr)


def test_ctrl_c_while_speaking_ends_everything_and_keeps_what_was_recorded(
    home: Home, interrupted_when: Interrupt
) -> None:
    process = home.start("--test", "basic", "--duration", "60")
    assert interrupted_when(process, home.output, SPEAKING, signal.SIGINT) == 130
    await_true(lambda: not home.processes(), "every server has stopped", within_seconds=5)
    assert "Traceback" not in home.output.read_text()
    (folder,) = home.run_folders()
    names = {path.name for path in folder.iterdir()}
    assert {"scripts.json", "publisher.json", "subscriber.json", "sent.wav", "received.wav"} <= names
    assert json.loads((folder / "attempts.json").read_text())[0]["outcome"] == "interrupted"
    assert "s3://eloquence/runs/" in home.run("sync").stdout


def test_sigterm_while_scoring_ends_the_scoring_processes_too(
    home: Home, interrupted_when: Interrupt
) -> None:
    process = home.start("--test", "latency", "--packets", "5", ELOQUENCE_QUALITY__ENABLED="true")
    assert interrupted_when(process, home.output, ANALYSED, signal.SIGTERM) == 143
    await_true(lambda: not home.processes(), "every process has ended", within_seconds=5)
    assert "Traceback" not in home.output.read_text()
    (folder,) = home.run_folders()
    assert {"sent.wav", "received.wav"} <= {path.name for path in folder.iterdir()}


def test_kill_9_while_speaking_leaves_nothing_and_the_next_run_works(
    home: Home, interrupted_when: Interrupt
) -> None:
    process = home.start("--test", "basic", "--duration", "60")
    assert interrupted_when(process, home.output, SPEAKING, signal.SIGKILL) == -signal.SIGKILL
    await_true(lambda: not home.processes(), "every server has stopped")
    done = home.run(*SHORT)
    home.require_good(done.returncode, done.stdout + done.stderr)
    killed, _ = home.run_folders()
    assert f"d'un test précédent enregistrées: s3://eloquence/runs/{killed.parent.parent.name}" in done.stdout
    assert {"unfinished.json", "manifest.json", ".uploaded.json"} <= {path.name for path in killed.iterdir()}


def test_a_signal_while_a_store_hangs_ends_the_command_at_once_and_loses_nothing(
    home: Home, interrupted_when: Interrupt
) -> None:
    store_nights(home.results, [45.0])
    with socket.socket() as hanging:  # takes connections, and never answers
        hanging.bind(("127.0.0.1", 0))
        hanging.listen()
        process = home.start(
            "sync",
            ELOQUENCE_STORAGE__ENDPOINT_URL=f"http://127.0.0.1:{hanging.getsockname()[1]}",
            ELOQUENCE_STORAGE__ACCESS_KEY="key",
            ELOQUENCE_STORAGE__SECRET_KEY="secret-of-the-store",
        )
        connection, _ = hanging.accept()
        before = time.monotonic()
        with connection:
            assert interrupted_when(process, home.output, "1 run(s) to send", signal.SIGINT) == 130
        assert time.monotonic() - before < 10  # boto3 would wait for 90 s
    assert "Traceback" not in home.output.read_text()
    assert len(pending_runs(home.results)) == 1
