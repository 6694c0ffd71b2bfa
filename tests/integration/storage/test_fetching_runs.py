"""A run is fetched from a real S3 server, by its address, its key or its id, and nothing of it stays."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import pytest

from eloquence_pipeline import load_run
from eloquence_pipeline.errors import StorageError, StorageUnavailable
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.replay import StoredRun
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage import ObjectStore, RunFolder, archive
from tests.golden.runs import CLEAN, STARTED_AT

pytestmark = pytest.mark.integration


@pytest.fixture
def sent(store: ObjectStore, tmp_path: Path) -> RunFolder:
    """A run that lies in the store; its folder is not that of the settings."""
    run = RunFolder.open(CLEAN.write(tmp_path / "elsewhere"))
    archive(run, store)
    return run


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_run_in_the_store_gives_the_figures_of_its_folder(
    sent: RunFolder, settings: Settings, store: ObjectStore, temporary: Path
) -> None:
    here = StoredRun(sent.path).analyse()
    for name in (store.uri(sent.prefix), store.uri(sent.prefix) + "manifest.json", sent.prefix, sent.run_id):
        with load_run(name, settings) as run:
            assert run.analyse() == here
            assert run.folder.is_relative_to(temporary)
        assert not list(temporary.iterdir())


def test_a_run_that_nobody_holds_any_more_leaves_nothing(
    sent: RunFolder, settings: Settings, temporary: Path
) -> None:
    run = load_run(sent.run_id, settings)
    assert list(temporary.iterdir())
    del run
    gc.collect()
    assert not list(temporary.iterdir())


def test_a_run_that_is_not_there_is_named_and_leaves_nothing(
    store: ObjectStore, settings: Settings, temporary: Path
) -> None:
    missing = "20261122T120000Z-ffffff"
    with pytest.raises(StorageError, match=f"there is no run {missing}: neither on this machine nor"):
        load_run(missing, settings)
    with pytest.raises(StorageError, match="it is not there"):
        load_run(store.uri(f"runs/2026-11-22/clean/{missing}"), settings)
    with pytest.raises(StorageError, match="there is no bucket"):
        load_run(f"s3://{store.bucket}-other/runs/x", settings)
    assert not list(temporary.iterdir())


def test_a_file_that_somebody_has_changed_in_the_store_is_refused(
    sent: RunFolder, settings: Settings, store: ObjectStore, temporary: Path
) -> None:
    other = RunFolder.create(temporary.parent / "hostile", STARTED_AT, "clean", "20261122T120000Z-0ba00d")
    for path in sent.path.iterdir():
        if path.name != "manifest.json" and not path.name.startswith("."):
            (other.path / path.name).write_bytes(path.read_bytes())
    other.seal()
    (other.path / "sent.wav").write_bytes(b"something else")
    for path in other.path.iterdir():
        store.put_file(other.prefix + path.name, path, sha256_of_file(path), "application/octet-stream")
    with pytest.raises(StorageError, match=r"sent\.wav is not the file that the manifest names"):
        load_run(other.run_id, settings)
    assert not list(temporary.iterdir())


def test_a_store_that_is_away_says_so(sent: RunFolder, settings: Settings, temporary: Path) -> None:
    away = settings.storage.model_copy(update={"endpoint_url": "http://127.0.0.1:9"})
    with pytest.raises(StorageUnavailable, match="does not answer"):
        load_run(sent.run_id, settings.model_copy(update={"storage": away}))
    assert not list(temporary.iterdir())
