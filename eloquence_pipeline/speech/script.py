"""Who says what when: from phrases and a seed to one stretch of audio."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import cast

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.errors import ConfigurationError
from eloquence_pipeline.models import Clip, Phrase, ScheduledPhrase, SpeechScript
from eloquence_pipeline.signal.sound_file import SHORTEST_SECONDS, read_header
from eloquence_pipeline.signal.wav import read_wav

Int16Array = npt.NDArray[np.int16]

LEAD_IN_SECONDS = 1.0
"""Silence before the first phrase, in which the receiver's jitter buffer settles."""
TAIL_SECONDS = 1.0
"""Silence after the last phrase, in which it can still arrive."""

_SHORTEST_SECONDS_PER_CHARACTER = 0.045
_ORDINARY_CHARACTERS = set("abcdefghijklmnopqrstuvwxyzàâæçéèêëîïôœùûüÿ '’.,;:!?-")
_LONGEST_SECONDS_PER_CHARACTER = 0.2
"""Measured: 0.19 s where words are spelt out; ordinary phrases take 0.07 s."""
_LONGEST_SECONDS_PER_OTHER_CHARACTER = 1.7
"""Measured: up to 0.6 s for a digit, 1.3 s for an emoji, 1.63 s for the letter ŵ."""
_REFERENCE_RATE_WPM = 150


def draw_pauses(
    seed: int, count: int, shortest_seconds: float, longest_seconds: float
) -> npt.NDArray[np.float64]:
    """Draw `count` pauses, evenly distributed; the same seed gives the same pauses."""
    return np.random.default_rng((seed, 1)).uniform(shortest_seconds, longest_seconds, count)


def draw_phrases(phrases: Sequence[Phrase], seed: int, count: int) -> tuple[Phrase, ...]:
    """Choose `count` phrases in random order; the same seed chooses the same.

    No phrase is said twice before every other was said, and at least half of the others come between:
    a lost phrase must not be taken for its repetition.

    Raises
    ------
    ConfigurationError
        If there is no phrase to choose from.
    """
    return tuple(islice(phrases_without_end(phrases, seed), count))


def phrases_without_end(phrases: Sequence[Phrase], seed: int) -> Iterator[Phrase]:
    """Draw phrases in random order, as :func:`draw_phrases` does, for as long as one asks.

    Raises
    ------
    ConfigurationError
        If there is no phrase to choose from.
    """
    if not phrases:
        raise ConfigurationError("there is no phrase to speak", remedy="add phrases to the category")
    generator = np.random.default_rng((seed, 0))
    order = _shuffled(range(len(phrases)), generator)
    while True:
        yield from (phrases[place] for place in order)
        half = len(order) // 2
        order = _shuffled(order[:half], generator) + _shuffled(order[half:], generator)


def _shuffled(places: Sequence[int], generator: np.random.Generator) -> list[int]:
    return cast(list[int], generator.permutation(np.asarray(places, dtype=np.int64)).tolist())


def phrases_to_fill(
    phrases: Sequence[Phrase], seed: int, duration_seconds: int, shortest_pause_seconds: float, rate_wpm: int
) -> tuple[Phrase, ...]:
    """Choose at least as many phrases as fit into `duration_seconds`.

    How long a phrase takes is known only once it has been synthesised, so this errs on the side of
    a phrase too many; :func:`lay_out` takes what fits.

    Raises
    ------
    ConfigurationError
        If there is no phrase to choose from.
    """
    room_seconds = left_seconds = duration_seconds - LEAD_IN_SECONDS - TAIL_SECONDS
    most = max(1, len(phrases), math.ceil(left_seconds / shortest_pause_seconds))
    chosen = draw_phrases(phrases, seed, most)
    count = 0
    while count < len(chosen) and left_seconds > 0:
        left_seconds -= _shortest_seconds(chosen[count], rate_wpm) + shortest_pause_seconds
        count += 1
    if any(longest_seconds(phrase, rate_wpm) <= room_seconds for phrase in chosen[:count]):
        return chosen[:count]
    # In a short test all of them may turn out too long.
    shortest = min(phrases, key=lambda phrase: longest_seconds(phrase, rate_wpm))
    return chosen[:count] if shortest in chosen[:count] else (*chosen[:count], shortest)


def _shortest_seconds(phrase: Phrase, rate_wpm: int) -> float:
    if phrase.recording:
        return SHORTEST_SECONDS
    return _SHORTEST_SECONDS_PER_CHARACTER * len(phrase.text) * _REFERENCE_RATE_WPM / rate_wpm


def longest_seconds(phrase: Phrase, rate_wpm: int) -> float:
    """Return how long a phrase takes at most, without synthesising it.

    Raises
    ------
    ConfigurationError
        If its recording cannot be read.
    """
    if phrase.recording:
        return read_header(phrase.recording).duration_seconds
    ordinary = sum(character in _ORDINARY_CHARACTERS for character in phrase.text.lower())
    other = len(phrase.text) - ordinary
    seconds = ordinary * _LONGEST_SECONDS_PER_CHARACTER + other * _LONGEST_SECONDS_PER_OTHER_CHARACTER
    return seconds * _REFERENCE_RATE_WPM / rate_wpm


def lay_out(
    clips: Sequence[Clip],
    seed: int,
    shortest_pause_seconds: float,
    longest_pause_seconds: float,
    duration_seconds: int | None = None,
) -> SpeechScript:
    """Put clips one after the other, with random pauses between them.

    Parameters
    ----------
    clips
        What is said; all at one sample rate.
    seed
        The same seed gives the same pauses.
    shortest_pause_seconds, longest_pause_seconds
        Bounds of the pauses.
    duration_seconds
        Length of the script, which takes as many clips as fit; None takes all of them.

    Raises
    ------
    ConfigurationError
        If not even the first clip fits, or the clips are of different sample rates.
    """
    rates = {clip.sample_rate_hz for clip in clips}
    if len(rates) != 1:
        raise ConfigurationError(f"all clips of a script must have one sample rate, not {sorted(rates)}")
    rate = rates.pop()
    pauses = draw_pauses(seed, len(clips), shortest_pause_seconds, longest_pause_seconds)
    end = math.inf if duration_seconds is None else round((duration_seconds - TAIL_SECONDS) * rate)
    start = round(LEAD_IN_SECONDS * rate)
    scheduled: list[ScheduledPhrase] = []
    for clip, pause_seconds in zip(clips, pauses, strict=True):
        if start + clip.sample_count > end:
            continue  # a shorter one after it may still fit
        scheduled.append(
            ScheduledPhrase(
                index=len(scheduled) + 1, clip=clip, start_sample=start, sample_count=clip.sample_count
            )
        )
        start += clip.sample_count + round(float(pause_seconds) * rate)
    if not scheduled:
        raise ConfigurationError(
            f"the phrase {clips[0].phrase.text!r} takes {clips[0].duration_seconds:.1f} s "
            f"and does not fit into a test of {duration_seconds} s",
            remedy="make the test longer with --duration",
        )
    needed = scheduled[-1].end_sample + round(TAIL_SECONDS * rate)
    return SpeechScript(
        seed=seed,
        sample_rate_hz=rate,
        sample_count=needed if duration_seconds is None else duration_seconds * rate,
        phrases=tuple(scheduled),
    )


def numbered_together(scripts: Mapping[str, SpeechScript]) -> dict[str, SpeechScript]:
    """Give the phrases of all speakers numbers in the order in which they begin."""
    starts = sorted(
        (phrase.start_sample, speaker, phrase.index)
        for speaker, script in scripts.items()
        for phrase in script.phrases
    )
    number = {(speaker, index): place for place, (_, speaker, index) in enumerate(starts, start=1)}
    return {
        speaker: script.model_copy(
            update={
                "phrases": tuple(
                    phrase.model_copy(update={"index": number[speaker, phrase.index]})
                    for phrase in script.phrases
                )
            }
        )
        for speaker, script in scripts.items()
    }


def sounds(script: SpeechScript) -> list[tuple[int, Int16Array]]:
    """Return the phrases of a script as samples, each with the place of its first one, in their order.

    A clip that is said several times is read once: a script of hours takes no more memory than the phrases
    that it draws from.

    Raises
    ------
    MeasurementError
        If the file of a clip cannot be read.
    """
    paths = dict.fromkeys(phrase.clip.audio_path for phrase in script.phrases)
    samples = {path: read_wav(path)[0] for path in paths}
    return [(phrase.start_sample, samples[phrase.clip.audio_path]) for phrase in script.phrases]


def render(script: SpeechScript) -> Int16Array:
    """Return the audio of a whole script in one piece, int16 of shape (script.sample_count,).

    Raises
    ------
    MeasurementError
        If the file of a clip cannot be read.
    """
    rendered = np.zeros(script.sample_count, dtype=np.int16)
    for start, samples in sounds(script):
        rendered[start : start + len(samples)] = samples
    return rendered
