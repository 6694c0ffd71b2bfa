"""The method gives these figures, to the last digit, until it is meant to give others.

When a test here fails and the change is meant: raise ``METHOD_VERSION`` in measurement/method.py, and write
the new figures with ``python -m tests.golden.regenerate``.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from eloquence_pipeline.measurement.method import METHOD_VERSION
from tests.golden.cases import EXPECTED, OLD_VERSIONS, written
from tests.golden.runs import CLEAN, GOLDEN_RUNS, OLD_RUN, GoldenRun

pytestmark = pytest.mark.unit

REGENERATE = "python -m tests.golden.regenerate"
NAMES = [
    *(f"{run.name}.json" for run in GOLDEN_RUNS),
    *(f"stored-{version}{part}.json" for version in OLD_VERSIONS for part in ("", "-changes")),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {name: make() for name, make in written(tmp_path_factory.mktemp("golden")).items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_the_golden_one(made: dict[str, str], name: str) -> None:
    assert made[name] == (EXPECTED / name).read_text(encoding="utf-8"), REGENERATE


def test_there_is_no_golden_file_that_nothing_gives() -> None:
    assert sorted(path.name for path in EXPECTED.iterdir()) == sorted(NAMES), REGENERATE


def test_the_golden_figures_are_those_of_this_method_version() -> None:
    versions = {
        json.loads((EXPECTED / f"{run.name}.json").read_text())["format"]["method_version"]
        for run in GOLDEN_RUNS
    }
    assert versions == {METHOD_VERSION}


@pytest.mark.parametrize(
    ("run", "sha256"),
    [
        (CLEAN, "9406c47b4fcb0c89baeb4dd023605e3bbba45c7e9b0dee236f0a4a1fbd0530a7"),
        (OLD_RUN, "27277cdc2893e1a53f4f2165ed444ba162d064bd2f7be18db7e0e48b26aa4f6c"),
    ],
    ids=["clean", "old"],
)
def test_the_generator_makes_the_same_bytes_on_every_machine(
    run: GoldenRun, sha256: str, tmp_path: Path
) -> None:
    folder = run.write(tmp_path)
    sound = (folder / "sent.wav").read_bytes() + (folder / "received.wav").read_bytes()
    assert hashlib.sha256(sound).hexdigest() == sha256
