"""Which stage took how long, and which one to blame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND, Instant
from eloquence_pipeline.measurement.method import AUDIBLE_EXCESS_MS, USUAL_MS
from eloquence_pipeline.measurement.network_delay import PacketDelays
from eloquence_pipeline.models import (
    Bottleneck,
    BudgetFigures,
    DelayBudget,
    NetworkDelay,
    PhraseObservation,
    Stage,
)

_NEAREST_WITHIN_NS = 1.0 * NANOSECONDS_PER_SECOND
"""How far from a phrase the nearest known packet may be where it has none of its own: there is one every half
second, and a sample may be missing."""


def with_budgets(
    phrases: Sequence[PhraseObservation], packets: PacketDelays, clock: Instant
) -> tuple[list[PhraseObservation], PacketDelays]:
    """Return phrases that know what each stage took of them, and the packet delays that this was taken from.

    What neither the network nor the jitter buffer took of the one-way delay is the remainder:
    packetisation, codec, and the wait for the next 10 ms of playout.

    Parameters
    ----------
    phrases
        As they were found.
    packets
        The delays of single packets of their speaker.
    clock
        The moment on both clocks by which the phrases' times were made.
    """
    coarse = {
        phrase.index: (*_stretch_ns(phrase, clock), left_ms - USUAL_MS[Stage.REMAINDER])
        for phrase in phrases
        if (left_ms := _without_jitter_buffer_ms(phrase)) is not None
    }
    packets = packets.checked_against(list(coarse.values()))
    budgets = {phrase.index: _budget(phrase, packets, coarse.get(phrase.index)) for phrase in phrases}
    return [p.model_copy(update={"budget": budgets[p.index]}) for p in phrases], packets


def _stretch_ns(phrase: PhraseObservation, clock: Instant) -> tuple[float, float]:
    begun_ns = clock.monotonic_ns + (phrase.sent_at - clock.wall).total_seconds() * NANOSECONDS_PER_SECOND
    return begun_ns, begun_ns + phrase.duration_seconds * NANOSECONDS_PER_SECOND


def _without_jitter_buffer_ms(phrase: PhraseObservation) -> float | None:
    if phrase.one_way_delay_ms is None or phrase.jitter_buffer_ms is None:
        return None
    return phrase.one_way_delay_ms - phrase.jitter_buffer_ms


def _budget(
    phrase: PhraseObservation, packets: PacketDelays, coarse: tuple[float, float, float] | None
) -> DelayBudget:
    network_ms = remainder_ms = None
    left_ms = _without_jitter_buffer_ms(phrase)
    if coarse is not None and left_ms is not None:
        start_ns, end_ns, coarse_ms = coarse
        network_ms = packets.median_between(
            start_ns, end_ns, nearest_within_ns=_NEAREST_WITHIN_NS, coarse_ms=coarse_ms
        )
        remainder_ms = None if network_ms is None else left_ms - network_ms
    return DelayBudget(
        generation_ms=phrase.generation_ms,
        send_ms=phrase.send_ms,
        network_ms=network_ms,
        jitter_buffer_ms=phrase.jitter_buffer_ms,
        remainder_ms=remainder_ms,
    )


def median_budget(phrases: Sequence[PhraseObservation]) -> DelayBudget | None:
    """Return the median of each stage over the received phrases; None if none was received."""
    budgets = [phrase.budget for phrase in phrases if phrase.received and phrase.budget]
    if not budgets:
        return None
    return DelayBudget(
        generation_ms=median(budget.generation_ms for budget in budgets),
        send_ms=median(budget.send_ms for budget in budgets),
        network_ms=_median(budget.network_ms for budget in budgets),
        jitter_buffer_ms=_median(budget.jitter_buffer_ms for budget in budgets),
        remainder_ms=_median(budget.remainder_ms for budget in budgets),
    )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def budget_figures(phrases: Sequence[PhraseObservation], network: NetworkDelay | None) -> BudgetFigures:
    """Return the budget of a run, and the stage to blame.

    Where several speak, it is that of the speaker whose stage exceeds its usual share most.
    """
    speakers = dict.fromkeys(phrase.speaker for phrase in phrases)
    budgets = {
        speaker: middle
        for speaker in speakers
        if (middle := median_budget([p for p in phrases if p.speaker == speaker])) is not None
    }
    if not budgets:
        return BudgetFigures(median=None, network=network, bottleneck=None)
    worst = max(budgets, key=lambda speaker: bottleneck(budgets[speaker]).excess_ms)
    return BudgetFigures(
        median=budgets[worst],
        network=network,
        bottleneck=bottleneck(budgets[worst]),
        speaker=worst if len(speakers) > 1 else "",
    )


def bottleneck(budget: DelayBudget) -> Bottleneck:
    """Return the stage that exceeds its usual share most, if by so much that it could be heard.

    The usual share is what the stage takes on a clean path (:mod:`~eloquence_pipeline.measurement.method`).
    """
    excess = {stage: value - USUAL_MS[stage] for stage in Stage if (value := budget.of(stage)) is not None}
    worst = max(excess, key=lambda stage: excess[stage])
    to_blame = excess[worst] >= AUDIBLE_EXCESS_MS
    return Bottleneck(
        stage=worst if to_blame else None,
        excess_ms=excess[worst],
        usual_ms=USUAL_MS[worst],
        value_ms=excess[worst] + USUAL_MS[worst],
    )
