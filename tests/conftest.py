from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from eloquence_pipeline.settings import FILE_VARIABLE

COMMANDS = Path(__file__).with_name("e2e")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell ``pytest -n 2 --dist loadgroup`` what may run side by side.

    Whole commands mostly wait, for servers to start and for speech to end; everything else goes on meanwhile.
    Within each half the order is kept, so that servers which tests share are started once.
    """
    for item in items:
        half = "commands" if item.path.is_relative_to(COMMANDS) else "parts"
        item.add_marker(pytest.mark.xdist_group(half))


@pytest.fixture(autouse=True, scope="session")
def no_configuration_file() -> Generator[None]:
    """Read no config.json of the folder that the tests are started in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE_VARIABLE, "")
        yield
