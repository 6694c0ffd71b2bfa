"""Earlier nights are read from a real S3 server, and a night is compared with them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eloquence_pipeline.files import file_reference
from eloquence_pipeline.models import Change, LeftOut
from eloquence_pipeline.nights import compared_with, read_nights
from eloquence_pipeline.settings import Settings
from eloquence_pipeline.storage import ObjectStore, archive
from tests.stored_nights import SCENARIO, result_of, store_night, store_nights, tonight

pytestmark = pytest.mark.integration

USUAL_MS = (46.0, 47.1, 45.2, 46.4, 46.8, 45.9, 46.2)


def test_without_any_night_nothing_is_compared_and_nothing_fails(settings: Settings) -> None:
    earlier = read_nights(settings, SCENARIO, datetime.now(UTC))
    comparison = compared_with(tonight(46.0), earlier, settings.baseline)
    assert comparison.change is Change.UNKNOWN
    assert comparison.notes == ()


def test_a_night_is_compared_with_those_in_the_store(
    settings: Settings, store: ObjectStore, tmp_path: Path
) -> None:
    runs = store_nights(tmp_path / "elsewhere", USUAL_MS)
    for run in runs:
        archive(run, store)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    other = result_of(yesterday, 99, 200.0, target="wss://elsewhere")
    archive(store_night(tmp_path / "elsewhere", other), store)
    key = f"runs/{yesterday:%Y-%m-%d}/{SCENARIO}/{yesterday:%Y%m%dT%H%M%SZ}-bad0bad/".replace(
        "bad0bad", "bad0ba"
    )
    for name in ("results.json", "manifest.json"):
        path = tmp_path / name
        path.write_text("{")
        store.put_file(key + name, path, file_reference(path).sha256, "application/json")

    earlier = read_nights(settings, SCENARIO, datetime.now(UTC))
    late, usual = (compared_with(tonight(ms), earlier, settings.baseline) for ms in (66.0, 46.5))
    assert (late.change, usual.change) == (Change.WORSE, Change.SAME)
    assert not late.provisional
    assert late.nights == tuple(run.run_id for run in runs)
    assert late.left_out == {LeftOut.OTHER_TARGET: 1, LeftOut.UNREADABLE: 1}
    assert "one_way_delay_median_ms" in {figure.figure for figure in late.of(Change.WORSE)}


def test_a_store_that_is_away_leaves_the_nights_of_this_machine(settings: Settings) -> None:
    store_nights(settings.folders.results, USUAL_MS)
    away = settings.storage.model_copy(update={"endpoint_url": "http://127.0.0.1:9"})
    earlier = read_nights(settings.model_copy(update={"storage": away}), SCENARIO, datetime.now(UTC))
    assert len(earlier.nights) == len(USUAL_MS)
    (note,) = earlier.notes
    assert "only this machine was" in note


def test_folders_of_a_store_are_listed_below_its_prefix(
    settings: Settings, store: ObjectStore, tmp_path: Path
) -> None:
    own = ObjectStore.from_settings(settings.storage.model_copy(update={"prefix": "team/voice"}))
    (run,) = store_nights(tmp_path / "elsewhere", (46.0,))
    archive(run, own)
    day = run.prefix.split("/")[1]
    assert own.list_folders("runs/") == [day]
    assert store.list_folders() == ["team"]
    assert own.list_folders("none/") == []
