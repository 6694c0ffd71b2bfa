"""A real LiveKit server for the tests of transport."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from eloquence_pipeline.servers import LiveKitEndpoint
from tests.integration.servers.owner import embedded_livekit


@pytest.fixture(scope="module")
def livekit(tmp_path_factory: pytest.TempPathFactory) -> Generator[LiveKitEndpoint]:
    """One server for all tests of a module."""
    with embedded_livekit(tmp_path_factory.mktemp("livekit")) as endpoint:
        yield endpoint
