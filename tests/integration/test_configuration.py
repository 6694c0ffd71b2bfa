"""The command as a user runs it with a configuration of their own; no server is needed for that."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.settings import Settings

pytestmark = pytest.mark.integration

ELOQUENCE = Path(sys.executable).with_name("eloquence")
Run = Callable[..., subprocess.CompletedProcess[str]]
OWN_SERVER = {"livekit_url": "ws://localhost:7880", "api_key": "devkey", "api_secret": "hush-hush"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run ``eloquence`` in an empty folder, 80 columns wide."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("LIVEKIT_", "ELOQUENCE_"))
    }
    own = {"COLUMNS": "80", "NO_COLOR": "1", "ELOQUENCE_FOLDERS__STATE": str(tmp_path / "state")}

    def run_command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(ELOQUENCE), *arguments],
            env=kept | own | variables,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run_command


def rows(output: str) -> dict[str, list[str]]:
    """Return the cells of the printed table by key."""
    cells = (line.split() for line in output.splitlines())
    return {first: rest for first, *rest in (row for row in cells if row)}


def test_the_effective_settings_are_shown_with_their_origin_and_secrets_masked(
    run: Run, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(OWN_SERVER | {"speech": {"rate_wpm": 160}}))
    (tmp_path / ".env").write_text("ELOQUENCE_SPEECH__VOLUME=0.5\nELOQUENCE_STORAGE__SECRET_KEY=hush-hush\n")
    done = run("config", LIVEKIT_ROOM="salon")
    assert done.returncode == ExitCode.PASSED, done.stderr
    table, _, place = done.stdout.partition("\n\n")
    assert max(map(len, table.splitlines())) <= 80
    assert place == f"config.json: {tmp_path / 'config.json'}\n"
    shown = rows(table)
    assert shown["livekit_url"] == ["ws://localhost:7880", "config.json"]
    assert shown["api_secret"] == ["********", "config.json"]
    assert shown["room_name"] == ["salon", "LIVEKIT_ROOM"]
    assert shown["speech.rate_wpm"] == ["160", "config.json"]
    assert shown["speech.volume"] == ["0.5", ".env"]
    assert shown["storage.secret_key"] == ["********", ".env"]
    assert shown["storage.access_key"] == ["default"]
    assert shown["thresholds.latency_acceptable_ms"] == ["500", "default"]
    assert "hush-hush" not in done.stdout + done.stderr


def test_the_file_is_named_before_or_after_the_command(run: Run, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text('{"target": "named"}')
    for arguments in (("--config", "own.json", "config"), ("config", "--config", "own.json")):
        assert rows(run(*arguments).stdout)["target"] == ["named", "own.json"]
    assert rows(run("config", ELOQUENCE_CONFIG="own.json").stdout)["target"] == ["named", "own.json"]


def test_the_schema_is_printed_whatever_the_settings_are(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{")
    done = run("config", "--schema")
    assert done.returncode == ExitCode.PASSED
    assert json.loads(done.stdout) == Settings.json_schema()


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ('{"target": ', "line 1, column 12"),
        ('{"thresholds": {"latency_excelent_ms": 90}}', "did you mean latency_excellent_ms?"),
        ('{"thresholds": {"latency_good_ms": NaN}}', "NaN"),
        ('{"livekit_url": "http://localhost:7880"}', "ws:// or wss://"),
        ('{"room_name": "a/b"}', "slash"),
        (" " * 2_000_000, "larger than 1 MiB"),
    ],
)
@pytest.mark.parametrize("arguments", [("--test", "basic"), ("up",)])
def test_a_wrong_file_is_refused_before_anything_starts(
    run: Run, tmp_path: Path, content: str, part: str, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "wrong.json").write_text(content)
    done = run("--config", "wrong.json", *arguments)
    assert done.returncode == ExitCode.USAGE
    error, remedy = done.stderr.splitlines()
    assert error.startswith("❌ wrong.json")
    assert part in error
    assert remedy.startswith("   → ")
    assert [path.name for path in tmp_path.iterdir()] == ["wrong.json"]
