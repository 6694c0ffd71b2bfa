"""A load on many machines, as far as it needs none."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models.load import LoadWish
from eloquence_pipeline.storage.evidence import RunFolder
from flows.deploy_steps import CELL_FOLDER_VARIABLE, enter_folder_of_cell
from flows.load_many import LOAD, require_shares, sealed_when_cancelled
from tasks.run import Run

pytestmark = pytest.mark.unit


def test_what_a_cancelled_load_cell_has_recorded_is_sealed(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    folder = RunFolder.create(tmp_path, began, LOAD)
    run = Run(
        run_id=folder.run_id,
        scenario=LOAD,
        started_at=began,
        target="",
        livekit_url="",
        room_name="room",
        seed=1,
        parameters={},
        folder=folder.path,
    )
    folder.write_text("recorded.txt", "so far")
    with pytest.raises(asyncio.CancelledError), sealed_when_cancelled(run):
        raise asyncio.CancelledError
    assert [file.name for file in folder.manifest().files] == ["recorded.txt"]


def test_a_load_cell_without_a_session_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="2 sessions cannot be shared among 3 load cells"):
        require_shares(LoadWish(sessions=2, duration_seconds=8), 3)


def test_a_load_cell_works_where_its_worker_says_else_where_it_was_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered, own = tmp_path / "registered", tmp_path / "own"
    registered.mkdir()
    own.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(CELL_FOLDER_VARIABLE, raising=False)
    assert enter_folder_of_cell(str(tmp_path / "of another machine")) == {"directory": str(tmp_path)}
    assert enter_folder_of_cell(str(registered)) == {"directory": str(registered)}
    monkeypatch.setenv(CELL_FOLDER_VARIABLE, str(own))
    assert enter_folder_of_cell(str(registered)) == {"directory": str(own)}
    assert Path.cwd() == own
