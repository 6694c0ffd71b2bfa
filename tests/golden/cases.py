"""What is compared: each golden run analysed anew, and each run that an older version left behind."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from eloquence_pipeline.measurement.comparison import compare
from eloquence_pipeline.replay import StoredRun
from tests.golden.runs import GOLDEN_RUNS, OLD_RUN

EXPECTED = Path(__file__).parent / "expected"
STORED = Path(__file__).parent / "stored"

OLD_VERSIONS = ("88e0f44", "a39af07", "f685421")
"""Commits whose code has written and judged the same recording, all in result format 1: before a plan was
written down; before several could speak; before thresholds were written down."""


def new_result(run: StoredRun) -> str:
    """Return the result of a run as today's method gives it."""
    return run.analyse().to_json()


def changes(run: StoredRun) -> str:
    """Return how today's result of a run compares with its stored one."""
    assert run.result is not None
    comparison = compare(run.result, run.analyse())
    return json.dumps(comparison.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def old_run(version: str, folder: Path) -> Path:
    """Return the folder of a run that an older version left behind, with its sound generated again."""
    place = folder / "old" / OLD_RUN.run_id
    shutil.copytree(STORED / version, place)
    source = OLD_RUN.write(folder / "generated")
    for sound in source.glob("*.wav"):
        shutil.copy(sound, place)
    return place


def written(folder: Path) -> dict[str, Callable[[], str]]:
    """Return what every file of `EXPECTED` has to hold, by its name, to be made in an empty folder."""

    def result_of(path: Path) -> Callable[[], str]:
        return lambda: new_result(StoredRun(path))

    def changes_of(path: Path) -> Callable[[], str]:
        return lambda: changes(StoredRun(path))

    expected = {f"{run.name}.json": result_of(run.write(folder)) for run in GOLDEN_RUNS}
    for version in OLD_VERSIONS:
        path = old_run(version, folder / version)
        expected[f"stored-{version}.json"] = result_of(path)
        expected[f"stored-{version}-changes.json"] = changes_of(path)
    return expected
