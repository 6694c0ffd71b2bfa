"""Read back what the transport wrote, and make sure that it is that."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.measurement.delay import End
from eloquence_pipeline.measurement.rtp import StatisticsSample, parse_lines
from eloquence_pipeline.measurement.timeline import Timeline
from eloquence_pipeline.models import Channel, EndRecord, FileReference
from eloquence_pipeline.signal.timing_log import SUFFIX as TIMING_LOG
from eloquence_pipeline.signal.timing_log import read_timing_log
from eloquence_pipeline.signal.wav import map_wav

Int64Array = npt.NDArray[np.int64]

_MOST_TIMING_BYTES = 512 << 20
"""Twelve hours have 4.3 million frames, with two or three times of 8 bytes each."""
_NOT_TOGETHER = "the files do not belong together; fetch the evidence again"


@dataclass(frozen=True)
class Recorded:
    """Everything a transmission left behind of one speaker, as arrays.

    Attributes
    ----------
    sent, received
        Audio and timeline of both ends.
    deadline_ns
        int64 of shape (frames sent,); when each sent frame should have been handed over.
    loop_lag_ns
        int64 of shape (ticks,); how late the recorder's event loop woke up.
    publisher_statistics, subscriber_statistics
        In the order of time.
    """

    sent: End
    received: End
    deadline_ns: Int64Array
    loop_lag_ns: Int64Array
    publisher_statistics: list[StatisticsSample]
    subscriber_statistics: list[StatisticsSample]


def load_recorded(channel: Channel, folder: Path) -> Recorded:
    """Read and verify all files of `channel` in `folder`.

    Raises
    ------
    MeasurementError
        If a file is missing, is not the one that was recorded, or does not fit its timings, or the ends
        are of different sample rates.
    """
    _require_one_rate(channel)
    sent_timings = _timings(folder, channel.sent)
    nothing = np.zeros(0, dtype=np.int64)
    received, lag_ns, subscriber_statistics = _no_end(channel.sent), nothing, list[StatisticsSample]()
    if (recording := channel.received) is not None:
        timings = _timings(folder, recording)
        received = _end(folder, recording, _array(timings, "arrived_ns"))
        # The first runs did not sample it.
        lag_ns = timings.get("loop_lag_ns", nothing)
        subscriber_statistics = _statistics(folder, recording)
    return Recorded(
        sent=_end(folder, channel.sent, _array(sent_timings, "handed_over_ns")),
        received=received,
        deadline_ns=_deadlines(sent_timings, channel.sent),
        loop_lag_ns=lag_ns,
        publisher_statistics=_statistics(folder, channel.sent),
        subscriber_statistics=subscriber_statistics,
    )


def _require_one_rate(channel: Channel) -> None:
    ends = [channel.sent, *([channel.received] if channel.received else [])]
    rates = {end.audio.name: end.sample_rate_hz for end in ends} | {
        "the script": channel.script.sample_rate_hz
    }
    if len(set(rates.values())) > 1:
        told = ", ".join(f"{name} {rate} Hz" for name, rate in rates.items())
        raise MeasurementError(
            f"sender, receiver and script are of different sample rates: {told}", remedy=_NOT_TOGETHER
        )


def _deadlines(timings: dict[str, Int64Array], sent: EndRecord) -> Int64Array:
    deadline_ns, handed_over_ns = _array(timings, "deadline_ns"), _array(timings, "handed_over_ns")
    if deadline_ns.shape != handed_over_ns.shape:
        raise MeasurementError(
            f"{sent.timings.name} holds {len(deadline_ns)} deadlines for {len(handed_over_ns)} frames",
            remedy=_NOT_TOGETHER,
        )
    return deadline_ns


def _no_end(like: EndRecord) -> End:
    timeline = Timeline(np.zeros(0, dtype=np.int64), like.frame_samples, like.sample_rate_hz)
    return End(np.zeros(0, dtype=np.int16), timeline)


def _end(folder: Path, record: EndRecord, stamps_ns: Int64Array) -> End:
    if not len(stamps_ns):
        return _no_end(record)
    timeline = Timeline(stamps_ns, record.frame_samples, record.sample_rate_hz)
    samples, rate = map_wav(_verified(folder, record.audio))
    if _is_unfinished(record):
        samples = samples[: timeline.sample_count]
    if rate != record.sample_rate_hz or len(samples) != timeline.sample_count:
        raise MeasurementError(
            f"{record.audio.name} holds {len(samples)} samples at {rate} Hz, its timings "
            f"{timeline.sample_count} at {record.sample_rate_hz} Hz",
            remedy=_NOT_TOGETHER,
        )
    return End(samples, timeline)


def _verified(folder: Path, reference: FileReference) -> Path:
    path = folder / reference.name
    try:
        digest = sha256_of_file(path)
    except OSError as error:
        raise MeasurementError(
            f"{reference.name} cannot be read ({error.strerror})", remedy=f"look into {folder}"
        ) from None
    if digest != reference.sha256:
        raise MeasurementError(
            f"{reference.name} is not the file that was recorded (its SHA-256 differs)",
            remedy="fetch the evidence again",
        )
    return path


def _is_unfinished(record: EndRecord) -> bool:
    """Whether the process of this end was killed: its files end wherever they had come to."""
    return record.timings.name.endswith(TIMING_LOG)


def _timings(folder: Path, record: EndRecord) -> dict[str, Int64Array]:
    reference = record.timings
    path = _verified(folder, reference)
    try:
        if _is_unfinished(record):
            arrays = read_timing_log(path)
            return {name: values[: record.frame_count] for name, values in arrays.items()}
        _require_bounded(path)
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return {name: archive[name].astype(np.int64).reshape(-1) for name in archive.files}
    except (
        ValueError,
        TypeError,
        AttributeError,
        OSError,
        EOFError,
        MemoryError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        kind = "timing log" if _is_unfinished(record) else "NPZ file"
        raise MeasurementError(f"{reference.name} is no {kind} ({error})") from None


def _require_bounded(path: Path) -> None:
    """Refuse an NPZ file that is small and becomes huge: it comes from anywhere."""
    with zipfile.ZipFile(path) as archive:
        byte_count = sum(member.file_size for member in archive.infolist())
    if byte_count > _MOST_TIMING_BYTES:
        raise ValueError(f"it holds {byte_count} bytes, more than any call has")


def _array(timings: dict[str, Int64Array], name: str) -> Int64Array:
    if name not in timings:
        raise MeasurementError(f"the timings lack the array {name!r}", remedy="fetch the evidence again")
    return timings[name]


def _statistics(folder: Path, record: EndRecord) -> list[StatisticsSample]:
    # The last line may have been cut off where the process was killed.
    cut = _is_unfinished(record)
    with _verified(folder, record.statistics).open(encoding="utf-8") as file:
        return parse_lines(line for line in file if line.endswith("\n") or not cut)
