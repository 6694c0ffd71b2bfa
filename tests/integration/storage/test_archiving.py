"""Evidence goes to a real S3 server, also when the server was away for a while."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import numpy as np
import pytest

from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.models import ArchiveState, Manifest
from eloquence_pipeline.servers import S3Endpoint
from eloquence_pipeline.signal.wav import write_wav
from eloquence_pipeline.storage import ObjectStore, RunFolder, archive, pending_runs, sync

pytestmark = pytest.mark.integration

StoreMaker = Callable[[S3Endpoint], ObjectStore]
RestartableServer = Callable[[], AbstractContextManager[S3Endpoint]]


def sealed_run(results: Path, scenario: str = "basic") -> RunFolder:
    run = RunFolder.create(results, datetime.now(UTC), scenario)
    samples = np.random.default_rng(1).integers(-9000, 9000, 480_000, dtype=np.int16)
    write_wav(run.file("audio/sent.wav"), samples, 48_000)
    write_wav(run.file("audio/received.wav"), samples[::-1].copy(), 48_000)
    run.write_text("results.json", json.dumps({"test_name": "basic_test"}))
    run.seal()
    return run


def test_every_object_of_a_run_is_what_the_manifest_says(store: ObjectStore, tmp_path: Path) -> None:
    run = sealed_run(tmp_path)
    outcome = archive(run, store)
    assert outcome.state is ArchiveState.UPLOADED
    assert outcome.uri == f"s3://{store.bucket}/{run.prefix}"
    manifest = Manifest.model_validate_json(store.get_bytes(run.prefix + "manifest.json"))
    names = [file.name for file in manifest.files]
    assert names == ["audio/received.wav", "audio/sent.wav", "results.json"]
    assert store.list_keys() == sorted(run.prefix + name for name in [*names, "manifest.json"])
    for file in manifest.files:
        content = store.get_bytes(run.prefix + file.name)
        assert content == (run.path / file.name).read_bytes()
        assert (
            store.stored_sha256(run.prefix + file.name) == file.sha256 == sha256_of_file(run.path / file.name)
        )


def test_no_secret_is_in_any_object_or_local_file(
    store: ObjectStore, server: S3Endpoint, tmp_path: Path
) -> None:
    run = sealed_run(tmp_path)
    archive(run, store)
    contents = [store.get_bytes(key) for key in store.list_keys()]
    contents += [path.read_bytes() for path in run.path.rglob("*") if path.is_file()]
    for secret in (server.access_key, server.secret_key):
        assert not any(secret.get_secret_value().encode() in content for content in contents)


def test_missing_bucket_leaves_the_evidence_here(
    server: S3Endpoint, store_at: StoreMaker, tmp_path: Path
) -> None:
    run, store = sealed_run(tmp_path), store_at(server)
    outcome = archive(run, store)
    assert outcome.state is ArchiveState.LOCAL_ONLY
    assert "no bucket" in outcome.problem
    assert "eloquence sync" in outcome.problem
    store.ensure(create=True)
    assert [again.state for again in sync(tmp_path, store)] == [ArchiveState.UPLOADED]


def test_run_that_missed_its_server_is_sent_exactly_once_later(
    restartable: RestartableServer, store_at: StoreMaker, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    with restartable() as endpoint:
        store = store_at(endpoint)
        store.ensure(create=True)
        first = sealed_run(results)
        assert archive(first, store).state is ArchiveState.UPLOADED

    second = sealed_run(results, "latency")
    outcome = archive(second, store)
    assert outcome.state is ArchiveState.LOCAL_ONLY
    assert "does not answer" in outcome.problem
    assert [run.path for run in pending_runs(results)] == [second.path]

    with restartable() as endpoint:
        store = store_at(endpoint)
        assert all(key.startswith(first.prefix) for key in store.list_keys())
        assert [again.folder for again in sync(results, store)] == [second.path]
        assert len(store.list_keys(second.prefix)) == 4
        assert sync(results, store) == []
        assert pending_runs(results) == []


def test_server_that_goes_away_between_two_files_leaves_no_manifest_there(
    restartable: RestartableServer, store_at: StoreMaker, tmp_path: Path
) -> None:
    results = tmp_path / "results"
    run = sealed_run(results)
    serving = restartable()
    store = store_at(serving.__enter__())
    store.ensure(create=True)

    class StopsAfterOneFile:
        uri = store.uri
        sent = 0
        one_at_a_time = Lock()

        def put_file(
            self,
            key: str,
            path: Path,
            sha256: str,
            content_type: str,
            moved: Callable[[], None] = lambda: None,
        ) -> None:
            with self.one_at_a_time:
                if self.sent == 1:
                    serving.__exit__(None, None, None)
                self.sent += 1
                store.put_file(key, path, sha256, content_type, moved)

    assert archive(run, StopsAfterOneFile()).state is ArchiveState.LOCAL_ONLY

    with restartable() as endpoint:
        store = store_at(endpoint)
        (only,) = store.list_keys()
        assert not only.endswith("manifest.json")
        assert [again.state for again in sync(results, store)] == [ArchiveState.UPLOADED]
        assert len(store.list_keys(run.prefix)) == 4
