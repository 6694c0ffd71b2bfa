"""What one speaker said, and what was heard of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND
from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.budget import phrase_budget
from eloquence_pipeline.measurement.delay import find_phrase
from eloquence_pipeline.measurement.evidence import Recorded, load_recorded
from eloquence_pipeline.measurement.network_delay import PacketDelays, packet_delays
from eloquence_pipeline.measurement.pacing import pacing_figures
from eloquence_pipeline.measurement.rtp import jitter_buffer_ms, rtp_figures
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import Channel, PhraseObservation, ScheduledPhrase, SpeakerFigures
from eloquence_pipeline.settings import ThresholdSettings


@dataclass(frozen=True)
class MeasuredSpeaker:
    """One speaker's phrases and figures, and what they were taken from."""

    phrases: list[PhraseObservation]
    figures: SpeakerFigures
    recorded: Recorded
    packets: PacketDelays


def measure_speaker(channel: Channel, folder: Path, thresholds: ThresholdSettings) -> MeasuredSpeaker:
    """Find one speaker's phrases and take its figures.

    Raises
    ------
    MeasurementError
        If the two ends were stamped by different clocks, or a file is missing, damaged or not the
        one that was recorded.
    """
    if channel.received and channel.sent.clock_id != channel.received.clock_id:
        raise MeasurementError(
            "sender and receiver were stamped by different clocks, so their times cannot be compared",
            remedy="run both participants of a room on one host",
        )
    recorded = load_recorded(channel, folder)
    rtp = rtp_figures([recorded.publisher_statistics], recorded.subscriber_statistics, _ssrcs(channel))
    packets = packet_delays(
        recorded.subscriber_statistics,
        _ssrcs(channel),
        recorded.sent.timeline.stamps_ns,
        rtp.outbound.packets_sent if rtp.outbound else None,
    )
    phrases = [
        phrase.model_copy(update={"budget": phrase_budget(phrase, packets, channel.sent.started)})
        for phrase in observe_phrases(channel, recorded)
    ]
    received = sum(phrase.received for phrase in phrases)
    figures = SpeakerFigures(
        speaker=channel.speaker,
        packets_sent=len(phrases),
        packets_received=received,
        packet_loss_rate=1 - received / len(phrases) if phrases else 0.0,
        end_to_end_ms=summarise(phrase.end_to_end_ms for phrase in phrases),
        one_way_delay_ms=summarise(phrase.one_way_delay_ms for phrase in phrases),
        rtp=rtp,
        tester=pacing_figures(
            recorded.deadline_ns,
            recorded.sent.timeline.stamps_ns,
            recorded.received.timeline.stamps_ns,
            recorded.loop_lag_ns,
            frame_ns=channel.sent.frame_samples * NANOSECONDS_PER_SECOND // channel.sent.sample_rate_hz,
            thresholds=thresholds,
        ),
    )
    return MeasuredSpeaker(phrases, figures, recorded, packets)


def _ssrcs(channel: Channel) -> tuple[int, ...]:
    return channel.received.ssrcs if channel.received else ()


def observe_phrases(channel: Channel, recorded: Recorded) -> list[PhraseObservation]:
    """Find every phrase that was said to its end, in the order in which they were spoken.

    When a transmission breaks off, the phrase that was cut and those that were never begun are not
    counted as sent; the plan in the result says how many there should have been.
    """
    sent = recorded.sent.timeline
    stamps_ns = sent.stamps_ns
    return [
        _observe(scheduled, recorded, channel)
        for scheduled in channel.script.phrases
        if scheduled.end_sample <= sent.sample_count and (stamps_ns[_frames(scheduled, recorded)] > 0).any()
    ]


def _frames(scheduled: ScheduledPhrase, recorded: Recorded) -> slice:
    frame = recorded.sent.timeline.frame_samples
    return slice(scheduled.start_sample // frame, -(-scheduled.end_sample // frame))


def _observe(scheduled: ScheduledPhrase, recorded: Recorded, channel: Channel) -> PhraseObservation:
    clip = scheduled.clip
    clock = channel.sent.started
    rate = recorded.sent.timeline.sample_rate_hz
    arrival = find_phrase(recorded.sent, recorded.received, scheduled.start_sample, scheduled.sample_count)
    waited_ms = None
    if arrival.received:
        end_ns = arrival.arrived_ns + scheduled.sample_count / rate * NANOSECONDS_PER_SECOND
        waited_ms = jitter_buffer_ms(
            recorded.subscriber_statistics, arrival.arrived_ns, end_ns, _ssrcs(channel)
        )
    return PhraseObservation(
        index=scheduled.index,
        speaker=channel.speaker,
        text=clip.phrase.text,
        category=clip.phrase.category,
        received=arrival.received,
        sent_at=clock.wall_at(arrival.sent_ns),
        received_at=clock.wall_at(arrival.arrived_ns) if arrival.received else None,
        position_in_sent_seconds=scheduled.start_sample / rate,
        position_in_received_seconds=arrival.received_sample / rate if arrival.received else None,
        sample_count=scheduled.sample_count,
        duration_seconds=scheduled.sample_count / rate,
        generation_ms=clip.generation_ms,
        clip_from_cache=clip.from_cache,
        send_ms=_lateness_ms(recorded, scheduled),
        one_way_delay_ms=arrival.one_way_delay_ms if arrival.received else None,
        jitter_buffer_ms=waited_ms,
        end_to_end_ms=clip.generation_ms + arrival.one_way_delay_ms if arrival.received else None,
        correlation_peak=arrival.match.peak,
        peak_to_sidelobe_ratio=arrival.match.peak_to_sidelobe_ratio,
    )


def _lateness_ms(recorded: Recorded, scheduled: ScheduledPhrase) -> float:
    frames = _frames(scheduled, recorded)
    handed_over_ns = recorded.sent.timeline.stamps_ns[frames]
    passed = handed_over_ns > 0
    lateness_ns = (handed_over_ns - recorded.deadline_ns[frames])[passed]
    return float(np.mean(lateness_ns)) / NANOSECONDS_PER_MILLISECOND
