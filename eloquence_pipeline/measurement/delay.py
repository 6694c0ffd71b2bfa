"""Find each phrase in the recording and say how long it was under way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from eloquence_pipeline.clock import (
    MILLISECONDS_PER_SECOND,
    NANOSECONDS_PER_MILLISECOND,
    NANOSECONDS_PER_SECOND,
)
from eloquence_pipeline.measurement.assignment import assign
from eloquence_pipeline.measurement.coarse import CoarseAudio, Span, coarse_audio
from eloquence_pipeline.measurement.course import Course, follow
from eloquence_pipeline.measurement.method import (
    FREEDOM_TO_JUMP,
    MAX_ONE_WAY_DELAY_SECONDS,
    min_correlation_peak,
)
from eloquence_pipeline.measurement.pieces import Neighbour, follow_in_pieces, room_between
from eloquence_pipeline.measurement.search import Candidate, find_candidates, track
from eloquence_pipeline.measurement.speed import is_at_another_speed, is_like_one_speed
from eloquence_pipeline.measurement.timeline import Timeline
from eloquence_pipeline.measurement.uncertainty import matching_bound_seconds, mean_of_windows_deviation
from eloquence_pipeline.signal.alignment import Match

Int16Array = npt.NDArray[np.int16]

_INTERPOLATION_SAMPLES = 0.003
"""Standard deviation of what the parabola through a peak is off, between two samples."""
_MOSTLY = 0.5


@dataclass(frozen=True)
class End:
    """Audio of one end and its timeline; `samples` is int16 of shape (timeline.sample_count,)."""

    samples: Int16Array
    timeline: Timeline


@dataclass(frozen=True)
class PhraseArrival:
    """Where a phrase was found in the recording.

    Attributes
    ----------
    span
        The phrase in the sent audio, and where it was looked for.
    sent_ns
        When the phrase's first sample was handed to the SDK.
    match
        The evidence, also when the gate was not passed.
    course
        How the delay goes along the phrase; None if it was not received, and then the values below mean
        nothing.
    arrived_ns
        When the phrase's first sample left the jitter buffer, at the delay of the phrase.
    one_way_delay_ms
        From hand-over to the SDK to leaving the jitter buffer, at the delay of its median window.
    uncertainty_ms
        Standard uncertainty of that.
    confidence
        How far the peak is above the gate: 0 at the gate, 1 for a perfect copy.
    """

    span: Span
    sent_ns: float
    match: Match
    course: Course | None = None
    arrived_ns: float = 0.0
    one_way_delay_ms: float = 0.0
    uncertainty_ms: float = 0.0
    confidence: float = 0.0

    @property
    def received(self) -> bool:
        """Whether the match passed the confidence gate."""
        return self.course is not None


@dataclass(frozen=True)
class Ends:
    """Both ends of one speaker's way, at the same sample rate, stamped with the same clock."""

    sent: End
    received: End

    @cached_property
    def audio(self) -> CoarseAudio:
        """Both at the coarse rate."""
        return coarse_audio(self.sent.samples, self.received.samples, self.sent.timeline.sample_rate_hz)


def find_phrases(ends: Ends, places: Sequence[tuple[int, int]]) -> list[PhraseArrival]:
    """Find the phrases of the sent audio in the received audio.

    Only the stretch in which a phrase can have arrived is searched, and no two phrases are found at one
    place: the same phrase may be said again within the stretch, and what is found there would be a false
    number.

    Parameters
    ----------
    ends
        What was sent and what was received.
    places
        First sample and number of samples of each phrase in the sent audio, in the order said.

    Returns
    -------
    list of PhraseArrival
        One a place; not received if the phrase lies outside the recording or nothing is similar enough.

    Raises
    ------
    ValueError
        If no frame of a phrase was sent.
    """
    spans = [_span(ends, *place) for place in places]
    found = _find(ends.audio, spans)
    arrivals = [
        _arrival(ends, span, candidate, match) for span, (candidate, match) in zip(spans, found, strict=True)
    ]
    known = [None, *(Neighbour(each.span, each.course) for each in arrivals if each.course is not None), None]
    so_far = accumulate(int(arrival.received) for arrival in arrivals)
    return [
        arrival if arrival.received else _arrival_in_pieces(ends, arrival, known[count], known[count + 1])
        for arrival, count in zip(arrivals, so_far, strict=True)
    ]


def _span(ends: Ends, start_sample: int, sample_count: int) -> Span:
    received = ends.received
    sent_ns = ends.sent.timeline.time_ns(start_sample, sample_count)
    # The frame during which the phrase was sent is the earliest place it can be at.
    earliest = received.timeline.sample_at(sent_ns)
    latest = received.timeline.sample_at(sent_ns + MAX_ONE_WAY_DELAY_SECONDS * NANOSECONDS_PER_SECOND)
    return Span(start_sample, sample_count, earliest, latest)


def _find(audio: CoarseAudio, spans: Sequence[Span]) -> list[tuple[Candidate | None, Match]]:
    nothing = Match.over_rivals(0.0, 0.0, 0.0)
    there = [len(audio.received) > 0 and bool(audio.reference(span).any()) for span in spans]
    offers: list[tuple[list[Candidate], Match]] = [
        find_candidates(audio, span) if present else ([], nothing)
        for span, present in zip(spans, there, strict=True)
    ]
    chosen = assign(spans, [candidates for candidates, _ in offers], audio.sample_rate_hz)
    results: list[tuple[Candidate | None, Match]] = []
    free_from = 0
    for number, span in enumerate(spans):
        candidate, match = chosen[number], offers[number][1]
        if candidate is None and there[number]:
            following = zip(spans[number + 1 :], chosen[number + 1 :], strict=True)
            taken_from = (later.start_sample + its.lowest for later, its in following if its is not None)
            candidate, match = track(audio, span, free_from, next(taken_from, None))
        if candidate is not None:
            match = candidate.match
            free_from = span.start_sample + span.sample_count + candidate.highest
        results.append((candidate, match))
    return results


def _arrival(ends: Ends, span: Span, candidate: Candidate | None, match: Match) -> PhraseArrival:
    sent_ns = ends.sent.timeline.time_ns(span.start_sample, span.sample_count)
    course = candidate and follow(ends.audio, ends.sent.samples, ends.received.samples, span, candidate)
    required = min_correlation_peak(span.sample_count / ends.sent.timeline.sample_rate_hz)
    if candidate is not None:
        match = replace(match, peak=course.peak if course else 0.0)
        at_one_place = candidate.is_one and course is not None and course.steady_ratio > _MOSTLY
        required += 0.0 if at_one_place else FREEDOM_TO_JUMP
    if course is None or match.peak < required:
        return PhraseArrival(span, sent_ns, match)
    if is_at_another_speed(ends.audio, span, course.displacement, match.peak):
        return PhraseArrival(span, sent_ns, match)
    return _received(ends, span, match, course, required)


def _arrival_in_pieces(
    ends: Ends, arrival: PhraseArrival, before: Neighbour | None, after: Neighbour | None
) -> PhraseArrival:
    span = arrival.span
    room = room_between(ends.audio, span, before, after)
    course = room and follow_in_pieces(ends.audio, ends.sent.samples, ends.received.samples, span, room)
    required = min_correlation_peak(span.sample_count / ends.sent.timeline.sample_rate_hz)
    if room is None or course is None or course.peak < required:
        return arrival
    if is_like_one_speed(ends.audio, span, room.lowest, room.highest, course.peak):
        return arrival
    return _received(ends, span, replace(arrival.match, peak=course.peak), course, required)


def _received(ends: Ends, span: Span, match: Match, course: Course, required: float) -> PhraseArrival:
    sent_ns = ends.sent.timeline.time_ns(span.start_sample, span.sample_count)
    position = span.start_sample + course.displacement
    arrived_ns = ends.received.timeline.time_ns(position, span.sample_count)
    return PhraseArrival(
        span,
        sent_ns,
        replace(match, position_samples=position),
        course,
        arrived_ns,
        (arrived_ns - sent_ns) / NANOSECONDS_PER_MILLISECOND,
        _uncertainty_ms(ends, span, course),
        (match.peak - required) / (1 - required),
    )


def _uncertainty_ms(ends: Ends, span: Span, course: Course) -> float:
    audio, rate = ends.audio, ends.audio.sample_rate_hz
    spread = mean_of_windows_deviation(course.displacements[course.found]) / rate
    # A few windows may agree by chance, but none can know better than the bound.
    bound = matching_bound_seconds(audio.reference(span), rate / audio.step, course.peak)
    stamps_ns = (
        ends.sent.timeline.standard_error_ns(span.start_sample, span.sample_count),
        ends.received.timeline.standard_error_ns(span.start_sample + course.displacement, span.sample_count),
    )
    matching_ms = max(spread, bound) * MILLISECONDS_PER_SECOND
    between_samples_ms = _INTERPOLATION_SAMPLES / ends.sent.timeline.sample_rate_hz * MILLISECONDS_PER_SECOND
    return math.hypot(
        matching_ms, between_samples_ms, *(error / NANOSECONDS_PER_MILLISECOND for error in stamps_ns)
    )
