"""From what was collected of a disturbed call to its figures, and from many calls to their spread."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND
from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.delay import Ends
from eloquence_pipeline.measurement.evidence import load_recorded
from eloquence_pipeline.measurement.interruption import HeardCall, Interruption, hear_call
from eloquence_pipeline.measurement.on_the_clock import on_the_clock
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import (
    AudibleGap,
    Channel,
    ConnectionEvent,
    Disturbance,
    DisturbanceSummary,
    DisturbedCall,
    DisturbedSide,
    ReconnectionFigures,
    Recovery,
    ScenarioResult,
    Transmission,
)

FloatArray = npt.NDArray[np.float64]

DISTURBED, DISTURBANCE_OVER = "disturbed", "disturbance_over"
_NOTICING = {"reconnecting", "disconnected"}
_BEFORE_SECONDS = 3.0
_LEAD_SECONDS = 0.5
"""A gap that the disturbance made begins with what was said at most this much before it: it was under way."""
_WHOLE_RATIO = 0.95
_KEPT_BEFORE_NS = NANOSECONDS_PER_SECOND


def disturbed_events(transmission: Transmission) -> tuple[ConnectionEvent, ...]:
    """Return the events of both ends from a second before the disturbance on, in the order of time.

    Raises
    ------
    MeasurementError
        If the call was never disturbed.
    """
    events = _events(transmission.channels[0])
    since_ns = _disturbed_at_ns(events) - _KEPT_BEFORE_NS
    return tuple(event for event in events if event.monotonic_ns >= since_ns)


def measure_disturbed_call(
    transmission: Transmission, folder: Path, disturbance: Disturbance, result: ScenarioResult
) -> ReconnectionFigures:
    """Measure what one disturbance did.

    Parameters
    ----------
    transmission
        What was collected, of one speaker; its files lie in `folder`.
    disturbance
        What was done, and to whom.
    result
        Of the same call as a scenario: its phrases and its pacing.

    Raises
    ------
    MeasurementError
        If a file is missing or damaged, or the call was never disturbed.
    """
    channel = transmission.channels[0]
    events = _events(channel)
    at_ns = _disturbed_at_ns(events)
    recorded = load_recorded(channel, folder)
    clocked = on_the_clock(Ends(recorded.sent, recorded.received))
    heard = hear_call(clocked)
    at_seconds = (at_ns - clocked.origin_ns) / NANOSECONDS_PER_SECOND
    gaps = [
        gap for gap in heard.interruptions if gap.said_to is None or gap.said_to > at_seconds - _LEAD_SECONDS
    ]
    over = [gap for gap in gaps if gap.is_over]
    is_back = bool(len(heard.window_seconds)) and len(over) == len(gaps)
    longest = max(over, key=lambda gap: gap.audible_ms, default=None)
    before_ms, after_ms = _delays(heard, at_seconds, gaps)
    hit = _hit(events, disturbance.side, at_ns)
    rejoined = any(event.name == "rejoined" for event in hit)
    return ReconnectionFigures(
        outage_ms=_outage_ms(hit) if disturbance.kind.outage_seconds else 0.0,
        sdk_noticed_ms=_first_ms(hit, _NOTICING, at_ns),
        sdk_recovery_ms=_sdk_recovery_ms(hit, disturbance.side, at_ns),
        rejoin_ms=_rejoin_ms(hit),
        rejoin_attempts=sum(event.name == "rejoining" for event in hit),
        recovery=Recovery.NONE if not is_back else Recovery.REJOINED if rejoined else Recovery.UNAIDED,
        audible_gap_ms=None if not is_back else longest.audible_ms if longest else 0.0,
        audible_gap_uncertainty_ms=longest.uncertainty_ms if longest and is_back else 0.0,
        gaps=tuple(_gap(gap) for gap in gaps),
        speech_lost_ms=sum(gap.speech_lost_ms for gap in gaps),
        phrases_said=len(result.phrases),
        phrases_lost=sum(not phrase.received for phrase in result.phrases),
        phrases_cut=sum(
            phrase.received and phrase.received_ratio < _WHOLE_RATIO for phrase in result.phrases
        ),
        delay_before_ms=before_ms,
        delay_after_ms=after_ms,
        delay_change_ms=None if before_ms is None or after_ms is None else after_ms - before_ms,
        tester=result.tester,
    )


def _events(channel: Channel) -> list[ConnectionEvent]:
    ends = [end for end in (channel.sent, channel.received) if end]
    return sorted((event for end in ends for event in end.events), key=lambda event: event.monotonic_ns)


def _disturbed_at_ns(events: Sequence[ConnectionEvent]) -> int:
    for event in events:
        if event.name == DISTURBED:
            return event.monotonic_ns
    raise MeasurementError(
        "the call ended before it was disturbed", remedy="look at its events; then run the test again"
    )


def _hit(events: Sequence[ConnectionEvent], side: DisturbedSide, at_ns: int) -> list[ConnectionEvent]:
    return [
        event
        for event in events
        if event.monotonic_ns >= at_ns and (side is DisturbedSide.BOTH or event.identity == side)
    ]


def _milliseconds(from_ns: int, to_ns: int) -> float:
    return (to_ns - from_ns) / NANOSECONDS_PER_MILLISECOND


def _first_ms(events: Sequence[ConnectionEvent], names: set[str], at_ns: int) -> float | None:
    return next(
        (_milliseconds(at_ns, e.monotonic_ns) for e in events if e.name in names and not _is_own(e)), None
    )


def _is_own(event: ConnectionEvent) -> bool:
    # Leaving at the end of the call is nothing that was noticed.
    return event.detail == "CLIENT_INITIATED"


def _sdk_recovery_ms(events: Sequence[ConnectionEvent], side: DisturbedSide, at_ns: int) -> float | None:
    # Where both are hit, the later one counts, and none if one of them never said so.
    identities = {event.identity for event in events} if side is DisturbedSide.BOTH else {str(side)}
    last: list[float] = []
    for identity in identities:
        stamps = [e.monotonic_ns for e in events if e.name == "reconnected" and e.identity == identity]
        if not stamps:
            return None
        last.append(_milliseconds(at_ns, stamps[-1]))
    return max(last, default=None)


def _rejoin_ms(events: Sequence[ConnectionEvent]) -> float | None:
    # The longest of the ends that were put out.
    took: list[float] = []
    for identity in {event.identity for event in events}:
        own = [event for event in events if event.identity == identity]
        back = next((event for event in own if event.name == "rejoined"), None)
        out = next((event for event in own if event.name == "disconnected"), None)
        if back and out:
            took.append(_milliseconds(out.monotonic_ns, back.monotonic_ns))
    return max(took, default=None)


def _outage_ms(events: Sequence[ConnectionEvent]) -> float:
    began = next((event.monotonic_ns for event in events if event.name == DISTURBED), 0)
    return next((_milliseconds(began, e.monotonic_ns) for e in events if e.name == DISTURBANCE_OVER), 0.0)


def _gap(gap: Interruption) -> AudibleGap:
    return AudibleGap(
        position_in_sent_seconds=gap.said_from,
        audible_ms=gap.audible_ms,
        uncertainty_ms=gap.uncertainty_ms,
        speech_lost_ms=gap.speech_lost_ms,
    )


def _delays(
    heard: HeardCall, at_seconds: float, gaps: Sequence[Interruption]
) -> tuple[float | None, float | None]:
    # What a window says that begins before the disturbance and ends after it is not of one side.
    seconds, delay_ms = heard.window_seconds, heard.window_delay_ms
    back_at = max((gap.said_to for gap in gaps if gap.said_to is not None), default=at_seconds)
    before = delay_ms[(seconds >= at_seconds - _BEFORE_SECONDS) & (seconds < at_seconds - _LEAD_SECONDS)]
    after = delay_ms[seconds >= max(back_at, at_seconds)]
    return _median(before), _median(after)


def _median(values: FloatArray) -> float | None:
    return float(np.median(values)) if len(values) else None


def summaries(calls: Sequence[DisturbedCall]) -> tuple[DisturbanceSummary, ...]:
    """Put all calls of one kind and side together, in the order in which they first came."""
    groups: dict[tuple[str, str], list[DisturbedCall]] = {}
    for call in calls:
        groups.setdefault((call.disturbance.kind, call.disturbance.side), []).append(call)
    return tuple(_summary(group) for group in groups.values())


def _summary(calls: Sequence[DisturbedCall]) -> DisturbanceSummary:
    tried = [call.figures for call in calls if call.figures]
    recoveries = [figures.recovery for figures in tried]
    first = calls[0]
    return DisturbanceSummary(
        kind=first.disturbance.kind,
        side=first.disturbance.side,
        tried=len(tried),
        unaided=recoveries.count(Recovery.UNAIDED),
        rejoined=recoveries.count(Recovery.REJOINED),
        lost=recoveries.count(Recovery.NONE),
        not_tried=next((call.not_tried for call in calls if call.not_tried), ""),
        sdk_recovery_ms=summarise(figures.sdk_recovery_ms for figures in tried),
        rejoin_ms=summarise(figures.rejoin_ms for figures in tried),
        audible_gap_ms=summarise(figures.audible_gap_ms for figures in tried),
        speech_lost_ms=summarise(figures.speech_lost_ms for figures in tried),
        delay_change_ms=summarise(figures.delay_change_ms for figures in tried),
        phrases_lost=sum(figures.phrases_lost for figures in tried),
        phrases_cut=sum(figures.phrases_cut for figures in tried),
    )
