"""The files of an end whose process was killed while they grew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from eloquence_pipeline.files import file_reference
from eloquence_pipeline.models import BegunEnd
from eloquence_pipeline.signal.timing_log import read_timing_log
from eloquence_pipeline.signal.wav import wav_sample_count
from eloquence_pipeline.storage.fetching import file_of_run

INTERRUPTED = "interrupted"

_NOT_OF_FRAMES = "loop_lag_ns"
"""All other times are those of the frames, one each."""
_NAMES = {"audio", "timings", "statistics", "events", "ssrcs"}


def unfinished_end(folder: Path, begun: BegunEnd) -> dict[str, Any] | None:
    """Return the record of an end as far as it came; None where not a frame is there.

    What was written last may be there in part: as many frames count as both the sound and the times have.

    Raises
    ------
    StorageError
        If a file is missing or leads elsewhere.
    MeasurementError
        If the sound is no WAV file.
    ValueError
        If the times or the events are none.
    """
    audio, timings, statistics, events = (
        file_of_run(folder, name) for name in (begun.audio, begun.timings, begun.statistics, begun.events)
    )
    # The last frame may have a deadline, and no hand-over yet.
    stamped = [len(values) for name, values in read_timing_log(timings).items() if name != _NOT_OF_FRAMES]
    frames = min(*stamped, wav_sample_count(audio) // begun.frame_samples) if stamped else 0
    if not frames:
        return None
    return {
        **begun.model_dump(mode="json", exclude=_NAMES),
        **({"ssrcs": begun.ssrcs} if begun.ssrcs else {}),
        "frame_count": frames,
        "audio": file_reference(audio, begun.audio).model_dump(),
        "timings": file_reference(timings, begun.timings).model_dump(),
        "statistics": file_reference(statistics, begun.statistics).model_dump(),
        "events": [json.loads(line) for line in whole_lines(events.read_text(encoding="utf-8"))],
        "failure": INTERRUPTED,
    }


def whole_lines(text: str) -> list[str]:
    """Return the lines of a text without one that was cut off at its end."""
    return text[: text.rfind("\n") + 1].splitlines()
