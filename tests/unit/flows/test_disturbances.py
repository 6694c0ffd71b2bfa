"""Which calls `--test reconnect` makes, and what is said in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from eloquence_pipeline.models import Clip, DisturbanceKind, DisturbedSide, Phrase
from flows.disturbances import AFTER_SECONDS, BEFORE_SECONDS, plan_cases
from tests.simulated import RATE, VOICE

pytestmark = pytest.mark.unit

SPEAKER, LISTENER, BOTH = DisturbedSide.SPEAKER, DisturbedSide.LISTENER, DisturbedSide.BOTH


def test_everything_is_tried_on_each_side_and_what_hits_both_once() -> None:
    cases = plan_cases([], [], 1, seed=1)
    tried = [(case.disturbance.kind, case.disturbance.side) for case in cases]
    assert len(set(tried)) == len(tried) == 2 * (len(DisturbanceKind) - 1) + 1
    assert {kind for kind, _ in tried} == set(DisturbanceKind)
    assert [side for kind, side in tried if kind is DisturbanceKind.SERVER_RESTART] == [BOTH]


def test_one_side_alone_leaves_out_the_other_but_not_what_hits_both() -> None:
    cases = plan_cases(
        [DisturbanceKind.FULL_RECONNECT, DisturbanceKind.SERVER_RESTART], [LISTENER], 1, seed=1
    )
    assert [case.disturbance.side for case in cases] == [LISTENER, BOTH]


def test_repetitions_follow_each_other_and_each_says_something_else() -> None:
    cases = plan_cases([DisturbanceKind.MIGRATION, DisturbanceKind.MIGRATION], [], 3, seed=10)
    assert [(case.disturbance.side, case.repetition) for case in cases] == [
        *((SPEAKER, number) for number in (1, 2, 3)),
        *((LISTENER, number) for number in (1, 2, 3)),
    ]
    assert [case.seed for case in cases] == [10, 11, 12, 13, 14, 15]


@pytest.mark.parametrize("kind", list(DisturbanceKind))
def test_a_call_is_longer_than_its_disturbance(kind: DisturbanceKind) -> None:
    (case, *_) = plan_cases([kind], [], 1, seed=1)
    assert case.disturbance.at_seconds == BEFORE_SECONDS
    assert case.duration_seconds >= BEFORE_SECONDS + kind.outage_seconds + AFTER_SECONDS


def test_phrase_follows_phrase_without_a_pause(tmp_path: Path) -> None:
    clips = {
        phrase: Clip(
            phrase=phrase,
            voice=VOICE,
            audio_path=tmp_path / "unused.wav",
            audio_sha256="0" * 64,
            sample_rate_hz=RATE,
            sample_count=round(seconds * RATE),
            generation_ms=1.0,
            from_cache=False,
        )
        for number, seconds in enumerate((0.6, 1.1, 2.2, 3.1))
        for phrase in (Phrase(text=f"phrase {number}", category="greetings"),)
    }
    (case,) = plan_cases([DisturbanceKind.BLACKOUT_8S], [SPEAKER], 1, seed=5)
    script = case.lay_out(clips)
    assert script.duration_seconds == case.duration_seconds
    for phrase, following in zip(script.phrases, script.phrases[1:], strict=False):
        assert following.start_sample == phrase.end_sample
    # What is left at the end is shorter than the shortest phrase, and the second of silence.
    assert script.sample_count - script.phrases[-1].end_sample <= 1.7 * RATE
