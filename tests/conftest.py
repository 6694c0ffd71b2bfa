from __future__ import annotations

import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from eloquence_pipeline.settings import FILE_VARIABLE

# `make check` tries fewer examples, so that one does not mind to run it; `make test` tries all.
settings.register_profile("quick", max_examples=20)

COMMANDS, OPERATIONS = "tests/e2e/", "tests/e2e/operations/"


class Scopes(LoadScopeScheduling):
    """One worker takes everything but whole commands; those go by the file to whoever is free.

    Commands mostly wait, for servers to start and for speech to end; everything else goes on meanwhile.
    Within a scope the order is kept, so that servers which tests share are started once.
    """

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith(COMMANDS):
            return "parts"
        return OPERATIONS if nodeid.startswith(OPERATIONS) else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scopes | None:
    """Return who decides what runs side by side with ``pytest -n 2 --dist loadscope``."""
    return Scopes(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_configure() -> None:
    """Let children have Ctrl-C: a shell that starts the tests in the background has them ignore it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the browser tests keep what they see."""
    parser.addoption("--screenshots", type=Path, metavar="FOLDER", help="keep pictures of the pages there")


@pytest.fixture(autouse=True, scope="session")
def no_configuration_file() -> Generator[None]:
    """Read no config.json of the folder that the tests are started in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FILE_VARIABLE, "")
        yield
