"""Which phrases are worth listening to."""

from __future__ import annotations

from eloquence_pipeline.models import PhraseObservation, PhraseQuality, ScenarioResult


def worst_phrases(result: ScenarioResult, number: int) -> tuple[PhraseObservation, ...]:
    """Return the worst phrases of a run, the worst one first.

    Parameters
    ----------
    result
        Of the run.
    number
        How many, at most.

    Returns
    -------
    tuple of PhraseObservation
        First those that were not received, then those of which least was heard, then by score (MOS-LQO, where
        there is one) and by delay. Those that a verdict names are among them.
    """
    scores = {each.index: each for each in result.quality.phrases} if result.quality else {}
    named = {figure.worst_phrase_index for figure in result.verdict.figures}

    def badness(phrase: PhraseObservation) -> tuple[bool, bool, float, float, float]:
        return (
            phrase.received,
            phrase.index not in named,
            phrase.received_ratio,
            _mos_lqo(scores.get(phrase.index)),
            -(phrase.one_way_delay_ms or 0.0),
        )

    return tuple(sorted(result.phrases, key=badness)[:number])


def _mos_lqo(quality: PhraseQuality | None) -> float:
    best = 5.0
    return quality.mos_lqo.value if quality and quality.mos_lqo else best
