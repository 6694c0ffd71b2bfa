"""The examples in the docstrings do what they show."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import eloquence_pipeline.speech

pytestmark = pytest.mark.integration

MODULES = [
    "eloquence_pipeline.pipeline_logger",
    *(
        f"eloquence_pipeline.speech.{module.name}"
        for module in iter_modules(eloquence_pipeline.speech.__path__)
    ),
]
WITH_EXAMPLES = {"pipeline_logger", "catalogue", "synthesizer"}


@pytest.mark.parametrize("name", MODULES)
def test_examples_do_what_they_show(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = doctest.testmod(import_module(name), raise_on_error=False)
    assert result.failed == 0
    if name.rpartition(".")[2] in WITH_EXAMPLES:
        assert result.attempted > 0
