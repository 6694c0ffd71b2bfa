"""The files in which an end of a call writes down what it did."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import clock_id
from eloquence_pipeline.files import write_bytes, write_npz
from eloquence_pipeline.models import EndRecord, FileReference, Recording, SendRecord
from eloquence_pipeline.signal.wav import write_wav
from eloquence_pipeline.transport.audio_format import FRAME_SAMPLES, SAMPLE_RATE_HZ
from eloquence_pipeline.transport.participant import Participant

T = TypeVar("T", bound=EndRecord)


class EndFiles(NamedTuple):
    """Names of the files of one end."""

    record: str
    audio: str
    timings: str
    statistics: str

    def tagged(self, tag: str) -> EndFiles:
        """Return the names with `tag` before their ending: where several speak, each has its own."""
        return EndFiles(*(f"{Path(name).stem}{tag}{Path(name).suffix}" for name in self))


SPEAKER_FILES = EndFiles("publisher.json", "sent.wav", "sent_timings.npz", "publisher_statistics.jsonl")
LISTENER_FILES = EndFiles(
    "subscriber.json", "received.wav", "received_timings.npz", "subscriber_statistics.jsonl"
)


def write_statistics(participant: Participant, folder: Path, files: EndFiles) -> FileReference:
    """Write the statistics that were sampled at this end."""
    return write_bytes(folder / files.statistics, participant.statistics.to_json_lines().encode())


def write_sent(
    participant: Participant,
    samples: npt.NDArray[np.int16],
    timings: Mapping[str, npt.NDArray[np.int64]],
    folder: Path,
    files: EndFiles,
    *,
    failure: str,
) -> SendRecord:
    """Write what a speaker has sent; `timings` are named as :class:`SendRecord` says."""
    statistics = write_statistics(participant, folder, files)
    content = _content(participant, samples, timings, folder, files)
    return _written(SendRecord(**content, statistics=statistics, failure=failure), folder, files)


def write_received(
    participant: Participant,
    samples: npt.NDArray[np.int16],
    timings: Mapping[str, npt.NDArray[np.int64]],
    folder: Path,
    files: EndFiles,
    *,
    statistics: FileReference,
    ssrcs: tuple[int, ...],
    failure: str,
) -> Recording:
    """Write what the listener has heard of one speaker; `timings` are named as :class:`Recording` says."""
    content = _content(participant, samples, timings, folder, files)
    record = Recording(**content, statistics=statistics, ssrcs=ssrcs, failure=failure)
    return _written(record, folder, files)


def _content(
    participant: Participant,
    samples: npt.NDArray[np.int16],
    timings: Mapping[str, npt.NDArray[np.int64]],
    folder: Path,
    files: EndFiles,
) -> dict[str, Any]:
    return {
        "identity": participant.identity,
        "clock_id": clock_id(),
        "started": participant.started,
        "sample_rate_hz": SAMPLE_RATE_HZ,
        "frame_samples": FRAME_SAMPLES,
        "frame_count": len(samples) // FRAME_SAMPLES,
        "connect_ms": participant.connect_ms,
        "audio": write_wav(folder / files.audio, samples, SAMPLE_RATE_HZ),
        "timings": write_npz(folder / files.timings, **timings),
        "events": tuple(participant.events),
    }


def _written(record: T, folder: Path, files: EndFiles) -> T:
    write_bytes(folder / files.record, record.model_dump_json(indent=2).encode())
    return record
