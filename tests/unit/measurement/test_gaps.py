"""What was not heard is found in the sound."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eloquence_pipeline.measurement.delay import find_phrases
from eloquence_pipeline.measurement.gaps import HeardSpeech, hear, words_between
from tests.simulated import RATE, babble, ends_of, said

pytestmark = pytest.mark.unit

DELAY = 4000
CLIP = babble(3, 2.0)


def heard(received: np.ndarray) -> HeardSpeech:
    sent, _, places = said([CLIP], [DELAY])
    ends = ends_of(sent, received)
    (arrival,) = find_phrases(ends, places)
    return hear(ends.audio, arrival.span, arrival.course)


def clean() -> np.ndarray:
    return said([CLIP], [DELAY])[1]


def test_what_was_heard_has_no_gap() -> None:
    speech = heard(0.4 * clean() + np.random.default_rng(1).standard_normal(len(clean())) * 20)
    assert (speech.lost_samples, speech.undecided_samples, speech.gaps) == (0, 0, ())
    assert speech.received_ratio == 1


def test_noise_as_loud_as_the_speech_makes_no_gap() -> None:
    level = np.sqrt(np.mean(CLIP.astype(np.float64) ** 2))
    speech = heard(clean() + np.random.default_rng(1).standard_normal(len(clean())) * level)
    assert speech.received_ratio > 0.99


@given(at_ms=st.integers(50, 1700), length_ms=st.integers(40, 250))
@settings(max_examples=5, deadline=None)
def test_a_silent_gap_is_located_within_two_frames(at_ms: int, length_ms: int) -> None:
    received = clean()
    first = RATE + DELAY + at_ms * RATE // 1000
    received[first : first + length_ms * RATE // 1000] = 0
    (gap,) = heard(received).gaps
    assert gap.sent_seconds * 1000 == pytest.approx(1000 + at_ms, abs=21)
    assert gap.duration_ms == pytest.approx(length_ms, abs=25)
    assert gap.received_seconds == pytest.approx(gap.sent_seconds + DELAY / RATE, abs=1e-4)


def test_speech_that_was_replaced_by_other_speech_is_a_gap() -> None:
    received = clean()
    first = RATE + DELAY + RATE // 2
    received[first : first + RATE // 4] = babble(8, 1.0)[: RATE // 4]
    speech = heard(received)
    assert all(1.48 <= gap.sent_seconds <= 1.75 for gap in speech.gaps)
    assert speech.lost_samples > RATE // 8
    assert speech.lost_samples + speech.undecided_samples <= RATE // 4 + 960


@pytest.mark.parametrize("missing", [0.1, 0.3])
def test_the_share_of_what_is_missing_is_measured(missing: float) -> None:
    received = clean()
    kept = np.random.default_rng(4).random(len(received) // 960 + 1) >= missing
    mask = kept.repeat(960)[: len(received)]
    speech = heard(received * mask)
    truth = 1 - mask[RATE + DELAY : RATE + DELAY + len(CLIP)].mean()
    assert 1 - speech.received_ratio == pytest.approx(truth, abs=0.03)
    assert len(speech.gaps) > 5


def test_a_phrase_that_was_not_received_is_one_gap() -> None:
    speech = heard(np.zeros(len(clean())))
    (gap,) = speech.gaps
    assert (gap.sent_seconds, gap.received_seconds, gap.duration_ms) == (1.0, None, 2000.0)
    assert speech.lost_samples == speech.active_samples > RATE
    assert speech.received_ratio == 0


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (0.0, 1.0, ("Posez", "les", "deux", "pieds")),
        (0.0, 0.35, ("Posez",)),
        (0.55, 0.9, ("deux", "pieds")),
        (0.20, 0.21, ("Posez",)),
        (1.2, 1.4, ("pieds",)),
    ],
)
def test_words_are_estimated_by_their_letters(begin: float, end: float, words: tuple[str, ...]) -> None:
    assert words_between("Posez les deux — pieds !", begin, end) == words


def test_a_text_without_words_has_none() -> None:
    assert words_between("…", 0, 1) == ()
