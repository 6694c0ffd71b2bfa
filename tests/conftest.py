from __future__ import annotations

from collections.abc import Generator

import pytest

from eloquence_pipeline.settings import FILE_VARIABLE


@pytest.fixture(autouse=True, scope="session")
def no_configuration_file() -> Generator[None]:
    """Read no config.json of the folder that the tests are started in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE_VARIABLE, "")
        yield
