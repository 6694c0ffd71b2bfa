from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.settings import Settings
from tests.e2e.conftest import PATIENT, Home

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's; nothing is missing"),
]

ISOLATED = Path(__file__).with_name("isolated.py")
HEARD_FRAMES = 200


def test_no_packet_leaves_the_machine(settings: Settings, tmp_path: Path) -> None:
    del settings
    told = _isolated("all", tmp_path)
    assert told["heard_frames"] > HEARD_FRAMES
    assert (told["packets"].get("udp", 0), told["packets"].get("tcp", 0)) == (0, 0)


def test_the_whole_command_sends_nothing_off_the_machine(settings: Settings, tmp_path: Path) -> None:
    del settings
    told = _isolated("command", tmp_path)
    home = Home(tmp_path)
    home.require_good(told["exit_code"])
    assert [(folder / "manifest.json").is_file() for folder in home.run_folders()] == [True]
    assert (told["packets"].get("udp", 0), told["packets"].get("tcp", 0)) == (0, 0)


def test_the_packet_count_sees_a_client_that_asks_public_servers(settings: Settings, tmp_path: Path) -> None:
    del settings
    told = _isolated("leaky-call", tmp_path)
    assert told["heard_frames"] > HEARD_FRAMES
    assert told["packets"].get("udp", 0) > 0


def test_a_machine_with_nothing_but_loopback_is_told_so(tmp_path: Path) -> None:
    told = _isolated("alone", tmp_path)
    assert "this machine has only a loopback interface" in told["message"]
    assert told["remedy"]


def _isolated(way: str, folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(ISOLATED), way, str(folder)],
        env=os.environ | PATIENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if "refused" in answer:
        pytest.fail(
            f"this machine forbids a network namespace of one's own ({answer['refused']}); "
            "allow unprivileged user namespaces and /dev/net/tun, or run the tests as root"
        )
    return answer
