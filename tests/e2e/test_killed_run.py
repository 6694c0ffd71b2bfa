"""A run whose process is killed in mid-speech: what was recorded until then is read and measured."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.signal.wav import read_wav
from tests.e2e.conftest import Home

pytestmark = pytest.mark.e2e

Interrupt = Callable[[subprocess.Popen[str], Path, str, int], int]


def contents_of(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_a_killed_run_gives_figures_for_what_was_said_until_then(
    home: Home, interrupted_when: Interrupt
) -> None:
    process = home.start("--test", "latency")
    interrupted_when(process, home.output, "AUDIO PACKET #4", signal.SIGKILL)
    (folder,) = home.run_folders()
    left = contents_of(folder)
    assert "manifest.json" not in left
    for name in ("sent.wav", "received.wav"):
        assert len(read_wav(folder / name)[0]) > 48_000

    output = home.path / "again.json"
    done = home.run("replay", str(folder), "--output", str(output))
    assert output.exists(), (sorted(left), done.stdout + done.stderr)
    assert done.returncode in {ExitCode.THRESHOLD_MISSED, ExitCode.NOT_CARRIED_OUT}
    assert "process was killed" in done.stdout
    result = json.loads(output.read_text())
    assert "the transmission broke off: interrupted" in result["verdict"]["reasons"]
    assert result["packets_sent"] >= 2
    assert result["packets_received"] >= result["packets_sent"] - 1
    assert [attempt["outcome"] for attempt in result["attempts"]] == ["interrupted"]
    assert result["plan"]["phrases_planned"] == 20
    assert result["rtp"]["inbound"]["packetsReceived"] > 0
    assert {"connection_state_changed", "track_subscribed"} <= {event["name"] for event in result["events"]}
    assert contents_of(folder) == left
