"""Every Python script in the documentation runs as it stands, against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import pytest

from eloquence_pipeline.servers import LiveKitEndpoint
from tests.documentation import GUIDES, blocks
from tests.golden.runs import CLEAN
from tests.integration.servers.owner import embedded_livekit

pytestmark = pytest.mark.e2e

LONGEST_SECONDS = 60
SCRIPTS = {
    block.text: block.place
    for page in reversed(GUIDES)
    for block in blocks(page)
    if block.language == "python"
}
"""By text: what stands in both languages is run once."""


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Generator[LiveKitEndpoint]:
    with embedded_livekit(tmp_path_factory.mktemp("livekit")) as endpoint:
        yield endpoint


def test_there_are_scripts() -> None:
    assert len(SCRIPTS) >= 4


@pytest.mark.parametrize("script", SCRIPTS, ids=SCRIPTS.values())
def test_a_script_runs_as_it_stands(script: str, livekit: LiveKitEndpoint, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(script, encoding="utf-8")
    CLEAN.write(tmp_path / "results")  # for scripts that read stored runs
    environment = os.environ | {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret.get_secret_value(),
    }
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert CLEAN.run_id in done.stdout or "results/runs" not in script
