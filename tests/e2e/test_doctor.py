"""`eloquence doctor` on real servers, on a good day and on a bad one."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.servers import embedded_servers
from tests.e2e.conftest import Home
from tests.e2e.test_faults import unused_port

pytestmark = pytest.mark.e2e

NAMES = [
    "réglages",
    "versions",
    "dossiers",
    "disque",
    "mémoire",
    "charge",
    "horloge",
    "ordonnancement",
    "moteur TTS",
    "livekit-server",
    "minio",
    "interface réseau",
    "LiveKit joignable",
    "clés LiveKit",
    "média UDP",
    "stockage S3",
    "API Prefect",
]


def files_below(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


def checks_in(output: str) -> dict[str, dict[str, Any]]:
    lines = [json.loads(line) for line in output.splitlines()]
    assert {line["kind"] for line in lines} == {"check"}
    return {line["content"]["name"]: line["content"] for line in lines}


def test_on_a_good_day_nothing_is_red_and_nothing_is_left(home: Home) -> None:
    (home.path / "temporary").mkdir()
    before = files_below(home.path)
    done = home.run("doctor", TMPDIR=str(home.path / "temporary"))
    assert done.returncode == ExitCode.PASSED, done.stdout + done.stderr
    checks = [line for line in done.stdout.splitlines() if not line.startswith("   → ")]
    assert [line.split(" : ")[0].partition(" ")[2] for line in checks] == NAMES
    assert {line[0] for line in checks} <= {"🟢", "🟡"}
    assert "ms aller simple" in next(line for line in checks if "média UDP" in line)
    assert done.stderr == ""
    assert files_below(home.path) == before
    assert not home.processes()


def test_a_server_of_the_users_own_that_is_away_is_red_with_its_remedy(home: Home) -> None:
    port = unused_port()
    hidden = home.path / "hidden"
    hidden.mkdir()
    (hidden / "pyttsx3.py").write_text("raise ImportError('hidden by the test')\n")
    (home.path / "file").touch()
    done = home.run(
        "--log-format",
        "json",
        "doctor",
        LIVEKIT_URL=f"ws://127.0.0.1:{port}",
        LIVEKIT_API_KEY="devkey",
        LIVEKIT_API_SECRET="secret-of-livekit",
        ELOQUENCE_STORAGE__ENDPOINT_URL=f"http://127.0.0.1:{port}",
        ELOQUENCE_STORAGE__ACCESS_KEY="key-of-the-store",
        ELOQUENCE_STORAGE__SECRET_KEY="secret-of-the-store",
        ELOQUENCE_FOLDERS__RESULTS=str(home.path / "file" / "results"),
        PREFECT_API_URL=f"http://127.0.0.1:{port}/api",
        PYTHONPATH=os.pathsep.join([str(hidden), os.environ.get("PYTHONPATH", "")]),
    )
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout
    checks = checks_in(done.stdout)
    assert list(checks) == NAMES
    red = {name: check for name, check in checks.items() if check["status"] == "failed"}
    assert list(red) == ["dossiers", "moteur TTS", "LiveKit joignable", "stockage S3", "API Prefect"]
    assert all(check["remedy"] for check in red.values())
    assert f"nothing listens at 127.0.0.1:{port}" in red["LiveKit joignable"]["detail"]
    assert "LIVEKIT_URL" in red["LiveKit joignable"]["remedy"]
    assert red["moteur TTS"]["detail"].startswith("Moteur TTS non disponible")
    not_made = [name for name, check in checks.items() if check["status"] == "not_checked"]
    assert not_made == ["livekit-server", "minio", "clés LiveKit", "média UDP"]
    for secret in ("secret-of-livekit", "key-of-the-store", "secret-of-the-store"):
        assert secret not in done.stdout + done.stderr


def test_a_wrong_secret_is_red_and_no_token_shows(home: Home) -> None:
    with embedded_servers(home.settings, livekit=True, s3=False, prefect=False) as endpoints:
        assert endpoints.livekit is not None
        done = home.run(
            "doctor",
            LIVEKIT_URL=endpoints.livekit.url,
            LIVEKIT_API_KEY=endpoints.livekit.api_key,
            LIVEKIT_API_SECRET="w" * 32,
        )
    assert done.returncode == ExitCode.NOT_CARRIED_OUT, done.stdout
    lines = done.stdout.splitlines()
    red = [(line, after) for line, after in pairwise(lines) if line.startswith("🔴")]
    ((line, remedy),) = red
    assert line.startswith("🔴 clés LiveKit : ")
    assert remedy.startswith("   → check LIVEKIT_API_KEY and LIVEKIT_API_SECRET")
    assert "eyJ" not in done.stdout + done.stderr
    assert "w" * 32 not in done.stdout + done.stderr


def test_settings_that_are_wrong_are_exit_code_2(home: Home) -> None:
    done = home.run("doctor", LIVEKIT_URL="http://localhost:7880")
    assert done.returncode == ExitCode.USAGE
    assert "ws:// or wss://" in done.stderr
    assert done.stdout == ""
