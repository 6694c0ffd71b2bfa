from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eloquence_pipeline.files import file_reference
from eloquence_pipeline.models import Manifest
from eloquence_pipeline.replay import StoredRun
from tests.golden.runs import CLEAN, STARTED_AT

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="session")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sealed run with its result, of which each test has a copy."""
    path = CLEAN.write(tmp_path_factory.mktemp("pattern"), seal=False)
    (path / "results.json").write_text(StoredRun(path).analyse().to_json())
    reseal(path)
    return path


@pytest.fixture
def folder(pattern: Path, tmp_path: Path) -> Path:
    """A sealed run with its result."""
    below_results = pattern.parts[-4:]
    return Path(shutil.copytree(pattern, tmp_path.joinpath("results", *below_results)))


@pytest.fixture
def bare(pattern: Path, tmp_path: Path) -> Path:
    """The same run without a manifest, so that its files can be changed."""
    copy = Path(shutil.copytree(pattern, tmp_path / "bare" / "clean" / pattern.name))
    (copy / "manifest.json").unlink()
    return copy


def reseal(folder: Path) -> None:
    """Write a manifest of what is there now."""
    names = sorted(path.name for path in folder.iterdir() if path.name != "manifest.json")
    names = [name for name in names if not name.startswith(".")]
    manifest = Manifest(
        run_id=folder.name,
        key_prefix=f"runs/2026-11-22/clean/{folder.name}/",
        created_at=STARTED_AT,
        files=tuple(file_reference(folder / name) for name in names),
    )
    (folder / "manifest.json").write_text(manifest.model_dump_json())


def rewritten(path: Path, change: Change) -> None:
    """Change a JSON file in place."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))


def refer_to(folder: Path, end: str, kind: str, name: str) -> None:
    """Let the transmission name another file, rightly described, in place of one that was recorded."""

    def change(document: dict[str, Any]) -> None:
        reference = file_reference(folder / name).model_dump()
        document["channels"][0][end][kind] = reference

    rewritten(folder / "transmission.json", change)
