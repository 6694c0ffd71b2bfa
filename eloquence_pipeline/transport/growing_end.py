"""The files of one end of a call while they grow, and what they become when it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import clock_id
from eloquence_pipeline.errors import TransportError
from eloquence_pipeline.files import file_reference, write_atomically, write_npz
from eloquence_pipeline.models import BegunEnd, EndRecord
from eloquence_pipeline.signal.growing_wav import HEADER_BYTES, GrowingWav
from eloquence_pipeline.signal.timing_log import SUFFIX, Row, TimingLog, encode_rows, read_timing_log
from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.disk_writer import MOST_WAITING_SECONDS, DiskWriter, Feed
from eloquence_pipeline.transport.participant import Participant

T = TypeVar("T", bound=EndRecord)
R = TypeVar("R")

_FRAMES_PER_SECOND = SAMPLE_RATE_HZ // FRAME_SAMPLES


class EndFiles(NamedTuple):
    """Names of the files of one end."""

    record: str
    audio: str
    timings: str
    statistics: str
    events: str

    def tagged(self, tag: str) -> EndFiles:
        """Return the names with `tag` before their ending: where several speak, each has its own."""
        return EndFiles(*(f"{Path(name).stem}{tag}{Path(name).suffix}" for name in self))

    def of_one_heard(self, tag: str) -> EndFiles:
        """Return the same, but for the files that the one listener of several has once."""
        return self.tagged(tag)._replace(statistics=self.statistics, events=self.events)

    @property
    def begun(self) -> str:
        """What is there in place of the record until the end is over."""
        return f"{Path(self.record).stem}.begun.json"

    @property
    def timing_log(self) -> str:
        """What is there in place of the timings until the end is over."""
        return f"{Path(self.timings).stem}{SUFFIX}"


SPEAKER_FILES = EndFiles(
    "publisher.json",
    "sent.wav",
    "sent_timings.npz",
    "publisher_statistics.jsonl",
    "publisher_events.jsonl",
)
LISTENER_FILES = EndFiles(
    "subscriber.json",
    "received.wav",
    "received_timings.npz",
    "subscriber_statistics.jsonl",
    "subscriber_events.jsonl",
)


class GrowingEnd:
    """What one end gives to the disk while the call runs; nothing of it stays in memory.

    Parameters
    ----------
    participant
        Whose end it is.
    folder, files
        Where the files are; `files.statistics` and `files.events` are those that the participant keeps.
    arrays
        Names of the timings, as :class:`~eloquence_pipeline.models.SendRecord` and
        :class:`~eloquence_pipeline.models.Recording` say.
    on_audio
        Called in the writer's thread with the frames that are about to be written.

    Attributes
    ----------
    audio
        Takes frames, int16 as bytes.
    timings
        Takes rows of the number of an array and a value of it.
    """

    def __init__(
        self,
        participant: Participant,
        folder: Path,
        files: EndFiles,
        arrays: Sequence[str],
        on_audio: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        def joined(frames: Sequence[bytes]) -> bytes:
            on_audio(content := b"".join(frames))
            return content

        most_frames = MOST_WAITING_SECONDS * _FRAMES_PER_SECOND
        self.audio: Feed[bytes] = Feed(joined, most_frames)
        self.timings: Feed[Row] = Feed(encode_rows, len(arrays) * most_frames)
        self._participant = participant
        self._folder = folder
        self._files = files
        self._arrays = arrays

    def discard(self) -> None:
        """Keep nothing: this end is not recorded."""
        self.audio.discard()
        self.timings.discard()

    def begin(self, writer: DiskWriter) -> None:
        """Write from now on, beginning with what was given so far."""
        # An attempt before this one may have left it; it speaks of files that are emptied now.
        (self._folder / self._files.record).unlink(missing_ok=True)
        writer.attach(self.audio, GrowingWav(self._folder / self._files.audio, SAMPLE_RATE_HZ))
        writer.attach(self.timings, TimingLog(self._folder / self._files.timing_log, self._arrays))
        self.note()

    def samples(self) -> npt.NDArray[np.int16]:
        """Return what the writer has written so far, int16 of shape (n,)."""
        path = self._folder / self._files.audio
        return np.fromfile(path, dtype="<i2", offset=HEADER_BYTES).astype(np.int16, copy=False)

    def note(self, ssrcs: Sequence[int] = ()) -> None:
        """Write down what is known of the end, for the case that its process is killed."""
        begun = BegunEnd(
            **self._known(),
            audio=self._files.audio,
            timings=self._files.timing_log,
            statistics=self._files.statistics,
            events=self._files.events,
            ssrcs=tuple(ssrcs),
        )
        write_atomically(self._folder / self._files.begun, begun.model_dump_json(indent=2).encode())

    def finish(self, kind: type[T], **more: Any) -> T:
        """Write the record of an end that is over, whose writer is closed.

        Parameters
        ----------
        kind
            What the record is.
        more
            Its other fields.
        """
        folder, files = self._folder, self._files
        arrays = read_timing_log(folder / files.timing_log)
        record = kind(
            **self._known(),
            **more,
            frame_count=len(arrays[self._arrays[0]]),
            audio=file_reference(folder / files.audio),
            timings=write_npz(folder / files.timings, **arrays),
            statistics=file_reference(folder / files.statistics),
            events=tuple(self._participant.events),
        )
        write_atomically(folder / files.record, record.model_dump_json(indent=2).encode())
        # Only now: until the record is there these are what the end can be read from.
        for name in (files.begun, files.timing_log):
            (folder / name).unlink()
        return record

    def _known(self) -> dict[str, Any]:
        return {
            "identity": self._participant.identity,
            "clock_id": clock_id(),
            "started": self._participant.started,
            "sample_rate_hz": SAMPLE_RATE_HZ,
            "frame_samples": FRAME_SAMPLES,
            "connect_ms": self._participant.connect_ms,
        }


def finished(writer: DiskWriter, finish: Callable[[], R], events: Path) -> R:
    """Close the writer of an end that is over, and return what `finish` makes of its files.

    The file of the events is removed: they stand in the records then.

    Raises
    ------
    TransportError
        If something could not be written; audio has gone out, so it is not transient.
    """
    writer.close()
    reason = writer.failure
    try:
        if not reason:
            outcome = finish()
            events.unlink()
            return outcome
    except OSError as error:
        reason = f"the recording cannot be written: {error.strerror}"
    remedy = f"make room; `eloquence replay {events.parent}` measures what was written"
    raise TransportError(reason, remedy=remedy)
