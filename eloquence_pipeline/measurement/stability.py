"""What the SDK's events say about the connections."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND
from eloquence_pipeline.models import ConnectionEvent, ParticipantStability, Side, StabilityFigures

CONNECTED = "CONN_CONNECTED"


def stability_figures(ends: Sequence[tuple[str, Side, Sequence[ConnectionEvent], int]]) -> StabilityFigures:
    """Sum up the stability of a call.

    Parameters
    ----------
    ends
        Of each participant its identity, side, events in the order of time, and when its recording ended on
        the measuring clock; leaving the room at the end is no interruption.
    """
    participants = tuple(_participant(*end) for end in ends)
    return StabilityFigures(
        participants=participants,
        connected_ratio=min((each.connected_ratio for each in participants), default=0.0),
        reconnects=sum(each.reconnects for each in participants),
    )


def _participant(
    identity: str, side: Side, events: Sequence[ConnectionEvent], ended_ns: int
) -> ParticipantStability:
    own = [event for event in events if event.identity == identity and event.monotonic_ns <= ended_ns]
    changes = [(e.monotonic_ns, e.detail) for e in own if e.name == "connection_state_changed"]
    first = next((place for place, (_, state) in enumerate(changes) if state == CONNECTED), len(changes))
    changes = [*changes[first:], (ended_ns, "")]
    seconds: dict[str, float] = {}
    longest_ns = away_ns = 0
    for (since_ns, state), (until_ns, _) in pairwise(changes):
        lasted_ns = until_ns - since_ns
        seconds[state] = seconds.get(state, 0.0) + lasted_ns / NANOSECONDS_PER_SECOND
        away_ns = 0 if state == CONNECTED else away_ns + lasted_ns
        longest_ns = max(longest_ns, away_ns)
    observed = sum(seconds.values())
    return ParticipantStability(
        identity=identity,
        side=side,
        observed_seconds=observed,
        state_seconds=seconds,
        connected_ratio=min(1.0, seconds.get(CONNECTED, 0.0) / observed) if observed else 0.0,
        reconnects=sum(event.name == "reconnected" for event in own),
        longest_interruption_ms=longest_ns / NANOSECONDS_PER_MILLISECOND,
        quality_changes=tuple(_quality(own, identity)),
    )


def _quality(events: Sequence[ConnectionEvent], identity: str) -> list[str]:
    said = [event.detail.partition(": ") for event in events if event.name == "connection_quality_changed"]
    return [quality for whom, _, quality in said if whom == identity]
