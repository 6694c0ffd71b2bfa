"""What a run that is cancelled leaves behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.models import SpeechScript
from eloquence_pipeline.settings import Settings, load_settings
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import MANIFEST_FILE
from flows import load, states
from tasks.run import Run

pytestmark = pytest.mark.unit


@pytest.fixture
def servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings that name servers which nobody asks."""
    settings = load_settings()
    folders = settings.folders.model_copy(update={"results": tmp_path})

    @asynccontextmanager
    async def measuring(target: str) -> AsyncGenerator[Settings]:
        yield settings.model_copy(update={"folders": folders, "target": target})

    async def looked_at(_: Settings) -> None: ...

    def nothing_said(*_: Any) -> dict[str, SpeechScript]:
        return {}

    monkeypatch.setattr(load, "measuring", measuring)
    monkeypatch.setattr(load, "check_store", looked_at)
    monkeypatch.setattr(load, "session_scripts", nothing_said)
    monkeypatch.setattr(states, "forward_logs_to_prefect", lambda: None)  # it would stay for other tests


@pytest.mark.usefixtures("servers")
async def test_what_a_cancelled_load_has_recorded_is_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(run: Run, *_: Any, **__: Any) -> None:
        RunFolder.open(run.folder).write_text("recorded.txt", "so far")
        raise asyncio.CancelledError

    monkeypatch.setattr(load, "carry_load", cancelled)
    with pytest.raises(asyncio.CancelledError):
        await load.load.fn(1, 0, 8, 0, ["greetings"], "", 1)
    (manifest,) = tmp_path.glob(f"runs/*/*/*/{MANIFEST_FILE}")
    assert "recorded.txt" in [file.name for file in RunFolder.open(manifest.parent).manifest().files]
