"""What can be made of a run that ended before its end: its records, without a transmission or a result.

Where an end was over there is its record. Where its process was killed there are the files that were growing,
and what it had written down when it began.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from eloquence_pipeline.errors import StorageError
from eloquence_pipeline.models import Attempt, BegunEnd, RunInfo, Transmission
from eloquence_pipeline.storage.run_documents import RunDocuments
from eloquence_pipeline.storage.run_files import (
    BEGUN,
    PUBLISHER_RECORD,
    SCRIPT_FILE_BEFORE,
    SCRIPTS_FILE,
    SUBSCRIBER_RECORD,
)
from eloquence_pipeline.storage.unfinished import INTERRUPTED, unfinished_end
from eloquence_pipeline.storage.upgrade import upgraded_end, upgraded_scripts

UNKNOWN = "unknown"

_RECORD = re.compile(rf"{PUBLISHER_RECORD}(-\d+)?({re.escape(BEGUN)})?\.json")
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def assembled_transmission(documents: RunDocuments, attempts: Sequence[Attempt]) -> dict[str, Any]:
    """Return what both ends had written down when the run was interrupted, as a transmission.

    Raises
    ------
    StorageError
        If no end had written anything.
    """
    scripts = documents.read(SCRIPTS_FILE) or documents.read(SCRIPT_FILE_BEFORE)
    tags = sorted({found[1] or "" for name in documents.names() if (found := _RECORD.fullmatch(name))})
    if not scripts or not tags:
        raise _nothing_transmitted(documents.folder, attempts)
    with documents.reading(SCRIPTS_FILE):
        by_speaker = upgraded_scripts(scripts)
        channels = [channel for tag in tags if (channel := _channel(documents, tag, by_speaker))]
        if not channels:
            raise _nothing_transmitted(documents.folder, attempts)
        channels.sort(key=lambda channel: list(by_speaker).index(channel["speaker"]))
    room = attempts[-1].room if attempts else ""
    return {"room": room, "channels": channels, "failure": INTERRUPTED}


def _channel(documents: RunDocuments, tag: str, scripts: Mapping[str, Any]) -> dict[str, Any] | None:
    sent = _end(documents, f"{PUBLISHER_RECORD}{tag}")
    if sent is None:
        return None
    speaker = sent["identity"]
    return {
        "speaker": speaker,
        "script": scripts[speaker],
        "sent": sent,
        "received": _end(documents, f"{SUBSCRIBER_RECORD}{tag}"),
        "is_one_of_several": len(scripts) > 1,
    }


def _end(documents: RunDocuments, name: str) -> dict[str, Any] | None:
    """Return the record of an end; None where not a frame of it was written down."""
    record = upgraded_end(documents.read(f"{name}.json"))
    if record is not None:
        return record
    begun = documents.read(f"{name}{BEGUN}.json")
    if begun is None:
        return None
    with documents.reading(f"{name}{BEGUN}.json"):
        return unfinished_end(documents.folder, BegunEnd.model_validate(begun))


def _nothing_transmitted(folder: Path, attempts: Sequence[Attempt]) -> StorageError:
    causes = [attempt.error for attempt in attempts if attempt.error]
    because = f": {causes[-1]}" if causes else ""
    return StorageError(
        f"nothing was transmitted, or nothing of it was written down, in the run {folder}{because}",
        remedy="there is nothing to analyse; run the test again",
    )


def inferred_info(folder: Path, transmission: Transmission) -> RunInfo:
    """Return what identifies a run that wrote down neither a result nor a header.

    Its folder says which run it is; what only those would say is left empty.
    """
    channel = transmission.channels[0]
    started_at: datetime = channel.sent.started.wall
    return RunInfo(
        run_id=folder.name,
        scenario=folder.parent.name if _NAME.fullmatch(folder.parent.name) else UNKNOWN,
        started_at=started_at,
        target=UNKNOWN,
        livekit_url="",
        room=transmission.room,
        seed=channel.script.seed,
        parameters={},
        clock_id=channel.sent.clock_id,
        versions={},
    )
