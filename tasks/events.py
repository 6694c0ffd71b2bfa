"""Tell Prefect what happened, so that its automations can tell people."""

from __future__ import annotations

from collections.abc import Iterable

from prefect.events import emit_event

from eloquence_pipeline.models import Archive, ScenarioResult
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.redaction import redacted
from eloquence_pipeline.reporting.event import Event, events_of

_logger = PipelineLogger("EVENTS")


def emit(events: Iterable[Event]) -> None:
    """Hand events to Prefect, which sends them by itself and relates them to the run.

    That nobody is told is no reason to fail: it is a warning.
    """
    for event in events:
        try:
            emit_event(event.name, redacted(event.resource), payload=redacted(event.payload))
        except Exception as error:
            _logger.warning(f"événement {event.name} pas émis: {type(error).__name__}: {error}")


def emit_result(result: ScenarioResult, archive: Archive) -> None:
    """Tell the verdict over a run, and in what it is worse than the nights before."""
    emit(events_of(result, archive))
