"""From what was collected to the result of a scenario: the whole analysis, without any server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from eloquence_pipeline.clock import NANOSECONDS_PER_MILLISECOND, NANOSECONDS_PER_SECOND, Instant
from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.delay import find_phrase
from eloquence_pipeline.measurement.evidence import Recorded, load_recorded
from eloquence_pipeline.measurement.method import METHOD_VERSION
from eloquence_pipeline.measurement.pacing import pacing_figures
from eloquence_pipeline.measurement.rtp import jitter_buffer_ms, rtp_figures
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.measurement.verdict import judge
from eloquence_pipeline.models import (
    Attempt,
    AttemptOutcome,
    DelayFigures,
    LatencyStats,
    PhraseObservation,
    PlanFigures,
    ResultFormat,
    RunInfo,
    ScenarioResult,
    ScheduledPhrase,
    Statistics,
    Transmission,
)
from eloquence_pipeline.settings import ThresholdSettings


def analyse(
    transmission: Transmission,
    folder: Path,
    run: RunInfo,
    attempts: Sequence[Attempt],
    thresholds: ThresholdSettings,
) -> ScenarioResult:
    """Measure and judge one transmission.

    Parameters
    ----------
    transmission
        What was collected; its files lie in `folder`.
    run, attempts
        Taken over into the result as they are.
    thresholds
        Bounds of the classes.

    Raises
    ------
    MeasurementError
        If the two ends were stamped by different clocks, or a file is missing, damaged or not the
        one that was recorded.
    """
    if transmission.received and transmission.sent.clock_id != transmission.received.clock_id:
        raise MeasurementError(
            "sender and receiver were stamped by different clocks, so their times cannot be compared",
            remedy="run both participants of a room on one host",
        )
    recorded = load_recorded(transmission, folder)
    phrases = observe_phrases(transmission, recorded)
    rtp = rtp_figures(recorded.publisher_statistics, recorded.subscriber_statistics)
    tester = pacing_figures(
        recorded.deadline_ns,
        recorded.sent.timeline.stamps_ns,
        recorded.received.timeline.stamps_ns,
        recorded.loop_lag_ns,
        frame_ns=transmission.sent.frame_samples * NANOSECONDS_PER_SECOND // transmission.sent.sample_rate_hz,
        thresholds=thresholds,
    )
    received = [phrase for phrase in phrases if phrase.received]
    heard = transmission.received.events if transmission.received else ()
    duration_seconds = (
        transmission.sent.frame_count * transmission.sent.frame_samples / transmission.sent.sample_rate_hz
    )
    failed_attempts = sum(attempt.outcome is not AttemptOutcome.COMPLETED for attempt in attempts)
    return ScenarioResult(
        test_name=f"{run.scenario}_test",
        duration_seconds=duration_seconds,
        packets_sent=len(phrases),
        packets_received=len(received),
        packet_loss_rate=1 - len(received) / len(phrases) if phrases else 0.0,
        latency_stats=_latency_stats(summarise(phrase.end_to_end_ms for phrase in phrases)),
        errors_count=len(phrases) - len(received) + failed_attempts,
        throughput_pps=len(phrases) / duration_seconds if duration_seconds else 0.0,
        format=ResultFormat(method_version=METHOD_VERSION),
        run=run,
        verdict=judge(phrases, rtp.packet_loss_ratio, tester, thresholds, transmission.failure),
        plan=PlanFigures(
            phrases_planned=len(transmission.script.phrases),
            duration_seconds=transmission.script.duration_seconds,
        ),
        delay=DelayFigures(
            one_way_delay_ms=summarise(phrase.one_way_delay_ms for phrase in phrases),
            generation_ms=summarise(phrase.generation_ms for phrase in phrases),
            send_ms=summarise(phrase.send_ms for phrase in phrases),
            jitter_buffer_ms=summarise(phrase.jitter_buffer_ms for phrase in phrases),
        ),
        rtp=rtp,
        tester=tester,
        attempts=tuple(attempts),
        phrases=tuple(phrases),
        events=tuple(sorted((*transmission.sent.events, *heard), key=lambda event: event.monotonic_ns)),
    )


def _latency_stats(statistics: Statistics) -> LatencyStats:
    return LatencyStats(
        min_ms=statistics.min, max_ms=statistics.max, avg_ms=statistics.avg, count=statistics.count
    )


def observe_phrases(transmission: Transmission, recorded: Recorded) -> list[PhraseObservation]:
    """Find every phrase that was said to its end, in the order in which they were spoken.

    When a transmission breaks off, the phrase that was cut and those that were never begun are not
    counted as sent; the plan in the result says how many there should have been.
    """
    sent = recorded.sent.timeline
    stamps_ns = sent.stamps_ns
    return [
        _observe(scheduled, recorded, transmission.sent.started)
        for scheduled in transmission.script.phrases
        if scheduled.end_sample <= sent.sample_count and (stamps_ns[_frames(scheduled, recorded)] > 0).any()
    ]


def _frames(scheduled: ScheduledPhrase, recorded: Recorded) -> slice:
    frame = recorded.sent.timeline.frame_samples
    return slice(scheduled.start_sample // frame, -(-scheduled.end_sample // frame))


def _observe(scheduled: ScheduledPhrase, recorded: Recorded, clock: Instant) -> PhraseObservation:
    clip = scheduled.clip
    rate = recorded.sent.timeline.sample_rate_hz
    arrival = find_phrase(recorded.sent, recorded.received, scheduled.start_sample, scheduled.sample_count)
    waited_ms = None
    if arrival.received:
        end_ns = arrival.arrived_ns + scheduled.sample_count / rate * NANOSECONDS_PER_SECOND
        waited_ms = jitter_buffer_ms(recorded.subscriber_statistics, arrival.arrived_ns, end_ns)
    return PhraseObservation(
        index=scheduled.index,
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
