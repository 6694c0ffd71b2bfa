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
from eloquence_pipeline.speech.cache import PhraseCache, Synthesis, cache_key

pytestmark = pytest.mark.unit

VOICE = Voice(voice="roa/fr", rate_wpm=150, volume=0.9, engine="espeak-ng", engine_version="1.52.0")
TEXT = "Respirez."


def synthesis(seed: int = 0, generation_ms: float = 12.5) -> Synthesis:
    samples = np.random.default_rng(seed).integers(-9000, 9000, 480, dtype=np.int16)
    return Synthesis(samples, 48_000, generation_ms)


def never() -> Synthesis:
    raise AssertionError("synthesised again")


def counting(calls: list[int]) -> Callable[[], Synthesis]:
    def make() -> Synthesis:
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
    assert cache_key(TEXT, other) != cache_key(TEXT, VOICE)


def test_key_depends_on_text_and_format_and_on_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    key = cache_key(TEXT, VOICE)
    assert cache_key(TEXT, VOICE.model_copy()) == key
    assert cache_key("Respirez !", VOICE) != key
    monkeypatch.setattr(cache, "CACHE_FORMAT_VERSION", 2)
    assert cache_key(TEXT, VOICE) != key


def test_second_time_gives_the_same_bytes_and_the_original_generation_time(tmp_path: Path) -> None:
    phrases = PhraseCache(tmp_path / "phrases")
    first = phrases.get_or_make(TEXT, VOICE, lambda: synthesis(generation_ms=12.5))
    before = first.audio_path.read_bytes()
    second = phrases.get_or_make(TEXT, VOICE, never)
    assert (first.was_cached, second.was_cached) == (False, True)
    assert second.entry == first.entry
    assert second.entry.generation_ms == 12.5
    assert second.entry.sha256 == sha256_of_file(second.audio_path)
    assert second.audio_path.read_bytes() == before


@pytest.mark.parametrize("suffix", [".wav", ".json"])
@pytest.mark.parametrize("damage", ["missing", "empty", "flipped", "truncated"])
def test_damaged_entry_is_made_again(tmp_path: Path, suffix: str, damage: str) -> None:
    phrases = PhraseCache(tmp_path)
    path = phrases.get_or_make(TEXT, VOICE, synthesis).audio_path.with_suffix(suffix)
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        flipped = content[:30] + bytes([content[30] ^ 0xFF]) + content[31:]
        path.write_bytes({"empty": b"", "truncated": content[:-1], "flipped": flipped}[damage])
    again = phrases.get_or_make(TEXT, VOICE, lambda: synthesis(seed=7))
    assert not again.was_cached
    assert again.entry.sha256 == sha256_of_file(again.audio_path)
    assert phrases.get_or_make(TEXT, VOICE, never).was_cached


def test_failed_synthesis_leaves_no_entry(tmp_path: Path) -> None:
    phrases = PhraseCache(tmp_path)

    def fail() -> Synthesis:
        raise SynthesisError("no sound")

    with pytest.raises(SynthesisError, match="no sound"):
        phrases.get_or_make(TEXT, VOICE, fail)
    assert [path.name for path in tmp_path.iterdir() if path.suffix] == []


def test_threads_that_want_the_same_phrase_make_it_once(tmp_path: Path) -> None:
    calls: list[int] = []
    barrier = threading.Barrier(8)

    def want() -> str:
        barrier.wait()
        return PhraseCache(tmp_path).get_or_make(TEXT, VOICE, counting(calls)).entry.sha256

    with ThreadPoolExecutor(8) as pool:
        hashes = {future.result() for future in [pool.submit(want) for _ in range(8)]}
    assert len(calls) == 1
    assert len(hashes) == 1


def test_folder_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="phrase cache") as caught:
        PhraseCache(tmp_path / "file" / "phrases").get_or_make(TEXT, VOICE, synthesis)
    assert "ELOQUENCE_FOLDERS__CACHE" in caught.value.remedy
