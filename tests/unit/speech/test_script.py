"""Who says what when."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Clip, Phrase, Voice
from eloquence_pipeline.signal.wav import write_wav
from eloquence_pipeline.speech.script import (
    LEAD_IN_SECONDS,
    TAIL_SECONDS,
    draw_phrases,
    lay_out,
    phrases_to_fill,
    phrases_without_end,
    render,
    speech_goes_on_at,
)

pytestmark = pytest.mark.unit

RATE = 48_000
PHRASES = [Phrase(text=f"phrase numéro {number}", category="coaching") for number in range(8)]


def clip(seconds: float, path: Path = Path("unused.wav"), rate: int = RATE) -> Clip:
    return Clip(
        phrase=PHRASES[0],
        voice=Voice(voice="roa/fr", rate_wpm=150, volume=0.9, engine="e", engine_version="1"),
        audio_path=path,
        audio_sha256="0" * 64,
        sample_rate_hz=rate,
        sample_count=round(seconds * rate),
        generation_ms=10,
        from_cache=False,
    )


seeds = st.integers(1, 2**31)


@given(seed=seeds, lengths=st.lists(st.floats(0.3, 6), min_size=1, max_size=20), duration=st.integers(9, 120))
@settings(deadline=None)
def test_phrases_and_pauses_fill_the_test_and_stay_within_it(
    seed: int, lengths: list[float], duration: int
) -> None:
    script = lay_out([clip(length) for length in lengths], seed, 2.0, 4.0, duration)
    assert script.sample_count == duration * RATE
    assert script.phrases[0].start_sample == LEAD_IN_SECONDS * RATE
    assert script.phrases[-1].end_sample <= (duration - TAIL_SECONDS) * RATE
    assert [phrase.index for phrase in script.phrases] == list(range(1, len(script.phrases) + 1))
    pauses = [
        (after.start_sample - before.end_sample) / RATE
        for before, after in zip(script.phrases, script.phrases[1:], strict=False)
    ]
    assert all(2.0 - 1e-4 <= pause <= 4.0 + 1e-4 for pause in pauses)


@given(seed=seeds, duration=st.integers(5, 300))
@settings(deadline=None)
def test_the_same_seed_says_the_same(seed: int, duration: int) -> None:
    filled = phrases_to_fill(PHRASES, seed, duration, 2.0, 150)
    assert filled == phrases_to_fill(PHRASES, seed, duration, 2.0, 150)
    drawn = draw_phrases(PHRASES, seed, len(filled))
    assert filled[:-1] == drawn[:-1], "the last one may be the shortest, which surely fits"
    clips = [clip(1.0)] * 5
    assert lay_out(clips, seed, 2.0, 4.0, duration) == lay_out(clips, seed, 2.0, 4.0, duration)


def test_other_seeds_say_something_else() -> None:
    assert len({draw_phrases(PHRASES, seed, 8) for seed in range(1, 20)}) > 10


@given(seed=seeds)
@settings(deadline=None)
def test_no_phrase_is_repeated_before_all_were_said(seed: int) -> None:
    drawn = draw_phrases(PHRASES, seed, 50)
    for start in range(0, len(drawn) - len(PHRASES) + 1, len(PHRASES)):
        assert len({phrase.text for phrase in drawn[start : start + len(PHRASES)]}) == len(PHRASES)


def test_a_phrase_longer_than_the_test_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="--duration"):
        lay_out([clip(10)], 1, 2.0, 4.0, 9)


def test_no_phrase_at_all_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="no phrase"):
        draw_phrases([], 1, 5)


def test_clips_of_different_rates_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="one sample rate"):
        lay_out([clip(1), clip(1, rate=22_050)], 1, 2.0, 4.0, 30)


def test_rendering_puts_each_clip_in_its_place_and_silence_between(tmp_path: Path) -> None:
    samples = np.arange(1, RATE // 2 + 1, dtype=np.int16)
    write_wav(tmp_path / "clip.wav", samples, RATE)
    script = lay_out([clip(0.5, tmp_path / "clip.wav")] * 3, 7, 2.0, 4.0, 12)
    audio = render(script)
    assert len(audio) == 12 * RATE
    for phrase in script.phrases:
        assert np.array_equal(audio[phrase.start_sample : phrase.end_sample], samples)
    assert np.count_nonzero(audio) == len(samples) * len(script.phrases)


@given(seed=seeds)
@settings(deadline=None)
def test_half_of_the_others_come_between_a_phrase_and_its_repetition(seed: int) -> None:
    drawn = [phrase.text for phrase in draw_phrases(PHRASES, seed, 50)]
    for place, text in enumerate(drawn):
        following = drawn[place + 1 : place + len(PHRASES) // 2]
        assert text not in following


def test_without_a_duration_every_phrase_is_said() -> None:
    script = lay_out([clip(0.4)] * 50, 1, 0.5, 0.5)
    assert len(script.phrases) == 50
    assert script.duration_seconds == pytest.approx(1 + 50 * 0.4 + 49 * 0.5 + 1)


def test_among_long_phrases_one_that_fits_is_chosen() -> None:
    # 60 letters take 2.7 s at the least and 12 s at the most; a test of 8 s has room for 6.
    phrases = [Phrase(text=letter * 60, category="long") for letter in "abcdefg"]
    phrases.append(Phrase(text="Oui.", category="short"))
    for seed in range(1, 50):
        assert phrases[-1] in phrases_to_fill(phrases, seed, 8, 2.0, 150)


def test_a_recording_can_be_shorter_than_its_text(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(RATE, dtype=np.int16), RATE)
    recorded = [
        Phrase(text=f"{number} " + "mot " * 50, category="c", recording=tmp_path / "a.wav")
        for number in range(4)
    ]
    # 28 s in which each takes 1 s and the pause after it 2 s.
    assert len(phrases_to_fill(recorded, 1, 30, 2.0, 150)) >= 10


def test_drawing_goes_on_for_ever_in_the_same_order() -> None:
    assert tuple(islice(phrases_without_end(PHRASES, 7), 50)) == draw_phrases(PHRASES, 7, 50)


def test_a_moment_in_speech_is_one_with_the_least_silence_after_it() -> None:
    samples = np.full(10 * 48_000, 8000, dtype=np.int16)
    samples[: round(5.5 * 48_000)] = 0
    samples[round(5.9 * 48_000) : 6 * 48_000] = 0
    assert speech_goes_on_at(samples, 48_000, 5.0, 0.8) == pytest.approx(6.0)
    assert speech_goes_on_at(samples, 48_000, 5.0, 0.3) == pytest.approx(5.5)
    assert speech_goes_on_at(samples[: 5 * 48_000], 48_000, 5.0, 0.8) == 5.0
