from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eloquence_pipeline.servers.leases import Lease, live_leases
from eloquence_pipeline.servers.locks import exclusive, is_locked, try_lock, unlock
from eloquence_pipeline.servers.processes import ProcessIdentity, stop_tree

pytestmark = pytest.mark.unit

HOLDER = """
import sys
from pathlib import Path
from eloquence_pipeline.servers.leases import Lease
lease = Lease.take(Path(sys.argv[1]))
print("holds", flush=True)
sys.stdin.read()
"""


def test_a_lease_lives_until_it_is_released(tmp_path: Path) -> None:
    lease = Lease.take(tmp_path / "leases")
    assert len(live_leases(tmp_path / "leases")) == 1
    lease.release()
    lease.release()
    assert live_leases(tmp_path / "leases") == []
    assert list((tmp_path / "leases").iterdir()) == []


def test_a_lease_dies_with_its_holder_by_kill_9(tmp_path: Path) -> None:
    mine = Lease.take(tmp_path)
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"holds\n"
        assert len(live_leases(tmp_path)) == 2
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    assert len(live_leases(tmp_path)) == 1
    mine.release()
    assert live_leases(tmp_path) == []


def test_asking_for_leases_does_not_look_like_holding_one(tmp_path: Path) -> None:
    (tmp_path / "dead").touch()
    probe = try_lock(tmp_path / "dead", shared=True)
    assert probe is not None
    assert not is_locked(tmp_path / "dead")
    unlock(probe)


def test_waiting_for_a_lock_is_told_once_and_can_be_given_up(tmp_path: Path) -> None:
    held = try_lock(tmp_path / "lock")
    assert held is not None
    told: list[str] = []
    polls = iter(range(3))

    def give_up() -> None:
        if next(polls, None) is None:
            raise TimeoutError

    with (
        pytest.raises(TimeoutError),
        exclusive(tmp_path / "lock", on_wait=lambda: told.append("waits"), check=give_up),
    ):
        pytest.fail("the lock was given twice")
    assert told == ["waits"]
    unlock(held)


def test_a_process_with_another_start_time_is_not_the_same() -> None:
    me = ProcessIdentity.of(os.getpid())
    assert me.is_alive
    assert not ProcessIdentity(me.pid, me.create_time - 10).is_alive
    # Must do nothing: the pid has been given to another process, here to this very test.
    stop_tree(ProcessIdentity(me.pid, me.create_time - 10), grace_seconds=0)


def test_a_process_that_ignores_sigterm_is_killed() -> None:
    script = "trap '' TERM; echo deaf; while :; do read _ || :; done"
    with subprocess.Popen(["/bin/sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as deaf:
        assert deaf.stdout is not None
        assert deaf.stdout.readline() == b"deaf\n"
        identity = ProcessIdentity.of(deaf.pid)
        stop_tree(identity, grace_seconds=0.1)
        assert not identity.is_alive
