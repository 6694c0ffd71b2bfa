"""Values with the place that they were given in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from eloquence_pipeline.settings.keys import KeyPath


class Source(Enum):
    """Where a value can come from; the word is that of a remedy."""

    ENVIRONMENT = "the environment variable"
    DOTENV = "the line in .env"
    FILE = "the file"


@dataclass(frozen=True)
class Given:
    """A value that somebody has given.

    Attributes
    ----------
    origin
        Where, as ``eloquence config`` shows it: ``LIVEKIT_URL``, ``.env`` or ``config.json``.
    name
        How an error calls it: ``LIVEKIT_URL``, ``LIVEKIT_URL in .env`` or ``config.json: livekit_url``.
    """

    value: object
    source: Source
    origin: str
    name: str


@dataclass(frozen=True)
class Problem:
    """Something that is wrong, in one line."""

    text: str
    source: Source


@dataclass(frozen=True)
class Layer:
    """What one source gives, and what is wrong there already."""

    values: Mapping[KeyPath, Given] = field(default_factory=dict[KeyPath, Given])
    problems: tuple[Problem, ...] = ()
