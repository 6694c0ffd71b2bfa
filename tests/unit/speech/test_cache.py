from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from eloquence_pipeline.errors import ConfigurationError, SynthesisError
from eloquence_pipeline.files import sha256_of_file
from eloquence_pipeline.models import Voice
from eloquence_pipeline.speech import cache
from eloquence_pipeline.speech.cache import CacheEntry, Origin, PhraseCache, Sound, cache_key

pytestmark = pytest.mark.unit

VOICE = Voice(voice="roa/fr", rate_wpm=150, volume=0.9, engine="espeak-ng", engine_version="1.52.0")
TEXT = "Respirez."
SPOKEN = Origin(text=TEXT, voice=VOICE)
RECORDED = Origin(recording_sha256="ab" * 32)


def synthesis(seed: int = 0, generation_ms: float = 12.5) -> Sound:
    samples = np.random.default_rng(seed).integers(-9000, 9000, 480, dtype=np.int16)
    return Sound(samples, 48_000, generation_ms)


def never() -> Sound:
    raise AssertionError("synthesised again")


def counting(calls: list[int]) -> Callable[[], Sound]:
    def make() -> Sound:
        calls.append(len(calls))
        return synthesis(seed=len(calls))

    return make


@pytest.mark.parametrize(
    "other",
    [
        VOICE.model_copy(update={"voice": "roa/fr-be"}),
        VOICE.model_copy(update={"rate_wpm": 151}),
        VOICE.model_copy(update={"volume": 0.8}),
        VOICE.model_copy(update={"engine": "other"}),
        VOICE.model_copy(update={"engine_version": "1.53.0"}),
    ],
    ids=["voice", "rate", "volume", "engine", "engine version"],
)
def test_key_depends_on_each_ingredient_of_the_voice(other: Voice) -> None:
    assert cache_key(Origin(text=TEXT, voice=other)) != cache_key(SPOKEN)


def test_key_depends_on_text_and_format_and_on_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    key = cache_key(SPOKEN)
    assert cache_key(SPOKEN.model_copy()) == key
    assert cache_key(Origin(text="Respirez !", voice=VOICE)) != key
    monkeypatch.setattr(cache, "CACHE_FORMAT_VERSION", 2)
    assert cache_key(SPOKEN) != key


def test_key_of_a_recording_depends_on_its_content_and_format(monkeypatch: pytest.MonkeyPatch) -> None:
    key = cache_key(RECORDED)
    assert key != cache_key(SPOKEN)
    assert key != cache_key(Origin(recording_sha256="cd" * 32))
    monkeypatch.setattr(cache, "CACHE_FORMAT_VERSION", 2)
    assert cache_key(RECORDED) != key


def test_entries_from_before_there_were_recordings_stay_valid() -> None:
    # As version 0.1.0 wrote it; the key is the name of the file then.
    entry = CacheEntry.model_validate(
        {
            "version": 1,
            "text": TEXT,
            "voice": VOICE.model_dump(),
            "sha256": "0" * 64,
            "sample_rate_hz": 48_000,
            "sample_count": 480,
            "generation_ms": 12.5,
        }
    )
    assert (entry.voice, entry.recording_sha256) == (VOICE, None)
    assert cache_key(SPOKEN) == "b5d4fb5530a3e4f1247155c39e257c03e2e0e358bfd94eaf516268b86f666bb5"


def test_an_entry_says_what_it_was_made_from(tmp_path: Path) -> None:
    entry = PhraseCache(tmp_path).get_or_make(RECORDED, lambda: synthesis(generation_ms=0)).entry
    assert (entry.text, entry.voice, entry.recording_sha256) == ("", None, "ab" * 32)
    assert PhraseCache(tmp_path).get_or_make(RECORDED, never).entry == entry


def test_second_time_gives_the_same_bytes_and_the_original_generation_time(tmp_path: Path) -> None:
    phrases = PhraseCache(tmp_path / "phrases")
    first = phrases.get_or_make(SPOKEN, lambda: synthesis(generation_ms=12.5))
    before = first.audio_path.read_bytes()
    second = phrases.get_or_make(SPOKEN, never)
    assert (first.was_cached, second.was_cached) == (False, True)
    assert second.entry == first.entry
    assert second.entry.generation_ms == 12.5
    assert second.entry.sha256 == sha256_of_file(second.audio_path)
    assert second.audio_path.read_bytes() == before


@pytest.mark.parametrize("suffix", [".wav", ".json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "flipped", "truncated"])
def test_damaged_entry_is_made_again(tmp_path: Path, suffix: str, damage: str) -> None:
    phrases = PhraseCache(tmp_path)
    path = phrases.get_or_make(SPOKEN, synthesis).audio_path.with_suffix(suffix)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        flipped = content[:30] + bytes([content[30] ^ 0xFF]) + content[31:]
        path.write_bytes({"empty": b"", "truncated": content[:-1], "flipped": flipped}[damage])
    again = phrases.get_or_make(SPOKEN, lambda: synthesis(seed=7))
    assert not again.was_cached
    assert again.entry.sha256 == sha256_of_file(again.audio_path)
    assert phrases.get_or_make(SPOKEN, never).was_cached


def test_failed_synthesis_leaves_no_entry(tmp_path: Path) -> None:
    phrases = PhraseCache(tmp_path)

    def fail() -> Sound:
        raise SynthesisError("no sound")

    with pytest.raises(SynthesisError, match="no sound"):
        phrases.get_or_make(SPOKEN, fail)
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == []


def test_threads_that_want_the_same_phrase_make_it_once(tmp_path: Path) -> None:
    calls: list[int] = []
    barrier = threading.Barrier(8)

    def want() -> str:
        barrier.wait()
        return PhraseCache(tmp_path).get_or_make(SPOKEN, counting(calls)).entry.sha256

    with ThreadPoolExecutor(8) as pool:
        hashes = {future.result() for future in [pool.submit(want) for _ in range(8)]}
    assert len(calls) == 1
    assert len(hashes) == 1


def test_folder_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="phrase cache") as caught:
        PhraseCache(tmp_path / "file" / "phrases").get_or_make(SPOKEN, synthesis)
    assert "ELOQUENCE_FOLDERS__CACHE" in caught.value.remedy
