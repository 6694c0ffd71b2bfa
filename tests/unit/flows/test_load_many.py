"""A load on many machines, as far as it needs none."""

from __future__ import annotations

from pathlib import Path

import pytest

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models.load import LoadWish
from flows.deploy_steps import CELL_FOLDER_VARIABLE, enter_folder_of_cell
from flows.load_many import require_shares

pytestmark = pytest.mark.unit


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
