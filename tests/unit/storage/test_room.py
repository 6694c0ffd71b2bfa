"""A run that does not fit on the disk is refused before it begins, with numbers."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage.room import recording_bytes, require_room

pytestmark = pytest.mark.unit

HOUR = 3600


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def settings_in(folder: Path, **storage: str) -> Settings:
    folders = {"results": folder / "not" / "yet" / "there", "data": folder / "data"}
    return Settings.model_validate({"folders": folders, "storage": storage})


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    there = {"bytes": 0}
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(1, 1, there["bytes"]))  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    return there


def test_the_embedded_store_needs_the_same_again_on_the_same_disk(
    tmp_path: Path, free: dict[str, int]
) -> None:
    free["bytes"] = 2 * recording_bytes(HOUR) - 1
    with pytest.raises(ConfigurationError, match=r"60 minutes of recording need 1696 MB .* 1696 MB are free"):
        require_room(settings_in(tmp_path), HOUR)
    free["bytes"] += 1
    require_room(settings_in(tmp_path), HOUR)


def test_a_store_of_ones_own_needs_nothing_here(tmp_path: Path, free: dict[str, int]) -> None:
    settings = settings_in(tmp_path, bucket="evidence")
    free["bytes"] = recording_bytes(HOUR)
    require_room(settings, HOUR)
    with pytest.raises(ConfigurationError, match="120 minutes"):
        require_room(settings, 2 * HOUR)


def test_every_speaker_needs_its_own(tmp_path: Path, free: dict[str, int]) -> None:
    free["bytes"] = 2 * recording_bytes(60, 3)
    require_room(settings_in(tmp_path), 60, 3)
    with pytest.raises(ConfigurationError, match="make room"):
        require_room(settings_in(tmp_path), 60, 4)
