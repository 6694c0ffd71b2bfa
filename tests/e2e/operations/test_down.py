"""The last of these tests, by its name: it stops what the others use."""

from __future__ import annotations

import pytest

from eloquence_pipeline.errors import ExitCode
from eloquence_pipeline.servers import status
from tests.e2e.operations.conftest import Operations

pytestmark = pytest.mark.e2e


def test_down_ends_runs_that_are_under_way_and_leaves_nothing(operations: Operations) -> None:
    known = set(operations.home.run_folders())
    operations.trigger("scenario/basic", duration_seconds=30)
    folder = operations.await_speech(known)
    temporary = operations.home.settings.folders.state / "temporary"
    assert list(temporary.iterdir())
    down = operations.home.run("down")
    assert down.returncode == ExitCode.PASSED, down.stderr
    assert "ended a run" in down.stdout
    assert not any(one.running for one in status(operations.home.settings))
    assert not operations.home.processes()
    assert not temporary.exists()
    # Sealed: it can be analysed, and sent with `eloquence sync`.
    assert (folder / "manifest.json").exists()
    assert "nothing was running" in operations.home.run("down").stdout
