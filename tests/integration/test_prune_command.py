"""``eloquence sync`` and ``eloquence prune`` as a user calls them, on a store that is a folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ExitCode
from tests.stored_nights import store_nights

pytestmark = pytest.mark.integration

COMMAND = "import sys; from flows.cli import main; main()"


@pytest.fixture
def nights(tmp_path: Path) -> list[str]:
    """Names of three runs in the results folder, oldest first."""
    return [run.run_id for run in store_nights(tmp_path / "results", [45.0, 46.0, 47.0])]


def eloquence(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELOQUENCE_")}
    own = {f"ELOQUENCE_FOLDERS__{name}": str(folder / name.lower()) for name in ("RESULTS", "DATA", "STATE")}
    store = {
        "ELOQUENCE_STORAGE__ENDPOINT_URL": (folder / "store").as_uri(),
        "ELOQUENCE_STORAGE__CREATE_BUCKET": "true",
    }
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        env=kept | own | store | {"ELOQUENCE_CONFIG": "", "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def runs_in(folder: Path) -> list[str]:
    return sorted(path.parent.name for path in folder.glob("runs/*/*/*/manifest.json"))


def test_old_runs_are_named_first_and_removed_when_that_is_said(tmp_path: Path, nights: list[str]) -> None:
    results, store = tmp_path / "results", tmp_path / "store"
    assert eloquence(tmp_path, "sync").returncode == ExitCode.PASSED
    assert runs_in(store) == nights

    named = eloquence(tmp_path, "prune", "--runs", "1")
    assert named.returncode == ExitCode.PASSED, named.stdout + named.stderr
    assert named.stdout.count("would go: runs/") == 4
    assert "4 to remove; nothing was removed yet" in named.stdout
    assert runs_in(store) == runs_in(results) == nights

    done = eloquence(tmp_path, "prune", "--runs", "1", "--yes")
    assert done.stdout.count("removed runs/") == 4
    assert runs_in(store) == runs_in(results) == nights[-1:]
    assert "there is nothing to remove" in eloquence(tmp_path, "prune", "--runs", "1", "--yes").stdout
    assert nights[-1][:8] in eloquence(tmp_path, "history").stdout.replace("-", "")


def test_without_a_bound_prune_removes_nothing(tmp_path: Path, nights: list[str]) -> None:
    done = eloquence(tmp_path, "prune", "--yes")
    assert done.returncode == ExitCode.USAGE
    assert "nothing says which runs are too old" in done.stderr
    assert runs_in(tmp_path / "results") == nights
