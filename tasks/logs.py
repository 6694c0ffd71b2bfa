"""Let the pipeline's log lines reach the Prefect run they belong to."""

from __future__ import annotations

import inspect
import logging

from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogHandler

from eloquence_pipeline.pipeline_logger import ROOT_LOGGER
from eloquence_pipeline.redaction import RedactingFilter


def forward_logs_to_prefect() -> None:
    """Attach Prefect's log handler to the pipeline's loggers; calling it again changes nothing."""
    logger = logging.getLogger(ROOT_LOGGER)
    if not any(isinstance(handler, APILogHandler) for handler in logger.handlers):
        # Progress is for terminals: four lines a second would bury the run's log.
        handler = APILogHandler(level=logging.INFO)
        handler.addFilter(RedactingFilter())
        logger.addHandler(handler)
    if logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)


async def drain_to_prefect() -> None:
    """Send the logs and events that are still queued: the server may be about to be stopped."""
    await APILogHandler.aflush()
    draining = EventsWorker.drain_all()
    if inspect.isawaitable(draining):
        await draining
