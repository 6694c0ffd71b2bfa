"""What the store is given of a run's recordings, as it is written to ``kept.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt

from eloquence_pipeline.models.base import Record


class KeptPhrase(Record):
    """The sound of one phrase."""

    index: PositiveInt
    speaker: str
    text: str
    received: bool
    """Where it was not, its file holds what was heard when it should have been."""
    sent_audio: str
    """Name of the WAV file of what was said, with half a second before and after it."""
    received_audio: str
    """Of what was heard; empty if nothing was recorded."""


class KeptEvidence(Record):
    """What the store is given of a run of which it does not get everything."""

    keep: Literal["worst", "figures"]
    phrases: tuple[KeptPhrase, ...] = ()
    """The worst one first."""
    left_out: tuple[str, ...]
    """Names of the files that stay on the machine that measured."""
