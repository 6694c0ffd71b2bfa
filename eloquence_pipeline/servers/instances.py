"""Starting, joining, leaving and cleaning up one server instance."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

import psutil

from eloquence_pipeline.errors import ServerError
from eloquence_pipeline.servers.launch import Launch
from eloquence_pipeline.servers.leases import Lease
from eloquence_pipeline.servers.locks import exclusive, try_lock
from eloquence_pipeline.servers.processes import stop_tree
from eloquence_pipeline.servers.progress import ProgressSink
from eloquence_pipeline.servers.state import Instance, InstanceState, instances

_ATTEMPTS = 4
_POLL_SECONDS = 0.03
_PROGRESS_EVERY_SECONDS = 5.0
_STOP_SECONDS = 30.0
_KEEPER_FIRST_WORD_SECONDS = 20.0
_KEEPER_END_SECONDS = 5.0
_ORPHAN_GRACE_SECONDS = 5.0

# Keepers are children of the process that started them and are reaped by it.
_spawned: dict[Path, subprocess.Popen[bytes]] = {}
_spawned_lock = Lock()


class Cancelled(Exception):  # noqa: N818 - not an error: somebody else failed or the user stopped
    """Waiting for a server was given up."""


@dataclass(frozen=True)
class Waiting:
    """How one waits: who is told, and what ends it."""

    progress: ProgressSink
    cancelled: Event = field(default_factory=Event)

    def check(self) -> None:
        """Raise when the waiting was given up."""
        if self.cancelled.is_set():
            raise Cancelled


@dataclass(frozen=True)
class Held:
    """A running server and the lease on it."""

    instance: Instance
    lease: Lease
    state: InstanceState

    def release(self) -> None:
        """Give the lease back and nudge the keeper, without waiting."""
        self.lease.release()
        nudge(self.instance)


def acquire(instance: Instance, build: Callable[[], Launch], waiting: Waiting) -> Held:
    """Join a server, or start it when it does not run.

    Parameters
    ----------
    build
        Makes the launch of a new server; called again when another process was quicker to take
        one of its ports.

    Raises
    ------
    ServerError
        If the server did not become ready.
    """
    for attempt in range(_ATTEMPTS):
        lease, started = _take_lease(instance, build, waiting)
        state = _await_ready(instance, lease, waiting)
        if state is not None and state.phase == "ready":
            return Held(instance, lease, state)
        lease.release()
        error = _failure(instance, state)
        await_keeper_end(instance)
        discard_failed(instance, waiting)
        # A joiner met somebody else's failed start: its own start may well work.
        if attempt == _ATTEMPTS - 1 or (started and not _lost_a_port(state)):
            raise error
    raise AssertionError("unreachable")


def join(instance: Instance, waiting: Waiting) -> Held | None:
    """Take a lease on a server if it runs already."""
    with exclusive(instance.lock_file, check=waiting.check):
        if not instance.is_kept:
            return None
        lease = Lease.take(instance.leases)
    state = _await_ready(instance, lease, waiting)
    if state is not None and state.phase == "ready":
        return Held(instance, lease, state)
    lease.release()
    return None


def await_gone(instance: Instance, progress: ProgressSink) -> bool:
    """Wait until the server has stopped; return at once while someone else wants it.

    Returns
    -------
    bool
        Whether it is gone.
    """
    deadline = time.monotonic() + _STOP_SECONDS
    state = instance.read()
    while time.monotonic() < deadline:
        by_record = state is not None and state.keeper.identity.is_alive
        if not (instance.is_kept or by_record or _is_our_child_alive(instance)):
            discard_failed(instance, Waiting(progress))
            return True
        if instance.is_kept and (instance.is_pinned or instance.users):
            return False
        time.sleep(_POLL_SECONDS)
    progress(f"{instance.service} has not stopped within {_STOP_SECONDS:.0f} s")
    return False


def nudge(instance: Instance) -> None:
    """Have the keeper look at the leases now rather than at its next poll."""
    state = instance.read()
    keeper = state.keeper.identity.find() if state else None
    if keeper is not None:
        with suppress(psutil.NoSuchProcess):
            keeper.send_signal(signal.SIGUSR1)


def discard_failed(instance: Instance, waiting: Waiting) -> bool:
    """Remove an instance that has no keeper: its server, if the keeper was killed, and its folder.

    Returns
    -------
    bool
        Whether there was one.
    """
    if not instance.folder.exists():
        return False
    with exclusive(instance.lock_file, check=waiting.check):
        return _discard(instance)


def clean_up_leftovers(root: Path, progress: ProgressSink) -> None:
    """Remove what was left by processes that were killed."""
    for instance in instances(root):
        if not instance.is_kept and discard_failed(instance, Waiting(progress)):
            progress(f"cleaned up what was left of {instance.name}")


def _discard(instance: Instance) -> bool:
    if instance.is_kept or not instance.folder.exists():
        return False
    state = instance.read()
    if state is not None and state.server is not None:
        stop_tree(state.server.identity, grace_seconds=_ORPHAN_GRACE_SECONDS)
    if instance.log.exists():
        instance.saved_log.parent.mkdir(mode=0o700, exist_ok=True)
        instance.log.replace(instance.saved_log)
    shutil.rmtree(instance.folder, ignore_errors=True)
    if instance.name != instance.service:
        instance.lock_file.unlink(missing_ok=True)
    return True


def _take_lease(instance: Instance, build: Callable[[], Launch], waiting: Waiting) -> tuple[Lease, bool]:
    waits = f"waiting for {instance.service}, which another process starts or stops"
    with exclusive(instance.lock_file, on_wait=lambda: waiting.progress(waits), check=waiting.check):
        if instance.is_kept:
            return Lease.take(instance.leases), False
        _discard(instance)
        launch = build()
        instance.folder.mkdir(mode=0o700)
        lease = Lease.take(instance.leases)
        try:
            _spawn_keeper(instance, launch)
        except BaseException:
            lease.release()
            raise
        return lease, True


def _spawn_keeper(instance: Instance, launch: Launch) -> None:
    # The lock is taken here and inherited: from now on, without a gap, the instance has a keeper.
    lock = try_lock(instance.keeper_lock)
    if lock is None:
        raise ServerError(f"{instance.name} is already kept by another process", transient=True)
    try:
        instance.log.touch(mode=0o600)
        with instance.log.open("ab") as log:
            keeper = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "eloquence_pipeline.servers.keeper", str(instance.folder), str(lock)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": _python_path()},
                cwd="/",
                pass_fds=[lock],
                start_new_session=True,
            )
        _remember(instance, keeper)
        ours = instance.name != instance.service
        message = launch.message(lock_file=instance.lock_file, lock_file_is_ours=ours)
        assert keeper.stdin is not None  # noqa: S101 - for the type checker
        with keeper.stdin:
            keeper.stdin.write(message.encode())
    finally:
        os.close(lock)


def _python_path() -> str:
    package = Path(__file__).resolve().parents[2]
    return os.pathsep.join([str(package), *filter(None, [os.environ.get("PYTHONPATH")])])


def _await_ready(instance: Instance, lease: Lease, waiting: Waiting) -> InstanceState | None:
    try:
        return _await_phase(instance, waiting)
    except BaseException:
        lease.release()
        nudge(instance)
        await_gone(instance, waiting.progress)
        raise


def _await_phase(instance: Instance, waiting: Waiting) -> InstanceState | None:
    """Wait until the keeper says ready or failed, or is gone."""
    began = last_told = time.monotonic()
    while True:
        waiting.check()
        state = instance.read()
        if state is not None and state.phase != "starting":
            return state
        if not instance.is_kept:
            return instance.read()
        now = time.monotonic()
        if state is None and now - began > _KEEPER_FIRST_WORD_SECONDS:
            return None
        if now - last_told > _PROGRESS_EVERY_SECONDS:
            last_told = now
            waiting.progress(f"starting {instance.service}: {now - began:.0f} s")
        time.sleep(_POLL_SECONDS)


def await_keeper_end(instance: Instance) -> None:
    """Wait until the keeper of a server that has failed or was killed is gone."""
    deadline = time.monotonic() + _KEEPER_END_SECONDS
    while (instance.is_kept or _is_our_child_alive(instance)) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _failure(instance: Instance, state: InstanceState | None) -> ServerError:
    if state is None or state.phase != "failed":
        return ServerError(
            f"the keeper of {instance.service} ended before the server was ready",
            remedy="try again; if it stays, look for a memory limit that kills processes",
            transient=True,
        )
    told = f"; it said: {' | '.join(state.log_tail)}" if state.log_tail else ""
    return ServerError(
        f"{instance.service} {state.version} {state.error}{told}",
        remedy=f"the whole log is in {instance.saved_log}",
    )


def _lost_a_port(state: InstanceState | None) -> bool:
    return state is not None and any("already in use" in line for line in state.log_tail)


def _remember(instance: Instance, keeper: subprocess.Popen[bytes]) -> None:
    with _spawned_lock:
        former = _spawned.get(instance.folder)
        _spawned[instance.folder] = keeper
    if former is not None:
        former.wait()  # it has given up its lock and is about to end


def _is_our_child_alive(instance: Instance) -> bool:
    """Whether the keeper that this process started is still there; reaps it when it is not."""
    with _spawned_lock:
        keeper = _spawned.get(instance.folder)
        if keeper is None or keeper.poll() is None:
            return keeper is not None
        del _spawned[instance.folder]
        return False
