"""How a call went over time: the same figures as of the whole call, interval by interval."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND
from eloquence_pipeline.measurement.gaps import FrameGap
from eloquence_pipeline.measurement.observation import ssrcs_of
from eloquence_pipeline.measurement.rtp import StatisticsSample, jitter_buffer_ms
from eloquence_pipeline.measurement.speaker import MeasuredSpeaker
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import ConnectionEvent, CourseFigures, CourseInterval, Gap, PhraseObservation

LONG_CALL_SECONDS = 120.0
"""Calls that are longer have a course."""
MOST_INTERVALS = 60
_SHORT_INTERVAL_SECONDS = 10.0
_INTERVALS_SECONDS = (60.0, 120.0, 300.0, 600.0, 900.0)

_STATE_EVENTS = {"connection_state_changed", "reconnecting", "reconnected", "disconnected"}


class Counts(NamedTuple):
    """What the streams of a listener had counted at one moment, each from its own beginning."""

    at_ns: int
    packets_lost: int
    packets_received: int
    concealed_samples: int
    samples: int


def interval_seconds(duration_seconds: float) -> float:
    """Return the length of the intervals of a call: a minute, or as much as makes do with 60 of them.

    A call of less than two minutes has intervals of ten seconds.
    """
    if duration_seconds < LONG_CALL_SECONDS:
        return _SHORT_INTERVAL_SECONDS
    longest = _INTERVALS_SECONDS[-1]
    enough = (length for length in _INTERVALS_SECONDS if duration_seconds <= length * MOST_INTERVALS)
    return next(enough, longest * math.ceil(duration_seconds / (longest * MOST_INTERVALS)))


def course_figures(
    measured: Sequence[MeasuredSpeaker],
    phrases: Sequence[PhraseObservation],
    events: Sequence[ConnectionEvent],
    gaps: Sequence[Gap],
    duration_seconds: float,
) -> CourseFigures:
    """Return the figures of each interval of a call.

    Parameters
    ----------
    measured
        Every speaker; all are heard by one listener, whose statistics hold the streams of all.
    phrases
        Of all speakers.
    events
        Of all participants, in the order of time.
    gaps
        The longest ones of the call.
    duration_seconds
        Length of what was said.
    """
    length = interval_seconds(duration_seconds)
    edges = [place * length for place in range(max(1, math.ceil(duration_seconds / length)))]
    listener = max((speaker.recorded.subscriber_statistics for speaker in measured), key=len)
    call = _Call(
        measured,
        phrases,
        [gap for speaker in measured for each in speaker.heard for gap in each.gaps],
        [event for event in events if event.name in _STATE_EVENTS],
        counts_over_time(listener),
        min(_began_ns(speaker) for speaker in measured),
    )
    return CourseFigures(
        interval_seconds=length,
        intervals=tuple(call.interval(*bounds) for bounds in pairwise([*edges, duration_seconds])),
        longest_gap=max(gaps, key=lambda gap: gap.duration_ms, default=None),
    )


def _began_ns(speaker: MeasuredSpeaker) -> int:
    stamps_ns = speaker.recorded.sent.timeline.stamps_ns
    stamped = stamps_ns[stamps_ns > 0]
    return int(stamped[0]) if len(stamped) else 0


@dataclass(frozen=True)
class _Call:
    measured: Sequence[MeasuredSpeaker]
    phrases: Sequence[PhraseObservation]
    gaps: Sequence[FrameGap]
    changes: Sequence[ConnectionEvent]
    counted: Sequence[Counts]
    origin_ns: int

    def interval(self, start: float, end: float) -> CourseInterval:
        start_ns, end_ns = (self.origin_ns + at * NANOSECONDS_PER_SECOND for at in (start, end))
        phrases = [phrase for phrase in self.phrases if start <= phrase.position_in_sent_seconds < end]
        gaps = [gap for gap in self.gaps if start <= gap.sent_seconds < end]
        delay = summarise(phrase.one_way_delay_ms for phrase in phrases)
        rtp_loss, concealed = ratios_between(self.counted, start_ns, end_ns)
        return CourseInterval(
            start_seconds=start,
            end_seconds=end,
            phrases_sent=len(phrases),
            phrases_received=sum(phrase.received for phrase in phrases),
            one_way_delay_median_ms=delay.median,
            one_way_delay_p95_ms=delay.p95,
            network_median_ms=_median(p.budget.network_ms for p in phrases if p.received and p.budget),
            jitter_buffer_ms=_jitter_buffer_ms(self.measured, (start_ns, end_ns)),
            rtp_loss_ratio=rtp_loss,
            concealed_ratio=concealed,
            gap_count=len(gaps),
            gap_ms=sum(gap.duration_ms for gap in gaps),
            state_changes=tuple(
                f"{event.identity}: {event.detail or event.name}"
                for event in self.changes
                if start_ns <= event.monotonic_ns < end_ns
            ),
        )


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _jitter_buffer_ms(measured: Sequence[MeasuredSpeaker], bounds_ns: tuple[float, float]) -> float | None:
    waits_ms = (
        _within(speaker.recorded.subscriber_statistics, bounds_ns, ssrcs_of(speaker.channel))
        for speaker in measured
    )
    return max((wait for wait in waits_ms if wait is not None), default=None)


def _within(
    samples: Sequence[StatisticsSample], bounds_ns: tuple[float, float], ssrcs: Collection[int]
) -> float | None:
    # From the first to the last sample in the interval, rather than those that enclose it: at both ends of
    # the call there are none further out.
    first = bisect_right(samples, bounds_ns[0], key=lambda sample: sample.monotonic_ns)
    last = bisect_right(samples, bounds_ns[1], key=lambda sample: sample.monotonic_ns) - 1
    while first < last and not samples[first].streams("inbound-rtp", ssrcs):
        first += 1
    if first >= last:
        return None
    return jitter_buffer_ms(samples, samples[first].monotonic_ns, samples[last].monotonic_ns, ssrcs)


def counts_over_time(samples: Sequence[StatisticsSample], ssrcs: Collection[int] = ()) -> list[Counts]:
    """Return what all streams together had counted at each sample.

    A stream that has ended has no entry any more, yet what it counted stays counted.
    """
    last: dict[int, tuple[int, int, int, int]] = {}
    counts: list[Counts] = []
    for sample in samples:
        last |= {
            ssrc: (
                int(stream["packetsLost"]),
                int(stream["packetsReceived"]),
                int(stream["concealedSamples"]),
                int(stream["totalSamplesReceived"]),
            )
            for ssrc, stream in sample.streams("inbound-rtp", ssrcs).items()
        }
        sums = [sum(each[place] for each in last.values()) for place in range(4)]
        counts.append(Counts(sample.monotonic_ns, *sums))
    return counts


def ratios_between(
    counted: Sequence[Counts], start_ns: float, end_ns: float
) -> tuple[float | None, float | None]:
    """Return the shares of lost packets and of concealed samples between two moments.

    Counted from the last sample before each moment, so that consecutive stretches share nothing and leave
    nothing out; None where nothing came.
    """
    before, after = _at(counted, start_ns), _at(counted, end_ns)
    # Packets that came after they had been given up are subtracted again (RFC 3550, 6.4.1).
    lost = max(0, after.packets_lost - before.packets_lost)
    expected = lost + max(0, after.packets_received - before.packets_received)
    concealed = max(0, after.concealed_samples - before.concealed_samples)
    samples = after.samples - before.samples
    return (
        lost / expected if expected else None,
        min(1.0, concealed / samples) if samples > 0 else None,
    )


def _at(counted: Sequence[Counts], moment_ns: float) -> Counts:
    place = bisect_right(counted, moment_ns, key=lambda counts: counts.at_ns)
    return counted[place - 1] if place else Counts(0, 0, 0, 0, 0)
