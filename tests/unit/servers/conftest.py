from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eloquence_pipeline.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folders = {name: tmp_path / name for name in ("results", "cache", "data", "state")}
    return Settings.model_validate({"folders": folders})


@pytest.fixture
def program_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Write shell programs into a folder that is the whole PATH of the test."""
    folder = tmp_path / "path"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("ELOQUENCE_UV", raising=False)

    def write(name: str, script: str) -> Path:
        program = folder / name
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    return write
