"""Every error the pipeline raises, as one tree.

::

    EloquenceError
    ├── ConfigurationError        a setting or an argument is wrong           (exit code 2)
    ├── SynthesisError            a phrase could not be spoken                (exit code 3)
    ├── TransportError            a participant could not do its part         (exit code 3)
    │   ├── ConnectTimeout            transient
    │   ├── SubscriptionTimeout       transient
    │   ├── TransmissionNotEnding     it was broken off, long after it should have ended
    │   └── DisturbanceNotPossible    this server, or this way to it, does not offer it
    ├── MeasurementError          a recording cannot be measured              (exit code 3)
    │   ├── AlignmentFailed
    │   └── NotScorable               a model has nothing to say about a phrase
    ├── StorageError              evidence could not be stored or read        (exit code 3)
    │   └── StorageUnavailable        transient
    └── ServerError               an embedded server could not be had         (exit code 3)

A missed threshold is not an error: it is a :class:`~eloquence_pipeline.models.Verdict`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """What the ``eloquence`` command returns to the shell."""

    PASSED = 0
    THRESHOLD_MISSED = 1
    USAGE = 2
    NOT_CARRIED_OUT = 3


class EloquenceError(Exception):
    """Root of the tree.

    Parameters
    ----------
    message
        What went wrong, in one line.
    remedy
        What the reader can do about it, in one line.
    transient
        Whether the same call may succeed later; defaults to the class's own value. Retrying asks
        this and nothing else.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.NOT_CARRIED_OUT
    transient_by_default: ClassVar[bool] = False

    def __init__(self, message: str, *, remedy: str = "", transient: bool | None = None) -> None:
        super().__init__(message, remedy, transient)
        self.message = message
        self.remedy = remedy
        self.transient = self.transient_by_default if transient is None else transient

    def __str__(self) -> str:
        return f"{self.message} → {self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling of exceptions, and these cross
        # process borders.
        return (_rebuild, (type(self), self.message, self.remedy, self.transient))


def _rebuild(cls: type[EloquenceError], message: str, remedy: str, transient: bool) -> EloquenceError:
    return cls(message, remedy=remedy, transient=transient)


class ConfigurationError(EloquenceError):
    """A setting or an argument is wrong; nothing was started."""

    exit_code = ExitCode.USAGE


class SynthesisError(EloquenceError):
    """A phrase could not be spoken."""


class TransportError(EloquenceError):
    """A participant could not connect, publish or subscribe."""


class ConnectTimeout(TransportError):
    """The server did not answer, or no media path came up, in time."""

    transient_by_default = True


class SubscriptionTimeout(TransportError):
    """Publisher and subscriber were both in the room but never heard of each other."""

    transient_by_default = True


class TransmissionNotEnding(TransportError):
    """A transmission was broken off: it took much longer than what is said in it."""


class DisturbanceNotPossible(TransportError):
    """A call cannot be disturbed in this way here; the message says why."""


class MeasurementError(EloquenceError):
    """A recording cannot be measured."""


class AlignmentFailed(MeasurementError):
    """What was received cannot be matched to what was sent."""


class NotScorable(MeasurementError):
    """A model of speech quality has nothing to say about a phrase; the other figures stand."""


class StorageError(EloquenceError):
    """Evidence could not be written or read."""


class StorageUnavailable(StorageError):
    """The object store does not answer at the moment."""

    transient_by_default = True


class ServerError(EloquenceError):
    """An embedded server could not be found, built, started or stopped."""
