from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eloquence_pipeline.errors import ConfigurationError, ExitCode, StorageError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.storage import RunFolder, require_writable

pytestmark = pytest.mark.unit

STARTED = datetime(2026, 11, 22, 15, 10, tzinfo=UTC)
RUN_ID = "20261122T151000Z-3f9a1c"


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, STARTED, "basic", RUN_ID)


def test_folder_has_the_same_path_as_its_keys(tmp_path: Path, run: RunFolder) -> None:
    assert run.prefix == f"runs/2026-11-22/basic/{RUN_ID}/"
    assert run.path == tmp_path / run.prefix
    assert run.path.is_dir()
    assert run.run_id == RUN_ID


def test_writable_folder_is_made_and_left_clean(tmp_path: Path) -> None:
    assert require_writable(tmp_path / "new" / "results") == tmp_path / "new" / "results"
    assert list((tmp_path / "new" / "results").iterdir()) == []


def test_output_folder_that_is_a_file_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "results").touch()
    with pytest.raises(ConfigurationError, match="output folder") as caught:
        require_writable(tmp_path / "results")
    assert caught.value.exit_code == ExitCode.USAGE
    assert "ELOQUENCE_FOLDERS__RESULTS" in caught.value.remedy


def test_output_folder_that_cannot_be_written_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)  # the tests may run as root, who may write everywhere
    with pytest.raises(ConfigurationError, match="Permission denied"):
        require_writable(tmp_path)


def test_run_in_an_unwritable_place_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(ConfigurationError) as caught:
        RunFolder.create(tmp_path, STARTED, "basic", RUN_ID)
    assert caught.value.exit_code == ExitCode.USAGE


def test_a_run_is_never_made_twice(tmp_path: Path, run: RunFolder) -> None:
    with pytest.raises(ConfigurationError, match="already a run"):
        RunFolder.create(tmp_path, STARTED, "basic", run.run_id)


def test_written_files_are_referenced_with_their_sha256(run: RunFolder) -> None:
    reference = run.write_text("notes/ü.txt".replace("ü", "u"), "été")
    assert reference.name == "notes/u.txt"
    assert reference.byte_count == 5
    assert reference.sha256 == sha256_of_file(run.path / "notes" / "u.txt")
    assert run.reference("notes/u.txt") == reference


@pytest.mark.parametrize("name", ["../escape.txt", "/tmp/escape.txt", "", ".hidden", "a\x00b"])
def test_no_file_leaves_the_folder(run: RunFolder, name: str) -> None:
    with pytest.raises(ConfigurationError):
        run.write_bytes(name, b"x")
    with pytest.raises(ConfigurationError):
        run.file(name)


def test_reference_to_a_missing_file_is_an_error(run: RunFolder) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        run.reference("none.wav")


def test_manifest_lists_every_file_but_hidden_ones(run: RunFolder) -> None:
    run.write_text("results.json", "{}")
    run.file("audio/sent.wav").write_bytes(b"sound")
    (run.path / ".results.json.17-ab.tmp").write_text("left by a killed writer")
    manifest = run.seal()
    assert [file.name for file in manifest.files] == ["audio/sent.wav", "results.json"]
    assert manifest.files == tuple(run.reference(file.name) for file in manifest.files)
    assert manifest.run_id == RUN_ID
    assert manifest.key_prefix == run.prefix
    assert run.manifest() == manifest
    assert json.loads((run.path / "manifest.json").read_text())["format"] == "eloquence-manifest"


def test_sealed_run_takes_no_more_files(run: RunFolder) -> None:
    manifest = run.seal()
    with pytest.raises(StorageError, match="sealed"):
        run.write_text("late.txt", "too late")
    assert run.seal() == manifest


def test_manifest_of_an_unsealed_run_is_an_error(run: RunFolder) -> None:
    assert not run.is_sealed
    with pytest.raises(StorageError, match="seal"):
        run.manifest()


@pytest.mark.parametrize("content", ["", "{}", '{"format": "other"}'])
def test_damaged_manifest_is_an_error(run: RunFolder, content: str) -> None:
    (run.path / "manifest.json").write_text(content)
    with pytest.raises(StorageError, match="damaged"):
        run.manifest()


def test_manifest_that_names_files_elsewhere_is_an_error(run: RunFolder) -> None:
    run.write_text("a.txt", "x")
    run.seal()
    path = run.path / "manifest.json"
    path.write_text(path.read_text().replace('"a.txt"', '"../../../../secret.txt"'))
    with pytest.raises(StorageError, match="damaged"):
        run.manifest()


def test_run_is_found_again_by_its_folder(run: RunFolder) -> None:
    again = RunFolder.open(run.path)
    assert (again.path, again.prefix, again.run_id) == (run.path, run.prefix, run.run_id)


def test_folder_of_something_else_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="not the folder of a run"):
        RunFolder.open(tmp_path / "a" / "b" / "c" / "d")
    with pytest.raises(StorageError, match="not the folder of a run"):
        RunFolder.open(Path("/"))
