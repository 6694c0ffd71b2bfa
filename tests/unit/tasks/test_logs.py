"""What reaches the log of a Prefect run."""

from __future__ import annotations

import logging
from collections.abc import Generator

import pytest
from prefect.logging.handlers import APILogHandler

from eloquence_pipeline.pipeline_logger import ROOT_LOGGER
from eloquence_pipeline.redaction import SECRET_REDACTED, hide_secrets
from tasks.logs import forward_logs_to_prefect

pytestmark = pytest.mark.unit


@pytest.fixture
def logger() -> Generator[logging.Logger]:
    own = logging.getLogger(ROOT_LOGGER)
    handlers, level = list(own.handlers), own.level
    yield own
    own.handlers[:] = handlers
    own.setLevel(level)


def test_one_handler_forwards_and_no_secret_passes_it(logger: logging.Logger) -> None:
    forward_logs_to_prefect()
    forward_logs_to_prefect()
    (forwarding,) = (handler for handler in logger.handlers if isinstance(handler, APILogHandler))
    hide_secrets("of-the-prefect-test")
    record = logging.LogRecord("x", logging.INFO, "", 0, "%s", ("of-the-prefect-test",), None)
    assert forwarding.filter(record)
    assert forwarding.format(record) == SECRET_REDACTED
