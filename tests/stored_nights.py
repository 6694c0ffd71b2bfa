"""Runs with a result and hardly anything else, as nights that lie in a store or a folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from eloquence_pipeline.measurement.method import METHOD_VERSION
from eloquence_pipeline.models import DisturbanceKind, Recovery, ScenarioResult
from eloquence_pipeline.settings import EMBEDDED_TARGET
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import RESULTS_FILE
from tests import disturbed

GOLDEN = Path(__file__).parent / "golden" / "expected" / "clean.json"
SCENARIO = "basic"


def result_of(started_at: datetime, number: int, delay_ms: float, **run: Any) -> dict[str, Any]:
    """Return the content of a ``results.json`` whose delays are those of a golden run, moved to a median."""
    document: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    document["run"] |= {
        "run_id": f"{started_at:%Y%m%dT%H%M%SZ}-{number:06x}",
        "scenario": SCENARIO,
        "started_at": started_at.isoformat(),
    } | run
    delay = document["delay"]["one_way_delay_ms"]
    moved = delay_ms - delay["median"]
    for name in ("min", "avg", "median", "p95", "p99", "max"):
        delay[name] += moved
    return document


def store_night(results: Path, document: dict[str, Any]) -> RunFolder:
    """Write a result as a whole run below a results folder."""
    started_at = datetime.fromisoformat(document["run"]["started_at"])
    run = RunFolder.create(results, started_at, document["run"]["scenario"], document["run"]["run_id"])
    run.write_json(RESULTS_FILE, document)
    run.seal()
    return run


def store_nights(results: Path, delays_ms: Sequence[float], last: datetime | None = None) -> list[RunFolder]:
    """Write a night for each delay, the last one yesterday, or `last`."""
    until = last or datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    days = range(len(delays_ms) - 1, -1, -1)
    return [
        store_night(results, result_of(until - timedelta(days=day), day, delay_ms))
        for day, delay_ms in zip(days, delays_ms, strict=True)
    ]


def tonight(delay_ms: float) -> ScenarioResult:
    """Return a result of now."""
    return ScenarioResult.model_validate(
        result_of(datetime.now(UTC).replace(microsecond=0), 0xABCDEF, delay_ms)
    )


def store_reconnection_nights(results: Path, gaps_ms: Sequence[float]) -> list[RunFolder]:
    """Write a night for each gap of a removed speaker, the last one yesterday."""
    removed = disturbed.call(DisturbanceKind.PARTICIPANT_REMOVED, Recovery.REJOINED)
    assert removed.figures
    now, folders = datetime.now(UTC).replace(microsecond=0), list[RunFolder]()
    for day, gap_ms in zip(range(len(gaps_ms), 0, -1), gaps_ms, strict=True):
        started_at = now - timedelta(days=day)
        figures = removed.figures.model_copy(update={"audible_gap_ms": gap_ms})
        document = json.loads(disturbed.reconnection().to_json())
        document["calls"] = [removed.model_copy(update={"figures": figures}).model_dump(mode="json")]
        document["verdict"] = {"status": "passed", "reasons": []}
        document["format"]["method_version"] = METHOD_VERSION
        document["run"] |= {
            "run_id": f"{started_at:%Y%m%dT%H%M%SZ}-{day:06x}",
            "started_at": started_at.isoformat(),
            "target": EMBEDDED_TARGET,
            "parameters": {"disturbances": ["participant_removed"], "sides": ["speaker"], "repetitions": 1},
        }
        folders.append(store_night(results, document))
    return folders
