"""What was lost, in lines that a person reads."""

from __future__ import annotations

import pytest

from eloquence_pipeline.measurement.loss import loss_level
from eloquence_pipeline.models import Disagreement, DisagreementKind, Gap, LossFigures
from eloquence_pipeline.reporting.losses import loss_lines

pytestmark = pytest.mark.unit

NOTHING = LossFigures(
    phrases=loss_level(0, 12),
    rtp=loss_level(0, 3000),
    concealed=loss_level(0, 48_000),
    audio=loss_level(0, 48_000),
    audio_undecided_samples=0,
    gap_count=0,
    gaps=(),
    timelines=(),
)


def gap(phrase_index: int, duration_ms: float, *, whole_phrase: bool = False) -> Gap:
    return Gap(
        phrase_index=phrase_index,
        position_in_sent_seconds=float(phrase_index),
        position_in_received_seconds=None if whole_phrase else phrase_index + 0.05,
        duration_ms=duration_ms,
        whole_phrase=whole_phrase,
        estimated_words=() if whole_phrase else ("votre", "voix"),
    )


def test_nothing_is_said_where_nothing_was_lost() -> None:
    assert loss_lines(NOTHING) == []


def test_a_gap_is_told_with_its_place_and_its_words() -> None:
    lost = NOTHING.model_copy(update={"gap_count": 2, "gaps": (gap(3, 180), gap(4, 900, whole_phrase=True))})
    assert loss_lines(lost) == [
        "Trou de 180 ms dans la phrase 3, à 3.05 s de l'enregistrement : « votre voix »",
        "Perdue : la phrase 4 entière (900 ms)",
    ]


def test_of_many_gaps_the_longest_are_told_in_their_order_and_the_others_counted() -> None:
    gaps = tuple(gap(index, 100 + index) for index in range(1, 10))
    lines = loss_lines(NOTHING.model_copy(update={"gap_count": 9, "gaps": gaps}))
    assert [line.split(",")[0].split()[-1] for line in lines[:-1]] == ["5", "6", "7", "8", "9"]
    assert lines[-1] == "… et 4 autres trous, plus courts"


@pytest.mark.parametrize("kind", list(DisagreementKind))
def test_every_kind_of_disagreement_has_its_words(kind: DisagreementKind) -> None:
    found = Disagreement(kind=kind, speaker="speaker-2", explanation="…")
    (line,) = loss_lines(NOTHING.model_copy(update={"disagreements": (found,)}))
    assert line.startswith("Témoins en désaccord (speaker-2) : ")
