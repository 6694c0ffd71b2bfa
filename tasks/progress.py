"""How far something is, in the Prefect UI.

While somebody speaks, nothing may wait for a server. So whoever knows how far things are only leaves a
number, and a thread of its own takes it to the server, now and then, as long as the server takes it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from contextvars import copy_context
from functools import partial

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate, ArtifactUpdate
from prefect.utilities.context import get_task_and_flow_run_ids

from eloquence_pipeline.pipeline_logger import PipelineLogger

_SHORTEST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2.0, 30.0
_UPDATES = 100
_LEAVE_SECONDS = 2.0
"""So long, at most, is waited for the last word when all is over."""

_logger = PipelineLogger("PROGRESS")

Publish = Callable[[float], None]
"""Takes per cent to where they are seen; may be slow, and may fail."""


class Progress:
    """Say how far something is, from any thread, without ever waiting.

    Parameters
    ----------
    opened
        Yields what takes the figure to where it is seen; entered, called and left in a thread of its own.
    pause_seconds
        Between two calls.
    leave_seconds
        How long, at most, the end waits for the last call.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractContextManager[Publish]],
        pause_seconds: float = _SHORTEST_PAUSE_SECONDS,
        leave_seconds: float = _LEAVE_SECONDS,
    ) -> None:
        self._opened = opened
        self._pause_seconds = pause_seconds
        self._leave_seconds = leave_seconds
        self._ratio = 0.0
        self._over = threading.Event()
        # A copy of the context tells the thread which run it belongs to, and which server is asked.
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name="progress", daemon=True
        )

    def tell(self, ratio: float) -> None:
        """Say how far it is: 0 at the beginning, 1 at the end."""
        self._ratio = ratio

    def begin(self) -> None:
        """Show 0 per cent, and from then on what has been told."""
        self._thread.start()

    def end(self) -> None:
        """Show what was told last, if that can be done soon."""
        self._over.set()
        self._thread.join(self._leave_seconds)

    def _run(self) -> None:
        try:
            with self._opened() as publish:
                shown = self._show(publish, None)
                while not self._over.wait(self._pause_seconds):
                    shown = self._show(publish, shown)
                self._show(publish, shown)
        except Exception as error:
            _logger.debug(f"progress is not shown: {type(error).__name__}: {error}")

    def _show(self, publish: Publish, shown: float | None) -> float | None:
        """Return what is shown now."""
        per_cent = round(100 * min(1.0, max(0.0, self._ratio)), 1)
        if per_cent == shown:
            return shown
        try:
            publish(per_cent)
        except Exception as error:  # whatever it is, a measurement is not ended by it
            _logger.debug(f"progress is not shown: {type(error).__name__}: {error}")
            return shown
        return per_cent


@contextmanager
def shown_progress(key: str, description: str, expected_seconds: float = 0.0) -> Generator[Progress]:
    """Show a progress artifact of this run while the block lasts.

    Parameters
    ----------
    key
        Of the artifact: lower-case letters, digits, dashes.
    description
        What is shown beside it.
    expected_seconds
        How long it takes; the longer, the less often it is shown. 0 if that is not known.
    """
    pause_seconds = min(_LONGEST_PAUSE_SECONDS, max(_SHORTEST_PAUSE_SECONDS, expected_seconds / _UPDATES))
    progress = Progress(partial(_progress_artifact, key, description), pause_seconds)
    progress.begin()
    try:
        yield progress
    finally:
        progress.end()


@contextmanager
def _progress_artifact(key: str, description: str) -> Generator[Publish]:
    """Make a progress artifact, and yield what brings it up to date over a connection that is kept."""
    task_run_id, flow_run_id = get_task_and_flow_run_ids()
    if flow_run_id is None:
        yield lambda _per_cent: None  # outside a run there is no page to show it on
        return
    new = ArtifactCreate(
        type="progress",
        key=key,
        description=description,
        data=0.0,
        task_run_id=task_run_id,
        flow_run_id=flow_run_id,
    )
    with get_client(sync_client=True) as client:
        artifact = client.create_artifact(new)
        yield lambda per_cent: client.update_artifact(artifact.id, ArtifactUpdate(data=per_cent))
