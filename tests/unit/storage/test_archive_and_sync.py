from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from eloquence_pipeline.errors import StorageError, StorageUnavailable
from eloquence_pipeline.models import Archive, ArchiveState
from eloquence_pipeline.storage import RunFolder, archive, pending_runs, sync
from eloquence_pipeline.storage.sync import seal_abandoned
from tests.unit.storage.memory_store import MemoryStore

pytestmark = pytest.mark.unit

STARTED = datetime(2026, 11, 22, 15, 10, tzinfo=UTC)
AWAY = StorageUnavailable("the store does not answer", remedy="check that it runs")


def sealed_run(results: Path, minutes: int = 0, scenario: str = "basic") -> RunFolder:
    run = RunFolder.create(results, STARTED + timedelta(minutes=minutes), scenario)
    run.write_text("results.json", json.dumps({"minutes": minutes}))
    run.write_bytes("audio/sent.wav", b"sound")
    run.seal()
    return run


def test_manifest_is_sent_last(tmp_path: Path) -> None:
    run, store = sealed_run(tmp_path), MemoryStore()
    outcome = archive(run, store)
    assert outcome.state is ArchiveState.UPLOADED
    assert outcome.uri == f"s3://memory/{run.prefix}"
    *files, last = store.attempts
    assert sorted(files) == [run.prefix + name for name in ("audio/sent.wav", "results.json")]
    assert last == run.prefix + "manifest.json"


def test_archiving_again_sends_nothing(tmp_path: Path) -> None:
    run, store = sealed_run(tmp_path), MemoryStore()
    first = archive(run, store)
    assert archive(run, store) == first
    assert len(store.attempts) == 3


@pytest.mark.parametrize("sent_before", [0, 1, 2])
def test_store_that_goes_away_leaves_the_evidence_here(tmp_path: Path, sent_before: int) -> None:
    run = sealed_run(tmp_path)
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    outcome = archive(run, MemoryStore([None] * sent_before + [AWAY]))
    assert outcome.state is ArchiveState.LOCAL_ONLY
    assert outcome.folder == run.path
    assert outcome.uri == ""
    assert "does not answer" in outcome.problem
    assert "eloquence sync" in outcome.problem
    assert all(path.read_bytes() == content for path, content in before.items())
    assert [pending.path for pending in pending_runs(tmp_path)] == [run.path]


def test_run_that_is_still_written_is_not_sent(tmp_path: Path) -> None:
    run, store = RunFolder.create(tmp_path, STARTED, "basic"), MemoryStore()
    run.write_text("results.json", "{}")
    assert sync(tmp_path, store) == []
    with pytest.raises(StorageError, match="seal"):
        archive(run, store)
    assert pending_runs(tmp_path) == []
    assert store.attempts == []


def test_file_that_changed_after_sealing_is_not_passed_off_as_evidence(tmp_path: Path) -> None:
    run, store = sealed_run(tmp_path), MemoryStore()
    (run.path / "results.json").write_text("{}")
    outcome = archive(run, store)
    assert outcome.state is ArchiveState.LOCAL_ONLY
    assert run.prefix + "manifest.json" not in store.objects


def test_sync_sends_what_is_pending_oldest_first(tmp_path: Path) -> None:
    late = sealed_run(tmp_path, minutes=9, scenario="basic")
    early = sealed_run(tmp_path, minutes=1, scenario="stress")
    sent = sealed_run(tmp_path, minutes=5)
    archive(sent, MemoryStore())
    store, seen = MemoryStore(), list[Archive]()
    outcomes = sync(tmp_path, store, seen.append)
    assert [outcome.folder for outcome in outcomes] == [early.path, late.path]
    assert {outcome.state for outcome in outcomes} == {ArchiveState.UPLOADED}
    assert seen == outcomes
    assert sync(tmp_path, store) == []


def test_sync_of_nothing_is_nothing(tmp_path: Path) -> None:
    assert sync(tmp_path / "not there", MemoryStore()) == []


def test_sync_does_not_go_on_asking_a_store_that_is_away(tmp_path: Path) -> None:
    for minutes in range(3):
        sealed_run(tmp_path, minutes)
    store = MemoryStore([AWAY])
    outcomes = sync(tmp_path, store)
    assert [outcome.state for outcome in outcomes] == [ArchiveState.LOCAL_ONLY] * 3
    assert len(store.attempts) == 1
    assert len(sync(tmp_path, store)) == 3
    assert len(store.objects) == 9


def test_sync_goes_on_after_one_run_that_is_refused(tmp_path: Path) -> None:
    damaged = sealed_run(tmp_path)
    sealed_run(tmp_path, minutes=1)
    (damaged.path / "manifest.json").write_text("{")
    states = [outcome.state for outcome in sync(tmp_path, MemoryStore())]
    assert states == [ArchiveState.LOCAL_ONLY, ArchiveState.UPLOADED]


def written_by_a_process_that_is_killed(
    results: Path, count: int = 1, meanwhile: Callable[[], None] = lambda: None
) -> list[RunFolder]:
    """Let a process of its own begin some runs, do something meanwhile, and kill it."""
    program = (
        "import os, sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from eloquence_pipeline.storage import RunFolder\n"
        f"results, runs = Path({str(results)!r}), []\n"
        f"for _ in range({count}): runs.append(RunFolder.create(results, datetime.now(UTC), 'basic'))\n"
        "for run in runs: run.write_text('publisher.begun.json', '{}'); print(run.path, flush=True)\n"
        "sys.stdin.read()\n"
    )
    with Popen([sys.executable, "-c", program], stdin=PIPE, stdout=PIPE, text=True) as writer:
        assert writer.stdout is not None
        runs = [RunFolder.open(Path(writer.stdout.readline().strip())) for _ in range(count)]
        meanwhile()
        writer.kill()
    return runs


def test_run_whose_process_was_killed_is_sealed_marked_and_sent_once(tmp_path: Path) -> None:
    def leave_it_alone() -> None:
        assert sync(tmp_path, MemoryStore()) == []

    (run,) = written_by_a_process_that_is_killed(tmp_path, meanwhile=leave_it_alone)
    store = MemoryStore()
    assert not run.is_sealed
    (outcome,) = sync(tmp_path, store)
    assert outcome.uri == f"s3://memory/{run.prefix}"
    assert {Path(key).name for key in store.objects} == {
        "publisher.begun.json",
        "unfinished.json",
        "manifest.json",
    }
    assert sync(tmp_path, store) == []


def test_two_at_once_seal_a_run_whose_process_was_killed_once(tmp_path: Path) -> None:
    runs = written_by_a_process_that_is_killed(tmp_path, 3)
    store = MemoryStore()  # asserts that no key is stored twice
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(sync, tmp_path, store) for _ in range(2)]:
            assert all(outcome.state is ArchiveState.UPLOADED for outcome in future.result())
    sync(tmp_path, store)
    assert len(store.objects) == 3 * len(runs)


def test_unfinished_run_of_a_version_without_locks_is_sealed_when_nothing_changes_any_more(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "runs/2026-11-22/basic/20261122T151000Z-3f9a1c"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (folder.parent / "not-a-run").mkdir()
    assert seal_abandoned(tmp_path) == []
    os.utime(folder / "run.json", (0, 0))
    assert [run.path for run in seal_abandoned(tmp_path)] == [folder]


def test_store_that_stops_moving_is_given_up_and_the_rest_is_not_tried(tmp_path: Path) -> None:
    for minutes in range(3):
        sealed_run(tmp_path, minutes)
    asked: list[str] = []
    never = threading.Event()

    class Hanging(MemoryStore):
        def put_file(
            self, key: str, path: Path, sha256: str, content_type: str, moved: Callable[[], None] = never.set
        ) -> None:
            asked.append(key)
            never.wait()

    outcomes = sync(tmp_path, Hanging(), patience_seconds=0.3)
    never.set()
    assert ["has taken nothing for 0.3 s" in outcome.problem for outcome in outcomes] == [True] * 3
    assert len({Path(key).parent for key in asked}) <= 2  # the folder of the sound, and that of the rest
    assert len(pending_runs(tmp_path)) == 3


def test_a_later_run_sends_for_a_limited_time(tmp_path: Path) -> None:
    for minutes in range(3):
        sealed_run(tmp_path, minutes)
    store = MemoryStore()
    assert sync(tmp_path, store, at_most_seconds=-1) == []
    assert len(sync(tmp_path, store)) == 3


def test_two_syncs_at_once_send_each_run_once(tmp_path: Path) -> None:
    for minutes in range(6):
        sealed_run(tmp_path, minutes)
    store = MemoryStore()  # asserts that no key is stored twice
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(sync, tmp_path, store) for _ in range(2)]:
            assert all(outcome.state is ArchiveState.UPLOADED for outcome in future.result())
    assert len(store.attempts) == 6 * 3


def test_marker_stays_here_and_says_where_the_run_is(tmp_path: Path) -> None:
    run, store = sealed_run(tmp_path), MemoryStore()
    archive(run, store)
    marker = json.loads((run.path / ".uploaded.json").read_text())
    assert marker.keys() == {"uri", "uploaded_at"}
    assert marker["uri"] == f"s3://memory/{run.prefix}"
    assert not any(".uploaded" in key or ".lock" in key for key in store.objects)
