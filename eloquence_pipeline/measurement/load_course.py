"""How a load went over time: the phrases of all sessions, interval by interval."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from eloquence_pipeline.measurement.over_time import interval_seconds
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import PhraseObservation
from eloquence_pipeline.models.load import LoadInterval


def course_of(phrases: Sequence[PhraseObservation]) -> tuple[LoadInterval, ...]:
    """Return the figures of each interval; all sessions begin to speak together, so their times compare.

    Parameters
    ----------
    phrases
        Of all valid sessions, in any order.

    Returns
    -------
    tuple of LoadInterval
        Up to the end of the last phrase, those in which nobody began a phrase included. They are as long as
        those of one call; the last one by up to half of that shorter or longer.
    """
    if not phrases:
        return ()
    end_seconds = max(one.position_in_sent_seconds + one.duration_seconds for one in phrases)
    length = interval_seconds(end_seconds)
    # A rest of less than half an interval would say of a few phrases what others say of many.
    count = max(1, math.floor(end_seconds / length + 0.5))
    within: defaultdict[int, list[PhraseObservation]] = defaultdict(list)
    for phrase in phrases:
        within[min(count - 1, int(phrase.position_in_sent_seconds // length))].append(phrase)
    edges = [place * length for place in range(count)]
    return tuple(
        _interval(*bounds, within[place]) for place, bounds in enumerate(pairwise([*edges, end_seconds]))
    )


def _interval(start_seconds: float, end_seconds: float, phrases: Sequence[PhraseObservation]) -> LoadInterval:
    delay = summarise(one.one_way_delay_ms for one in phrases)
    return LoadInterval(
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        phrases_sent=len(phrases),
        phrases_received=sum(one.received for one in phrases),
        one_way_delay_median_ms=delay.median,
        one_way_delay_p95_ms=delay.p95,
        jitter_buffer_median_ms=summarise(one.jitter_buffer_ms for one in phrases).median,
    )
