"""A run comes back from a store as it was sent, or not at all."""

from __future__ import annotations

import json
from collections.abc import Generator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.storage.fetching import fetch_run, parse_manifest

pytestmark = pytest.mark.unit

PREFIX = "runs/2026-11-22/basic/20261122T120000Z-abcdef/"
FILES = {"results.json": b"{}", "audio/sent.wav": b"RIFF"}


class Objects:
    """A store of a few objects that are read in pieces of two bytes."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects

    def uri(self, key: str) -> str:
        return f"s3://memory/{key}"

    def blocks(self, key: str) -> Generator[bytes]:
        if key not in self.objects:
            raise StorageError(f"there is no {key}")
        content = self.objects[key]
        for start in range(0, len(content), 2):
            yield content[start : start + 2]


def manifest_of(files: dict[str, bytes], **changes: Any) -> bytes:
    described = [
        {"name": name, "sha256": sha256(content).hexdigest(), "byte_count": len(content)}
        for name, content in files.items()
    ]
    document = {
        "format": "eloquence-manifest",
        "version": 1,
        "run_id": "20261122T120000Z-abcdef",
        "key_prefix": PREFIX,
        "created_at": "2026-11-22T12:00:00Z",
        "files": described,
    }
    return json.dumps(document | changes).encode()


def store_of(files: dict[str, bytes], manifest: bytes) -> Objects:
    return Objects(
        {PREFIX + name: content for name, content in files.items()} | {PREFIX + "manifest.json": manifest}
    )


def test_every_file_and_the_manifest_are_fetched(tmp_path: Path) -> None:
    manifest = manifest_of(FILES)
    fetch_run(store_of(FILES, manifest), PREFIX, tmp_path)
    fetched = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert fetched == FILES | {"manifest.json": manifest}


@pytest.mark.parametrize("content", [b"RIFG", b"RIF", b""])
def test_a_file_that_was_changed_in_the_store_is_refused(content: bytes, tmp_path: Path) -> None:
    store = store_of(FILES | {"audio/sent.wav": content}, manifest_of(FILES))
    with pytest.raises(StorageError, match=r"sent\.wav is not the file that the manifest names"):
        fetch_run(store, PREFIX, tmp_path)


def test_no_more_is_read_of_a_file_than_the_manifest_announces(tmp_path: Path) -> None:
    store = store_of(FILES | {"audio/sent.wav": b"RIFF" * 1000}, manifest_of(FILES))
    with pytest.raises(StorageError, match="longer than 4 bytes"):
        fetch_run(store, PREFIX, tmp_path)
    assert (tmp_path / "audio/sent.wav").stat().st_size <= 4


@pytest.mark.parametrize(
    "name",
    ["../outside", "/etc/outside", "a/../../outside", "a//b", ".hidden", "a/.b", "", "C:\\x", "a\nb", "ß"],
)
def test_nothing_is_written_outside_the_folder(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "inside" / "run"
    folder.mkdir(parents=True)
    files = {name: b"hostile"}
    with pytest.raises(StorageError, match="is no manifest of a run"):
        fetch_run(store_of(files, manifest_of(files)), PREFIX, folder)
    assert [path.name for path in tmp_path.rglob("*")] == ["inside", "run"]


@pytest.mark.parametrize("name", ["../sent.wav", "/etc/passwd", "results.json", "manifest.json"])
def test_what_stays_on_another_machine_cannot_be_named_outside_the_run_or_twice(name: str) -> None:
    away = [{"name": name, "sha256": "0" * 64, "byte_count": 1}]
    with pytest.raises(StorageError):
        parse_manifest(manifest_of(FILES, local_files=away), "here")


def test_what_stays_on_another_machine_is_not_asked_for(tmp_path: Path) -> None:
    away = [{"name": "received.wav", "sha256": "0" * 64, "byte_count": 1 << 60}]
    fetch_run(store_of(FILES, manifest_of(FILES, local_files=away)), PREFIX, tmp_path)
    assert not (tmp_path / "received.wav").exists()


def test_a_run_that_says_it_takes_more_than_there_is_room_for_is_not_begun(tmp_path: Path) -> None:
    manifest = json.loads(manifest_of(FILES))
    manifest["files"][0]["byte_count"] = 10**18
    with pytest.raises(StorageError, match=r"says that it takes \d+ MB"):
        fetch_run(store_of(FILES, json.dumps(manifest).encode()), PREFIX, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    files = {"audio": b"file", "audio/sent.wav": b"RIFF"}
    with pytest.raises(StorageError, match="cannot be copied"):
        fetch_run(store_of(files, manifest_of(files)), PREFIX, tmp_path)


def test_a_file_that_is_named_twice_or_is_the_manifest_is_refused() -> None:
    twice = json.loads(manifest_of({"results.json": b"{}"}))
    twice["files"] *= 2
    with pytest.raises(StorageError, match="names a file twice, or itself"):
        parse_manifest(json.dumps(twice).encode(), "here")
    with pytest.raises(StorageError, match="names a file twice, or itself"):
        parse_manifest(manifest_of({"manifest.json": b"{}"}), "here")


@given(content=st.binary(max_size=200))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_arbitrary_bytes_are_no_manifest(content: bytes) -> None:
    with pytest.raises(StorageError, match="is no manifest of a run"):
        parse_manifest(content, "here")
