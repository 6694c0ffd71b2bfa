"""What became of each phrase that one speaker said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eloquence_pipeline.clock import (
    MILLISECONDS_PER_SECOND,
    NANOSECONDS_PER_MILLISECOND,
    NANOSECONDS_PER_SECOND,
)
from eloquence_pipeline.measurement.delay import Ends, PhraseArrival, find_phrases
from eloquence_pipeline.measurement.evidence import Recorded
from eloquence_pipeline.measurement.gaps import HeardSpeech, hear
from eloquence_pipeline.measurement.rtp import jitter_buffer_ms
from eloquence_pipeline.models import Channel, DelayWindows, PhraseObservation, ScheduledPhrase


@dataclass(frozen=True)
class Observed:
    """One phrase, and how much of its speech was heard."""

    phrase: PhraseObservation
    heard: HeardSpeech


def observe_phrases(channel: Channel, recorded: Recorded) -> list[Observed]:
    """Find every phrase that was said to its end, in the order in which they were spoken.

    When a transmission breaks off, the phrase that was cut and those that were never begun are not
    counted as sent; the plan in the result says how many there should have been.
    """
    sent = recorded.sent
    said = [
        scheduled
        for scheduled in channel.script.phrases
        if scheduled.end_sample <= sent.timeline.sample_count
        and (sent.timeline.stamps_ns[_frames(scheduled, recorded)] > 0).any()
    ]
    ends = Ends(sent, recorded.received)
    arrivals = find_phrases(ends, [(scheduled.start_sample, scheduled.sample_count) for scheduled in said])
    heard = [hear(ends.audio, arrival.span, arrival.course) for arrival in arrivals]
    return [
        Observed(_observe(scheduled, recorded, channel, arrival, each), each)
        for scheduled, arrival, each in zip(said, arrivals, heard, strict=True)
    ]


def _frames(scheduled: ScheduledPhrase, recorded: Recorded) -> slice:
    frame = recorded.sent.timeline.frame_samples
    return slice(scheduled.start_sample // frame, -(-scheduled.end_sample // frame))


def _observe(
    scheduled: ScheduledPhrase,
    recorded: Recorded,
    channel: Channel,
    arrival: PhraseArrival,
    heard: HeardSpeech,
) -> PhraseObservation:
    phrase = _said(scheduled, recorded, channel, arrival)
    if not arrival.received:
        return phrase
    rate = recorded.sent.timeline.sample_rate_hz
    end_ns = arrival.arrived_ns + phrase.duration_seconds * NANOSECONDS_PER_SECOND
    return phrase.model_copy(
        update={
            "received_at": channel.sent.started.wall_at(arrival.arrived_ns),
            "position_in_received_seconds": arrival.match.position_samples / rate,
            "one_way_delay_ms": arrival.one_way_delay_ms,
            "uncertainty_ms": arrival.uncertainty_ms,
            "confidence": arrival.confidence,
            "received_ratio": heard.received_ratio,
            "windows": _windows(arrival, rate),
            "jitter_buffer_ms": jitter_buffer_ms(
                recorded.subscriber_statistics, arrival.arrived_ns, end_ns, ssrcs_of(channel)
            ),
            "end_to_end_ms": phrase.generation_ms + arrival.one_way_delay_ms,
        }
    )


def _said(
    scheduled: ScheduledPhrase, recorded: Recorded, channel: Channel, arrival: PhraseArrival
) -> PhraseObservation:
    clip = scheduled.clip
    rate = recorded.sent.timeline.sample_rate_hz
    return PhraseObservation(
        index=scheduled.index,
        speaker=channel.speaker,
        text=clip.phrase.text,
        category=clip.phrase.category,
        received=arrival.received,
        sent_at=channel.sent.started.wall_at(arrival.sent_ns),
        position_in_sent_seconds=scheduled.start_sample / rate,
        sample_count=scheduled.sample_count,
        duration_seconds=scheduled.sample_count / rate,
        generation_ms=clip.generation_ms,
        clip_from_cache=clip.from_cache,
        send_ms=_lateness_ms(recorded, scheduled),
        correlation_peak=arrival.match.peak,
        peak_to_sidelobe_ratio=arrival.match.peak_to_sidelobe_ratio,
    )


NO_SSRC = -1
"""No stream has it: what is not known of one of several speakers must not become the figures of all."""


def ssrcs_of(channel: Channel) -> tuple[int, ...]:
    """Return the listener's streams of this speaker; empty says that all there are are its own."""
    known = channel.received.ssrcs if channel.received else ()
    return known or ((NO_SSRC,) if channel.is_one_of_several else ())


def _windows(arrival: PhraseArrival, rate_hz: int) -> DelayWindows | None:
    course = arrival.course
    if course is None:
        return None
    # The timelines of the whole phrase: single windows have too few frames to say when they were.
    beyond_ms = (course.displacements - course.displacement) / rate_hz * MILLISECONDS_PER_SECOND
    delays: Sequence[float] = (arrival.one_way_delay_ms + beyond_ms).tolist()
    return DelayWindows(
        position_seconds=tuple(round(start / rate_hz, 3) for start in course.starts.tolist()),
        one_way_delay_ms=tuple(
            round(delay_ms, 3) if found else None
            for delay_ms, found in zip(delays, course.found.tolist(), strict=True)
        ),
        peak=tuple(round(peak, 3) for peak in course.peaks.tolist()),
    )


def _lateness_ms(recorded: Recorded, scheduled: ScheduledPhrase) -> float:
    frames = _frames(scheduled, recorded)
    handed_over_ns = recorded.sent.timeline.stamps_ns[frames]
    passed = handed_over_ns > 0
    lateness_ns = (handed_over_ns - recorded.deadline_ns[frames])[passed]
    return float(np.mean(lateness_ns)) / NANOSECONDS_PER_MILLISECOND
