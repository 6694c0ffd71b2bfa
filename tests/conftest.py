from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from eloquence_pipeline.settings import FILE_VARIABLE


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the browser tests keep what they see."""
    parser.addoption("--screenshots", type=Path, metavar="FOLDER", help="keep pictures of the pages there")


@pytest.fixture(autouse=True, scope="session")
def no_configuration_file() -> Generator[None]:
    """Read no config.json of the folder that the tests are started in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE_VARIABLE, "")
        yield
