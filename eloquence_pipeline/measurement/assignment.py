"""Which phrase was received where, when several may have been received at the same place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eloquence_pipeline.measurement.coarse import Span
from eloquence_pipeline.measurement.search import Candidate

_OVERLAP_SECONDS = 0.1
"""A jitter buffer that plays faster may let a phrase end this much earlier than it would by its beginning."""


@dataclass(frozen=True)
class _Chain:
    """One way of giving places to the phrases up to some point.

    `total_delay` is counted in samples, negated, so that of two chains the better one compares greater.
    """

    count: int
    total_delay: int
    end_sample: int
    last: tuple[int, Candidate] | None
    before: _Chain | None

    @property
    def rank(self) -> tuple[int, int]:
        return self.count, self.total_delay


def assign(
    spans: Sequence[Span], candidates: Sequence[Sequence[Candidate]], rate_hz: int
) -> list[Candidate | None]:
    """Give each phrase at most one of its candidates, each place at most one phrase, in the order said.

    As many phrases as possible get a place; among the ways to do so, the one with the least total delay is
    taken. So a place at which a lost phrase seems to be, because the same phrase is said again there, goes
    to the one that was said last before it, while a run whose every phrase is late keeps every phrase.

    Parameters
    ----------
    spans
        The phrases in the order in which they were said.
    candidates
        For each phrase, the places at which it may be.
    rate_hz
        Of the samples that the places are counted in.

    Returns
    -------
    list
        For each phrase its candidate, or None.
    """
    slack = round(_OVERLAP_SECONDS * rate_hz)
    chains = [_Chain(0, 0, 0, None, None)]
    for number, (span, offered) in enumerate(zip(spans, candidates, strict=True)):
        longer: list[_Chain] = []
        for candidate in offered:
            begin = span.start_sample + candidate.lowest
            before = max(
                (c for c in chains if c.end_sample <= begin + slack), key=lambda c: c.rank, default=None
            )
            if before is not None:
                end = span.start_sample + candidate.highest + span.sample_count
                total = before.total_delay - (span.start_sample + candidate.lowest - span.earliest)
                longer.append(_Chain(before.count + 1, total, end, (number, candidate), before))
        chains = _undominated([*chains, *longer], span.earliest)
    chosen: list[Candidate | None] = [None] * len(spans)
    chain: _Chain | None = max(chains, key=lambda c: c.rank)
    while chain is not None:
        if chain.last is not None:
            chosen[chain.last[0]] = chain.last[1]
        chain = chain.before
    return chosen


def _undominated(chains: Sequence[_Chain], earliest: int) -> list[_Chain]:
    # A chain that ends later has to be better for that, or it will never be. Nothing begins before
    # `earliest`.
    kept: list[_Chain] = []
    for chain in sorted(chains, key=lambda c: (max(c.end_sample, earliest), -c.count, -c.total_delay)):
        if not kept or chain.rank > kept[-1].rank:
            kept.append(chain)
    return kept
