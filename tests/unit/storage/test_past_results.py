"""Results of earlier runs are read from a store and a folder, and what is wrong with one is told."""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.errors import StorageError, StorageUnavailable
from eloquence_pipeline.storage import past_results as module
from eloquence_pipeline.storage.past_results import PastResults, Period

pytestmark = pytest.mark.unit

GOLDEN = Path(__file__).parents[2] / "golden" / "expected" / "clean.json"
NOVEMBER = Period(date(2026, 11, 1), date(2026, 11, 30))


class Store:
    """Objects in a dict, read as from a bucket; counts the days that were listed."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.listed: list[str] = []
        self.away: StorageError | None = None

    def uri(self, key: str) -> str:
        return f"s3://store/{key}"

    def blocks(self, key: str) -> Generator[bytes]:
        content = self.objects[key]
        yield from (content[place : place + 1000] for place in range(0, len(content), 1000))

    def list_keys(self, prefix: str = "") -> list[str]:
        self.listed.append(prefix)
        return sorted(key for key in self.objects if key.startswith(prefix))

    def list_folders(self, prefix: str = "") -> list[str]:
        if self.away:
            raise self.away
        below = (key.removeprefix(prefix) for key in self.objects if key.startswith(prefix))
        return sorted({key.partition("/")[0] for key in below})


def past_results(store: Store | None, results: Path, scenario: str, period: Period) -> PastResults[str]:
    """Take the id of each run."""
    return module.past_results(store, results, scenario, period, lambda document: document["run"]["run_id"])


def run_id(day: int, number: int = 0) -> str:
    return f"202611{day:02}T020000Z-{number:06x}"


def content(name: str, **changes: Any) -> bytes:
    document: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    document["run"]["run_id"] = name
    return json.dumps(document | changes).encode()


def files_of(name: str, result: bytes | None = None, scenario: str = "basic") -> dict[str, bytes]:
    prefix = f"runs/{name[:4]}-{name[4:6]}-{name[6:8]}/{scenario}/{name}/"
    return {
        f"{prefix}results.json": content(name) if result is None else result,
        f"{prefix}sent.wav": b"",
        f"{prefix}manifest.json": b"{}",
    }


def lay_down(results: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = results / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def test_without_any_run_there_is_nothing_and_no_complaint(tmp_path: Path) -> None:
    found = past_results(Store(), tmp_path / "none", "basic", NOVEMBER)
    assert (found.taken, found.unreadable, found.notes) == ({}, {}, ())


def test_runs_of_the_store_and_of_this_machine_are_read_once_each(tmp_path: Path) -> None:
    store = Store()
    store.objects = files_of(run_id(3)) | files_of(run_id(4)) | files_of(run_id(5), scenario="stress")
    lay_down(tmp_path, files_of(run_id(4)) | files_of(run_id(6)))
    found = past_results(store, tmp_path, "basic", NOVEMBER)
    assert sorted(found.taken) == [run_id(3), run_id(4), run_id(6)]
    assert set(past_results(store, tmp_path, "", NOVEMBER).taken) == {*found.taken, run_id(5)}


def test_only_the_days_of_the_look_back_are_listed(tmp_path: Path) -> None:
    store = Store()
    for day in (2, 9, 20):
        store.objects |= files_of(run_id(day))
    found = past_results(store, tmp_path, "basic", Period(date(2026, 11, 9), date(2026, 11, 19)))
    assert list(found.taken) == [run_id(9)]
    assert store.listed == ["runs/2026-11-09/basic/"]


def test_a_run_without_a_manifest_or_without_a_result_does_not_count(tmp_path: Path) -> None:
    store = Store()
    store.objects = files_of(run_id(3)) | files_of(run_id(4))
    del store.objects[f"runs/2026-11-03/basic/{run_id(3)}/manifest.json"]
    del store.objects[f"runs/2026-11-04/basic/{run_id(4)}/results.json"]
    assert past_results(store, tmp_path, "basic", NOVEMBER) == PastResults({}, {}, ())


@pytest.mark.parametrize(
    ("result", "told"),
    [
        (b"", "no JSON"),
        (b"\xff\xfe{", "no JSON"),
        (b"[1]", "no object"),
        (b"{}", "not a result of this pipeline"),
        (b'{"format": {"name": "eloquence-result", "version": 99}}', "newer"),
        (b'{"format": {"name": "eloquence-result", "version": 3}, "run": 4}', "damaged"),
        (b'{"format": {"name": "eloquence-result", "version": 1}}', "damaged"),
        (b'{"x": NaN}', "no JSON"),
        (b'{"x": 1e999}', "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (content("20261101T000000Z-000000"), "another run"),
    ],
)
def test_a_bad_document_is_told_and_the_others_are_read(result: bytes, told: str, tmp_path: Path) -> None:
    store = Store()
    store.objects = files_of(run_id(3), result) | files_of(run_id(4))
    found = past_results(store, tmp_path, "basic", NOVEMBER)
    assert list(found.taken) == [run_id(4)]
    assert told in found.unreadable[run_id(3)]


def test_a_document_that_is_too_long_is_not_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_BYTES", 100)
    store = Store()
    store.objects = files_of(run_id(3))
    lay_down(tmp_path, files_of(run_id(4)))
    found = past_results(store, tmp_path, "basic", NOVEMBER)
    assert not found.taken
    assert all("longer than 100 bytes" in reason for reason in found.unreadable.values())
    assert len(found.unreadable) == 2


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(content(run_id(3)))
    lay_down(tmp_path / "results", files_of(run_id(3)))
    place = tmp_path / "results" / f"runs/2026-11-03/basic/{run_id(3)}/results.json"
    place.unlink()
    place.symlink_to(secret)
    found = past_results(None, tmp_path / "results", "basic", NOVEMBER)
    assert not found.taken
    assert "leads elsewhere" in found.unreadable[run_id(3)]


def test_a_store_that_is_away_leaves_this_machine_and_says_so(tmp_path: Path) -> None:
    store = Store()
    store.away = StorageUnavailable("the store does not answer")
    lay_down(tmp_path, files_of(run_id(6)))
    found = past_results(store, tmp_path, "basic", NOVEMBER)
    assert list(found.taken) == [run_id(6)]
    assert found.notes == ("the store could not be read, only this machine was: the store does not answer",)


def test_a_thousand_runs_are_listed_with_a_request_a_day() -> None:
    store = Store()
    days = [f"2026{month:02}{day:02}" for month in (9, 10) for day in range(1, 26)]
    names = [f"{day}T02{minute:02}00Z-000000" for day in days for minute in range(20)]
    for name in names:
        store.objects |= files_of(name, b"{}")
    found = module.runs_in_store(store, "", Period(date(2026, 9, 1), date(2026, 10, 31)))
    assert [run.run_id for run in found] == names
    assert len(names) == 1000
    assert len(store.listed) == 50


def test_of_very_many_runs_the_newest_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_RUNS", 2)
    store = Store()
    for day in range(1, 6):
        store.objects |= files_of(run_id(day))
    found = past_results(store, tmp_path, "basic", NOVEMBER)
    assert sorted(found.taken) == [run_id(4), run_id(5)]
    assert found.notes == ("only the newest 2 of 5 runs were read",)


@given(st.binary(max_size=200))
def test_whatever_lies_in_the_store_is_no_error(result: bytes) -> None:
    store = Store()
    store.objects = files_of(run_id(3), result)
    found = past_results(store, Path("/nowhere"), "basic", NOVEMBER)
    assert run_id(3) in found.unreadable
