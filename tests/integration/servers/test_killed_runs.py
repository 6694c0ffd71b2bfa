from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable

import psutil
import pytest

from eloquence_pipeline.servers import ServiceStatus, embedded_servers, status
from eloquence_pipeline.servers.processes import ProcessIdentity
from eloquence_pipeline.servers.state import Instance
from eloquence_pipeline.settings import Settings
from tests.integration.servers.conftest import Owner
from tests.polling import await_true

pytestmark = pytest.mark.integration

StartOwner = Callable[..., Owner]
LeftOver = Callable[[], list[str]]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 2), (signal.SIGTERM, 15)])
def test_a_signal_stops_the_servers_before_the_run_ends(
    number: signal.Signals, code: int, start_owner: StartOwner, left_over: LeftOver
) -> None:
    owner = start_owner("livekit", "s3")
    owner.await_ready()
    assert owner.send(number) == code
    assert left_over() == []


def test_ctrl_c_while_the_servers_start_leaves_nothing(start_owner: StartOwner, left_over: LeftOver) -> None:
    owner = start_owner("livekit", "s3", "prefect")
    await_true(lambda: any("prefect" in name for name in left_over()), "the servers are starting")
    assert owner.send(signal.SIGINT) == 2
    assert left_over() == []


def test_kill_9_of_the_run_leaves_nothing(start_owner: StartOwner, left_over: LeftOver) -> None:
    owner = start_owner("livekit", "s3")
    owner.await_ready()
    owner.send(signal.SIGKILL)
    await_true(lambda: left_over() == [], "servers and folders are gone")


def test_kill_9_of_one_run_leaves_the_other_its_minio(start_owner: StartOwner, settings: Settings) -> None:
    one, other = start_owner("s3"), start_owner("s3")
    assert one.await_ready() == other.await_ready()
    one.send(signal.SIGKILL)
    await_true(lambda: _minio(settings).users == 1, "the dead run's lease is gone")
    time.sleep(0.6)  # twice the keeper's poll: it has to have had the chance to be wrong
    assert _minio(settings).running
    assert other.finish() == 0
    assert not _minio(settings).running


def test_kill_9_of_run_and_keepers_is_cleaned_up_by_the_next_start(
    start_owner: StartOwner, settings: Settings, left_over: LeftOver
) -> None:
    owner = start_owner("livekit", "s3")
    owner.await_ready()
    names = [one.name for one in status(settings) if one.running]
    states = [Instance(settings.folders.state, name).read() for name in names]
    owner.process.kill()
    for state in states:
        assert state is not None
        psutil.Process(state.keeper.pid).kill()
    owner.wait()
    assert set(left_over()) >= set(names)
    with embedded_servers(settings, livekit=False, s3=True, prefect=False) as endpoints:
        assert endpoints.s3 is not None
        assert [one.name for one in status(settings) if one.running] == ["minio"]
    assert left_over() == []


def test_an_orphaned_server_is_stopped_but_not_a_process_that_got_its_pid(settings: Settings) -> None:
    with _sleeper() as orphan, _sleeper() as stranger:
        gone = ProcessIdentity.of(orphan.pid)
        _forge(settings, "livekit-orphan", gone)
        real = ProcessIdentity.of(stranger.pid)
        _forge(settings, "livekit-reused", ProcessIdentity(real.pid, real.create_time - 60))
        told: list[str] = []
        with embedded_servers(settings, livekit=False, s3=False, prefect=False, progress=told.append):
            assert not gone.is_alive
            assert real.is_alive
        assert sorted(told) == [
            "cleaned up what was left of livekit-orphan",
            "cleaned up what was left of livekit-reused",
        ]
        stranger.kill()


def _sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "20"])


def _forge(settings: Settings, name: str, server: ProcessIdentity) -> None:
    """Leave what a killed keeper leaves on a system that does not kill its child with it."""
    record = {"pid": server.pid, "create_time": server.create_time}
    state = {
        "service": "livekit",
        "phase": "ready",
        "url": "ws://127.0.0.1:1",
        "version": "1",
        "endpoint": {},
        "started_at": 0.0,
        "keeper": {"pid": 2**22, "create_time": 0.0},
        "server": record,
    }
    folder = settings.folders.state / name
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(json.dumps(state))


def _minio(settings: Settings) -> ServiceStatus:
    return next(one for one in status(settings) if one.name == "minio")
