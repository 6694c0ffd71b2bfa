"""What dies while a run speaks: the run is none the worse, and no slot is lost."""

from __future__ import annotations

import json
import os
import signal

import pytest

from tests.e2e.operations.conftest import Operations
from tests.polling import await_true

pytestmark = pytest.mark.e2e


def test_a_run_outlives_its_worker_and_the_prefect_server(operations: Operations) -> None:
    known = set(operations.home.run_folders())
    run_id = operations.trigger("scenario/basic", duration_seconds=10)
    folder = operations.await_speech(known)
    killed = {name: operations.service(name).pid for name in ("worker", "prefect")}
    for pid in killed.values():
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    ended = operations.await_end(run_id)
    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    assert json.loads((folder / "results.json").read_text())["packets_received"] >= 1
    assert (folder / ".uploaded.json").exists()
    for name, pid in killed.items():
        await_true(lambda name=name: operations.service(name).running, f"{name} is started again")
        assert operations.service(name).pid != pid
    assert set(operations.slots_taken().values()) == {0}
