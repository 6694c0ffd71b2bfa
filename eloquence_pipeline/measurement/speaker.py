"""What one speaker said, and what was heard of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND
from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.budget import median_budget, with_budgets
from eloquence_pipeline.measurement.disagreement import disagreements
from eloquence_pipeline.measurement.evidence import Recorded, load_recorded
from eloquence_pipeline.measurement.gaps import HeardSpeech
from eloquence_pipeline.measurement.loss import loss_levels
from eloquence_pipeline.measurement.network_delay import PacketDelays, packet_delays
from eloquence_pipeline.measurement.observation import Observed, observe_phrases, ssrcs_of
from eloquence_pipeline.measurement.pacing import pacing_figures
from eloquence_pipeline.measurement.rtp import rtp_figures
from eloquence_pipeline.measurement.statistics import summarise
from eloquence_pipeline.models import Channel, LossLevels, PhraseObservation, RtpFigures, SpeakerFigures
from eloquence_pipeline.settings import ThresholdSettings


@dataclass(frozen=True)
class MeasuredSpeaker:
    """One speaker's phrases and figures, and what they were taken from."""

    phrases: list[PhraseObservation]
    heard: list[HeardSpeech]
    figures: SpeakerFigures
    channel: Channel
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
    rtp = rtp_figures([recorded.publisher_statistics], recorded.subscriber_statistics, ssrcs_of(channel))
    packets = packet_delays(
        recorded.subscriber_statistics,
        ssrcs_of(channel),
        recorded.sent.timeline.stamps_ns,
        rtp.outbound.packets_sent if rtp.outbound else None,
        (channel.received or channel.sent).started,
    )
    observed = observe_phrases(channel, recorded)
    phrases, packets = with_budgets([each.phrase for each in observed], packets, channel.sent.started)
    received = sum(phrase.received for phrase in phrases)
    figures = SpeakerFigures(
        speaker=channel.speaker,
        packets_sent=len(phrases),
        packets_received=received,
        packet_loss_rate=1 - received / len(phrases) if phrases else 0.0,
        end_to_end_ms=summarise(phrase.end_to_end_ms for phrase in phrases),
        one_way_delay_ms=summarise(phrase.one_way_delay_ms for phrase in phrases),
        budget=median_budget(phrases),
        rtp=rtp,
        loss=_loss(observed, rtp, channel.sent.sample_rate_hz),
        tester=pacing_figures(
            recorded.deadline_ns,
            recorded.sent.timeline.stamps_ns,
            recorded.received.timeline.stamps_ns,
            recorded.loop_lag_ns,
            frame_ns=channel.sent.frame_samples * NANOSECONDS_PER_SECOND // channel.sent.sample_rate_hz,
            thresholds=thresholds,
        ),
    )
    heard = [each.heard for each in observed]
    return MeasuredSpeaker(phrases, heard, figures, channel, recorded, packets)


def _loss(observed: list[Observed], rtp: RtpFigures, rate_hz: int) -> LossLevels:
    received = [each.phrase.received for each in observed]
    levels = loss_levels(received, [each.heard for each in observed], rtp, rate_hz)
    missing_samples = sum(each.heard.active_samples for each in observed if not each.phrase.received)
    return levels.model_copy(
        update={"disagreements": disagreements(levels, missing_samples / rate_hz, rate_hz)}
    )
