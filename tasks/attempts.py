"""Every try at a transmission is written down, also the one that a signal or the kernel ends."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime

from prefect.context import TaskRunContext
from pydantic import TypeAdapter

from eloquence_pipeline.errors import TransmissionNotEnding, TransportError
from eloquence_pipeline.models import Attempt, AttemptOutcome, Transmission
from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.storage.evidence import RunFolder
from eloquence_pipeline.storage.run_files import ATTEMPTS_FILE, TRANSMISSION_FILE
from tasks.run import Run

_ATTEMPTS = TypeAdapter(tuple[Attempt, ...])
_logger = PipelineLogger("LIVEKIT")


class OpenAttempt:
    """An attempt that is under way.

    Attributes
    ----------
    room
        Fresh: nobody else is in it, and nobody was.
    """

    def __init__(self, run: Run) -> None:
        context = TaskRunContext.get()
        number = context.task_run.run_count if context else 1
        self.room = run.room(number)
        self._run = run
        self._before = read_attempts(run)
        self._attempt = Attempt(
            number=number,
            room=self.room,
            started_at=datetime.now(UTC),
            outcome=AttemptOutcome.INTERRUPTED,
        )

    @property
    def was_interrupted(self) -> bool:
        """Whether it neither completed nor failed."""
        return self._attempt.outcome is AttemptOutcome.INTERRUPTED

    def completed(self, transmission: Transmission) -> Transmission:
        """Write down what was collected, and return it."""
        RunFolder.open(self._run.folder).write_model(TRANSMISSION_FILE, transmission)
        failure = transmission.failure
        outcome = AttemptOutcome.FAILED_DURING_AUDIO if failure else AttemptOutcome.COMPLETED
        self._attempt = self._attempt.model_copy(update={"outcome": outcome, "error": failure})
        return transmission

    def failed(self, outcome: AttemptOutcome, error: Exception) -> None:
        """Note why it failed."""
        self._attempt = self._attempt.model_copy(
            update={"outcome": outcome, "error_type": type(error).__name__, "error": str(error)}
        )

    def note(self) -> None:
        """Write it down after those before it, in place of what stood there of it."""
        attempts = (*self._before, self._attempt)
        folder = RunFolder.open(self._run.folder)
        folder.write_bytes(ATTEMPTS_FILE, _ATTEMPTS.dump_json(attempts, indent=2))


@contextmanager
def noted_attempt(run: Run) -> Generator[OpenAttempt]:
    """Yield an attempt that is written down however the block ends."""
    attempt = OpenAttempt(run)
    attempt.note()  # as an interrupted one: nobody notes anything when the process is killed
    try:
        yield attempt
    except TransmissionNotEnding as error:
        attempt.failed(AttemptOutcome.FAILED_DURING_AUDIO, error)
        raise
    except TransportError as error:
        _logger.connection("failed", f"Erreur: {error.message}")
        attempt.failed(AttemptOutcome.FAILED_BEFORE_AUDIO, error)
        raise
    except Exception as error:
        attempt.failed(AttemptOutcome.FAILED_DURING_AUDIO, error)
        raise
    finally:
        attempt.note()
        if attempt.was_interrupted:
            # No later task runs after a cancellation; sealed, what there is can be sent and analysed.
            RunFolder.open(run.folder).seal()


def read_attempts(run: Run) -> tuple[Attempt, ...]:
    """Return all attempts of the run so far."""
    path = run.folder / ATTEMPTS_FILE
    return _ATTEMPTS.validate_json(path.read_bytes()) if path.exists() else ()
