"""What is old goes, and what must not be lost stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.errors import ConfigurationError, StorageError
from eloquence_pipeline.storage import RunFolder, pending_runs, sync
from eloquence_pipeline.storage.folder_store import FolderStore
from eloquence_pipeline.storage.pruning import Bounds, OldRun, prunable, prune

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def run_of(results: Path, days_ago: float, scenario: str = "basic") -> RunFolder:
    run = RunFolder.create(results, NOW - timedelta(days=days_ago), scenario)
    run.write_text("results.json", "{}")
    run.seal()
    return run


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    made = FolderStore(tmp_path / "store")
    made.ensure(create=True)
    return made


def in_both(runs: list[RunFolder]) -> list[tuple[str, str]]:
    return [(run.run_id, where) for run in runs for where in ("folder", "store")]


def test_runs_that_are_too_old_go_from_both_places(tmp_path: Path, store: FolderStore) -> None:
    results = tmp_path / "results"
    old = [run_of(results, 40), run_of(results, 31)]
    young = [run_of(results, 29), run_of(results, 1)]
    sync(results, store)
    going = prunable(results, store, Bounds(most_days=30), NOW)
    assert [(run.run_id, run.where) for run in going] == in_both(old)
    prune(going, results, store)
    assert prunable(results, store, Bounds(most_days=30), NOW) == []
    assert sorted(path.name for path in (results / "runs").glob("*/*/*")) == [run.run_id for run in young]
    assert {key.split("/")[3] for key in store.list_keys()} == {run.run_id for run in young}
    assert not (results / "runs" / old[0].prefix.split("/")[1]).exists()


def test_of_each_scenario_the_newest_stay(tmp_path: Path, store: FolderStore) -> None:
    basic = [run_of(tmp_path, days) for days in (4, 3, 2)]
    stress = [run_of(tmp_path, days, "stress") for days in (400, 300)]
    sync(tmp_path, store)
    going = prunable(tmp_path, store, Bounds(most_runs=1), NOW)
    assert [(run.run_id, run.where) for run in going] == in_both([stress[0], *basic[:2]])
    by_both = prunable(tmp_path, store, Bounds(most_days=1, most_runs=2), NOW)
    assert stress[1].run_id not in {run.run_id for run in by_both}


def test_a_run_that_is_not_yet_in_the_store_never_goes(tmp_path: Path, store: FolderStore) -> None:
    run_of(tmp_path, 400)
    run_of(tmp_path, 1)
    RunFolder.create(tmp_path, NOW - timedelta(days=500), "basic").write_text("run.json", "{}")
    assert prunable(tmp_path, store, Bounds(most_days=30), NOW) == []
    assert len(pending_runs(tmp_path)) == 2


def test_what_is_no_run_stays(tmp_path: Path, store: FolderStore) -> None:
    for name in ("notes", "99999999T999999Z-000000", "88888888T999999Z-000000"):
        odd = tmp_path / "runs" / "2020-01-01" / "basic" / name
        odd.mkdir(parents=True)
        (odd / "manifest.json").write_text("{}")
        (odd / ".uploaded.json").write_text('{"uri": "x", "uploaded_at": "2020-01-01T00:00:00Z"}')
    assert prunable(tmp_path, store, Bounds(most_days=1), NOW) == []


def test_a_link_is_left_alone(tmp_path: Path) -> None:
    elsewhere = run_of(tmp_path / "elsewhere", 400)
    link = tmp_path / "results" / elsewhere.prefix.rstrip("/")
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere.path)
    with pytest.raises(StorageError, match="is a link"):
        prune([OldRun("folder", link.name, "basic", elsewhere.prefix)], tmp_path / "results", None)
    assert elsewhere.is_sealed


@pytest.mark.parametrize("bounds", [{}, {"most_days": -1}, {"most_runs": -1, "most_days": 3}])
def test_without_a_bound_nothing_is_removed(bounds: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="too old"):
        Bounds(**bounds)


@given(
    ages=st.lists(st.integers(0, 1000), unique=True, max_size=30),
    most_days=st.integers(0, 500),
    most_runs=st.integers(1, 10),
)
def test_the_newest_run_always_stays(ages: list[int], most_days: int, most_runs: int) -> None:
    class Store:
        def list_keys(self, prefix: str = "") -> list[str]:
            moments = [NOW - timedelta(days=age) for age in ages]
            ids = [f"{moment:%Y%m%dT%H%M%SZ}-000000" for moment in moments]
            dated = zip(moments, ids, strict=True)
            return [f"{prefix}{moment:%Y-%m-%d}/basic/{name}/manifest.json" for moment, name in dated]

        def delete(self, keys: list[str]) -> None:
            raise AssertionError(keys)

    going = prunable(Path("/nowhere"), Store(), Bounds(most_days, most_runs), NOW)
    left = len(ages) - len(going)
    assert left >= min(1, len(ages))
    assert left <= most_runs
    assert all(run.started_at and run.started_at < NOW - timedelta(days=min(ages)) for run in going)
