"""Where the worker and its runs keep temporary files."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from eloquence_pipeline.servers.state import instances
from eloquence_pipeline.servers.worker import MARK, living_runs, remove_temporary_files, worker_launch
from tests.polling import await_true

pytestmark = pytest.mark.unit

API_URL = "http://127.0.0.1:4200/api"


def test_a_worker_starts_with_an_empty_folder_of_its_own_for_temporary_files(tmp_path: Path) -> None:
    temporary = Path(worker_launch(API_URL, "eloquence", tmp_path / "worker").env["TMPDIR"])
    assert temporary.is_relative_to(tmp_path)
    (temporary / "left-by-a-killed-run").touch()
    assert worker_launch(API_URL, "eloquence", tmp_path / "worker").env["TMPDIR"] == str(temporary)
    assert not list(temporary.iterdir())
    assert not instances(tmp_path)
    remove_temporary_files(tmp_path / "worker")
    assert not temporary.exists()


def test_a_run_that_has_outlived_its_worker_keeps_its_temporary_files(tmp_path: Path) -> None:
    folder = tmp_path / "worker"
    temporary = Path(worker_launch(API_URL, "eloquence", folder).env["TMPDIR"])
    (temporary / "in-use").touch()
    run = {MARK: str(folder), "PREFECT__FLOW_RUN_ID": "1"}
    with subprocess.Popen(["sleep", "60"], env=os.environ | run) as living:
        await_true(lambda: living_runs(folder) == {"1"}, "the environment of the run can be read")
        remove_temporary_files(folder)
        worker_launch(API_URL, "eloquence", folder)
        assert (temporary / "in-use").exists()
        living.kill()
    remove_temporary_files(folder)
    assert not temporary.exists()
