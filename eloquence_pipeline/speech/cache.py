"""Phrases as clips, kept under a hash of everything their sound depends on.

An entry is ``<key>.wav`` with ``<key>.json`` beside it; the second is written last and names the
SHA-256 of the first, so an entry that is torn or damaged is recognised and made again. Reading takes
no lock. One lock file a folder lets one thread of one process at a time make entries, so that the same phrase
is not synthesised twice: the engine gives slightly other samples each time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from filelock import FileLock, Timeout
from pydantic import Field, NonNegativeFloat, PositiveInt, ValidationError

from eloquence_pipeline.errors import ConfigurationError, SynthesisError
from eloquence_pipeline.files import sha256_of_file, write_atomically
from eloquence_pipeline.models import Record, Voice
from eloquence_pipeline.signal.wav import Int16Samples, write_wav

CACHE_FORMAT_VERSION = 1
"""Raise it whenever trimming, resampling or the sample rate of clips changes."""

_LOCK_TIMEOUT_SECONDS = 120.0


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Origin(Record):
    """Everything a sound depends on: a text and the voice that says it, or a recording."""

    text: str = ""
    voice: Voice | None = None
    recording_sha256: Sha256 | None = None


class CacheEntry(Origin):
    """The JSON file beside a cached WAV file."""

    version: Literal[1] = CACHE_FORMAT_VERSION
    sha256: Sha256
    sample_rate_hz: PositiveInt
    sample_count: PositiveInt
    generation_ms: NonNegativeFloat
    """Of the synthesis that made the entry; 0 for a recording."""


class Sound(NamedTuple):
    """A freshly made sound."""

    samples: Int16Samples
    """int16, shape (n,)."""
    sample_rate_hz: int
    generation_ms: float


class Found(NamedTuple):
    """An entry, the WAV file it describes, and whether it was there before."""

    entry: CacheEntry
    audio_path: Path
    was_cached: bool


def cache_key(origin: Origin) -> str:
    """Return the name of an entry: 64 hexadecimal digits over everything the sound depends on."""
    ingredients: dict[str, object] = {"format": CACHE_FORMAT_VERSION}
    if origin.recording_sha256:
        ingredients |= {"recording": origin.recording_sha256}
    if origin.voice:
        ingredients |= {"text": origin.text, **origin.voice.model_dump()}
    canonical = json.dumps(ingredients, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


class PhraseCache:
    """A folder of clips, shared by threads and processes.

    Parameters
    ----------
    folder
        Made when it is first written to. Entries that are already there can be read from a folder that
        cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_or_make(self, origin: Origin, make: Callable[[], Sound]) -> Found:
        """Return the entry of a sound, made by `make` if there is none that is whole.

        Raises
        ------
        ConfigurationError
            If the folder cannot be written.
        SynthesisError
            If another process holds the folder's lock for two minutes, or whatever `make` raises.
        """
        key = cache_key(origin)
        entry = self._read(key)
        if entry:
            return Found(entry, self._audio_path(key), was_cached=True)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / ".lock", _LOCK_TIMEOUT_SECONDS, poll_interval=0.01):
                entry = self._read(key)
                if entry:
                    return Found(entry, self._audio_path(key), was_cached=True)
                return Found(self._write(key, origin, make()), self._audio_path(key), was_cached=False)
        except Timeout:
            raise SynthesisError(
                f"another process keeps the phrase cache {self.folder} locked",
                remedy="end that process, or set ELOQUENCE_FOLDERS__CACHE to another folder",
                transient=True,
            ) from None
        except OSError as error:
            raise ConfigurationError(
                f"the phrase cache {self.folder} cannot be written: {error.strerror or error}",
                remedy="make the folder writable, or set ELOQUENCE_FOLDERS__CACHE to another one",
            ) from None

    def _audio_path(self, key: str) -> Path:
        return self.folder / f"{key}.wav"

    def _sidecar_path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _read(self, key: str) -> CacheEntry | None:
        try:
            entry = CacheEntry.model_validate_json(self._sidecar_path(key).read_bytes())
            return entry if sha256_of_file(self._audio_path(key)) == entry.sha256 else None
        except (OSError, ValidationError):
            return None

    def _write(self, key: str, origin: Origin, made: Sound) -> CacheEntry:
        audio = write_wav(self._audio_path(key), made.samples, made.sample_rate_hz)
        entry = CacheEntry(
            text=origin.text,
            voice=origin.voice,
            recording_sha256=origin.recording_sha256,
            sha256=audio.sha256,
            sample_rate_hz=made.sample_rate_hz,
            sample_count=made.samples.size,
            generation_ms=made.generation_ms,
        )
        write_atomically(self._sidecar_path(key), entry.model_dump_json(indent=2).encode())
        return entry
