"""From what was collected to the result of a scenario: the whole analysis, without any server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from eloquence_pipeline.measurement.budget import budget_figures
from eloquence_pipeline.measurement.loss import located_gaps, loss_levels, loss_timeline
from eloquence_pipeline.measurement.method import METHOD_VERSION
from eloquence_pipeline.measurement.observation import ssrcs_of
from eloquence_pipeline.measurement.over_time import LONG_CALL_SECONDS, course_figures
from eloquence_pipeline.measurement.pacing import worst_pacing
from eloquence_pipeline.measurement.rtp import rtp_figures
from eloquence_pipeline.measurement.simulated_network import network_figures
from eloquence_pipeline.measurement.speaker import MeasuredSpeaker, measure_speaker
from eloquence_pipeline.measurement.stability import stability_figures
from eloquence_pipeline.measurement.statistics import drift_of_phrases, histogram, summarise
from eloquence_pipeline.measurement.throughput import rtp_rate
from eloquence_pipeline.measurement.verdict import judge
from eloquence_pipeline.models import (
    STABILITY_TEST,
    Attempt,
    AttemptOutcome,
    Channel,
    ConnectionEvent,
    DelayFigures,
    LatencyStats,
    LossFigures,
    LossTimeline,
    NetworkDelay,
    PhraseObservation,
    PlanFigures,
    ResultFormat,
    RtpFigures,
    RunInfo,
    ScenarioResult,
    Side,
    StabilityFigures,
    Statistics,
    ThroughputFigures,
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
    measured = [measure_speaker(channel, folder, thresholds) for channel in transmission.channels]
    speakers = tuple(speaker.figures for speaker in measured)
    phrases = sorted((p for speaker in measured for p in speaker.phrases), key=lambda phrase: phrase.index)
    rtp, delay = _rtp(measured), _network(measured)
    tester = worst_pacing([figures.tester for figures in speakers])
    received = sum(phrase.received for phrase in phrases)
    duration_seconds = max(_spoken_seconds(channel) for channel in transmission.channels)
    loss, events = _loss(phrases, measured, rtp), _events(transmission.channels)
    has_course = run.scenario == STABILITY_TEST or duration_seconds > LONG_CALL_SECONDS
    failed_attempts = sum(attempt.outcome is not AttemptOutcome.COMPLETED for attempt in attempts)
    return ScenarioResult(
        test_name=f"{run.scenario}_test",
        duration_seconds=duration_seconds,
        packets_sent=len(phrases),
        packets_received=received,
        packet_loss_rate=1 - received / len(phrases) if phrases else 0.0,
        latency_stats=_latency_stats(summarise(phrase.end_to_end_ms for phrase in phrases)),
        errors_count=len(phrases) - received + failed_attempts,
        throughput_pps=len(phrases) / duration_seconds if duration_seconds else 0.0,
        format=ResultFormat(method_version=METHOD_VERSION),
        run=run,
        verdict=judge(
            phrases,
            speakers,
            tester,
            thresholds,
            failure=transmission.failure,
            tester_failure=transmission.tester_failure,
        ),
        thresholds=thresholds.model_dump(),
        plan=_plan(transmission.channels),
        delay=_delay(phrases, measured),
        budget=budget_figures(phrases, delay),
        throughput=_throughput(transmission.channels, measured, len(phrases), duration_seconds),
        stability=_stability(transmission.channels, measured),
        course=course_figures(measured, phrases, events, loss.gaps, duration_seconds) if has_course else None,
        rtp=rtp,
        loss=loss,
        network=network_figures(transmission, rtp, delay),
        tester=tester,
        speakers=speakers,
        details=transmission.details,
        attempts=tuple(attempts),
        phrases=tuple(phrases),
        events=events,
    )


def _spoken_seconds(channel: Channel) -> float:
    return channel.sent.frame_count * channel.sent.frame_samples / channel.sent.sample_rate_hz


def _latency_stats(statistics: Statistics) -> LatencyStats:
    return LatencyStats(
        min_ms=statistics.min, max_ms=statistics.max, avg_ms=statistics.avg, count=statistics.count
    )


def _plan(channels: Sequence[Channel]) -> PlanFigures:
    return PlanFigures(
        phrases_planned=sum(len(channel.script.phrases) for channel in channels),
        duration_seconds=max(channel.script.duration_seconds for channel in channels),
    )


def _delay(phrases: Sequence[PhraseObservation], measured: Sequence[MeasuredSpeaker]) -> DelayFigures:
    windows_ms = [ms for phrase in phrases if phrase.windows for ms in phrase.windows.one_way_delay_ms]
    return DelayFigures(
        one_way_delay_ms=summarise(phrase.one_way_delay_ms for phrase in phrases),
        one_way_delay_histogram=histogram(phrase.one_way_delay_ms for phrase in phrases),
        window_delay_ms=summarise(windows_ms),
        window_delay_histogram=histogram(windows_ms),
        drift=drift_of_phrases(speaker.phrases for speaker in measured),
        generation_ms=summarise(phrase.generation_ms for phrase in phrases),
        send_ms=summarise(phrase.send_ms for phrase in phrases),
        jitter_buffer_ms=summarise(phrase.jitter_buffer_ms for phrase in phrases),
    )


def _network(measured: Sequence[MeasuredSpeaker]) -> NetworkDelay | None:
    known = [figures for speaker in measured if (figures := speaker.packets.figures())]
    return max(known, key=lambda figures: figures.median_ms, default=None)


def _throughput(
    channels: Sequence[Channel],
    measured: Sequence[MeasuredSpeaker],
    phrase_count: int,
    duration_seconds: float,
) -> ThroughputFigures:
    sent = [(speaker.recorded.publisher_statistics, ()) for speaker in measured]
    received = [
        (speaker.recorded.subscriber_statistics, channel.received.ssrcs)
        for channel, speaker in zip(channels, measured, strict=True)
        if channel.received
    ]
    return ThroughputFigures(
        phrases_per_second=phrase_count / duration_seconds if duration_seconds else 0.0,
        sent=rtp_rate(sent, "outbound-rtp"),
        received=rtp_rate(received, "inbound-rtp"),
    )


def _stability(channels: Sequence[Channel], measured: Sequence[MeasuredSpeaker]) -> StabilityFigures:
    ends: dict[str, tuple[str, Side, Sequence[ConnectionEvent], int]] = {}
    for channel, speaker in zip(channels, measured, strict=True):
        sent_until_ns = max(speaker.recorded.sent.timeline.stamps_ns, default=0)
        ends[channel.speaker] = (channel.speaker, Side.PUBLISHER, channel.sent.events, int(sent_until_ns))
        if channel.received:
            heard_until_ns = max(speaker.recorded.received.timeline.stamps_ns, default=0)
            identity = channel.received.identity
            # The one listener hears every speaker; its call ends with the last of them.
            until_ns = max(int(heard_until_ns), ends[identity][3] if identity in ends else 0)
            ends[identity] = (identity, Side.SUBSCRIBER, channel.received.events, until_ns)
    return stability_figures(list(ends.values()))


def _loss(
    phrases: Sequence[PhraseObservation], measured: Sequence[MeasuredSpeaker], rtp: RtpFigures
) -> LossFigures:
    heard = {
        phrase.index: heard
        for each in measured
        for phrase, heard in zip(each.phrases, each.heard, strict=True)
    }
    in_order = [heard[phrase.index] for phrase in phrases]
    rate_hz = measured[0].channel.sent.sample_rate_hz
    levels = loss_levels([phrase.received for phrase in phrases], in_order, rtp, rate_hz)
    several = len(measured) > 1
    return LossFigures(
        **levels.model_dump(exclude={"disagreements"}),
        disagreements=tuple(
            found.model_copy(update={"speaker": speaker.figures.speaker if several else ""})
            for speaker in measured
            for found in speaker.figures.loss.disagreements
        ),
        gap_count=sum(len(each.gaps) for each in in_order),
        gaps=tuple(located_gaps(phrases, in_order)),
        timelines=tuple(_timeline(speaker) for speaker in measured),
    )


def _timeline(speaker: MeasuredSpeaker) -> LossTimeline:
    stamps_ns = speaker.recorded.received.timeline.stamps_ns
    origin_ns = int(stamps_ns[0]) if len(stamps_ns) else 0
    statistics = speaker.recorded.subscriber_statistics if origin_ns else []
    return loss_timeline(speaker.figures.speaker, statistics, origin_ns, ssrcs_of(speaker.channel))


def _rtp(measured: Sequence[MeasuredSpeaker]) -> RtpFigures:
    # There is one listener, whose statistics hold the streams of all speakers.
    samples = [speaker.recorded.subscriber_statistics for speaker in measured]
    listener = max(samples, key=len)
    return rtp_figures([speaker.recorded.publisher_statistics for speaker in measured], listener)


def _events(channels: Sequence[Channel]) -> tuple[ConnectionEvent, ...]:
    # What happened to the listener stands in every speaker's recording.
    ends = [end for channel in channels for end in (channel.sent, channel.received) if end]
    events = dict.fromkeys(event for end in ends for event in end.events)
    return tuple(sorted(events, key=lambda event: event.monotonic_ns))
