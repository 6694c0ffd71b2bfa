"""What a run prints is no matter of life and death to it."""

from __future__ import annotations

import logging
import os
from contextlib import suppress

import pytest
from prefect.logging.handlers import PrefectConsoleHandler

from tasks.logs import outlive_the_reader

pytestmark = pytest.mark.unit


def test_a_run_goes_on_when_nobody_reads_what_it_prints_any_more() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    logger = logging.getLogger("prefect.of_this_test")
    stream = os.fdopen(writer, "w")
    handler = PrefectConsoleHandler(stream=stream)
    logger.addHandler(handler)
    try:
        outlive_the_reader()
        for _ in range(2):
            handler.emit(logger.makeRecord(logger.name, logging.INFO, "", 0, "a line", (), None))
    finally:
        logger.removeHandler(handler)
        with suppress(BrokenPipeError):
            stream.close()
