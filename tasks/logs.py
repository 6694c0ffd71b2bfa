"""Let the pipeline's log lines reach the Prefect run they belong to."""

from __future__ import annotations

import inspect
import logging
from functools import partial

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogHandler, PrefectConsoleHandler

from eloquence_pipeline.pipeline_logger import ROOT_LOGGER
from eloquence_pipeline.redaction import RedactingFilter


def forward_logs_to_prefect() -> None:
    """Attach Prefect's log handler to the pipeline's loggers; calling it again changes nothing."""
    outlive_the_reader()
    logger = logging.getLogger(ROOT_LOGGER)
    if not any(isinstance(handler, APILogHandler) for handler in logger.handlers):
        # Progress is for terminals: four lines a second would bury the run's log.
        handler = APILogHandler(level=logging.INFO)
        handler.addFilter(RedactingFilter())
        logger.addHandler(handler)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


def outlive_the_reader() -> None:
    """Go on when nobody reads what is printed any more.

    A worker reads what its runs print. Once it is killed, Rich, which prints Prefect's log lines, would end
    the program with the next of them.
    """
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.root.manager.loggerDict))]
    for handler in {handler for logger in loggers for handler in logger.handlers}:
        if isinstance(handler, PrefectConsoleHandler):
            console = handler.console
            console.on_broken_pipe = partial(setattr, console, "quiet", True)


async def drain_to_prefect() -> None:
    """Send the logs and events that are still queued: the server may be about to be stopped."""
    await APILogHandler.aflush()
    draining = EventsWorker.drain_all()
    if inspect.isawaitable(draining):
        await draining
