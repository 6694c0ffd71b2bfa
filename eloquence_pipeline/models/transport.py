"""What was collected of a call, before anyone judges it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue, NonNegativeFloat, NonNegativeInt, PositiveInt

from eloquence_pipeline.clock import Instant
from eloquence_pipeline.models.base import FileReference, Record
from eloquence_pipeline.models.network import NetworkTruth
from eloquence_pipeline.models.speech import SpeechScript


class Side(StrEnum):
    """The two ends of a transmission."""

    PUBLISHER = "publisher"
    SUBSCRIBER = "subscriber"


class ConnectionEvent(Record):
    """Something the SDK reported about a participant."""

    monotonic_ns: int
    side: Side
    identity: str
    name: str
    detail: str = ""


class End(Record):
    """What is known of one end from its beginning."""

    identity: str
    clock_id: str
    started: Instant
    sample_rate_hz: PositiveInt
    frame_samples: PositiveInt
    connect_ms: NonNegativeFloat


class BegunEnd(End):
    """What one end writes down when it begins, with the names of the files that grow from then on.

    It is removed when the end is over; where it is still there, the process was killed.
    """

    audio: str
    timings: str
    """A timing log (`eloquence_pipeline.signal.timing_log`), which becomes the NPZ file of the record."""
    statistics: str
    events: str
    ssrcs: tuple[int, ...] = ()


class EndRecord(End):
    """What one end wrote down; its arrays lie in the files it refers to."""

    frame_count: NonNegativeInt
    audio: FileReference
    timings: FileReference
    statistics: FileReference
    events: tuple[ConnectionEvent, ...] = ()
    failure: str = ""


class SendRecord(EndRecord):
    """The publisher's end.

    ``timings`` is an NPZ file with ``deadline_ns`` and ``handed_over_ns``, both int64 of shape
    (frame_count,): when each 10 ms frame should have been, and was, handed to the SDK.
    """


class Recording(EndRecord):
    """The subscriber's end.

    ``timings`` is an NPZ file with ``arrived_ns``, int64 of shape (frame_count,): when each 10 ms
    frame left the receiver's jitter buffer.
    """

    ssrcs: tuple[int, ...] = ()
    """Of the RTP streams that this is a recording of, as the statistics are those of the whole listener.

    Empty if they never became known.
    """


class AttemptOutcome(StrEnum):
    """How an attempt at a transmission ended."""

    COMPLETED = "completed"
    FAILED_BEFORE_AUDIO = "failed_before_audio"
    FAILED_DURING_AUDIO = "failed_during_audio"
    INTERRUPTED = "interrupted"


class Attempt(Record):
    """One try at a transmission: a fresh room, fresh tokens, both participants."""

    number: PositiveInt
    room: str
    started_at: datetime
    outcome: AttemptOutcome
    error_type: str = ""
    error: str = ""


class Channel(Record):
    """One speaker's way to the listener."""

    speaker: str
    script: SpeechScript
    sent: SendRecord
    received: Recording | None
    """None if the listener never got to recording anything, though the speaker spoke."""
    is_one_of_several: bool = False
    """Whether others spoke at the same time: the listener's statistics hold their streams as well."""


class Transmission(Record):
    """What was collected, before anyone judges it."""

    room: str
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    failure: str = ""
    """Why the transmission ended early, empty if it did not."""
    tester_failure: str = ""
    """Why the test itself went wrong, which says nothing about the voice path."""
    details: dict[str, JsonValue] = Field(default_factory=dict)
    """What a test of the user's own returned."""
    network: NetworkTruth | None = None
    """What was done to its packets; None for a call over the real network."""
