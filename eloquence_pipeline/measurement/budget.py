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

_MARGIN_NS = 1.0 * NANOSECONDS_PER_SECOND
"""The statistics name one packet every half second, so a short phrase may have none of its own."""


def phrase_budget(phrase: PhraseObservation, packets: PacketDelays, clock: Instant) -> DelayBudget:
    """Return what each stage took of one phrase.

    What neither the network nor the jitter buffer took of the one-way delay is the remainder:
    packetisation, codec, and the wait for the next 10 ms of playout.

    Parameters
    ----------
    phrase
        As it was found.
    packets
        The delays of single packets of its speaker.
    clock
        The moment on both clocks by which the phrase's times were made.
    """
    network_ms = remainder_ms = None
    if phrase.one_way_delay_ms is not None and phrase.jitter_buffer_ms is not None:
        begun_ns = clock.monotonic_ns + (phrase.sent_at - clock.wall).total_seconds() * NANOSECONDS_PER_SECOND
        left_ms = phrase.one_way_delay_ms - phrase.jitter_buffer_ms
        network_ms = packets.median_between(
            begun_ns,
            begun_ns + phrase.duration_seconds * NANOSECONDS_PER_SECOND,
            margin_ns=_MARGIN_NS,
            coarse_ms=left_ms - USUAL_MS[Stage.REMAINDER],
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
    """Return the budget of a run, and the stage to blame."""
    middle = median_budget(phrases)
    return BudgetFigures(
        median=middle, network=network, bottleneck=bottleneck(middle) if middle is not None else None
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
