"""What did not arrive: what each witness says, where the sound has gaps, and when packets were lost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, cast

from scipy.special import betaincinv

from eloquence_pipeline.clock import NANOSECONDS_PER_SECOND
from eloquence_pipeline.measurement.gaps import HeardSpeech, words_between
from eloquence_pipeline.measurement.rtp import StatisticsSample
from eloquence_pipeline.models import Gap, LossLevel, LossLevels, LossTimeline, PhraseObservation, RtpFigures

PACKET_SECONDS = 0.02
"""Length of an Opus packet as the SDK sends them; the sound, too, is lost in pieces of this length."""

MOST_GAPS = 200
"""More gaps are counted but not listed: a result stays readable, whatever happened to the call."""

_TAIL_PROBABILITY = 0.025


def binomial_interval(lost: float, total: float) -> tuple[float, float]:
    """Return the exact 95 % interval of a probability of which `lost` out of `total` are known.

    C. J. Clopper and E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the
    Binomial", Biometrika 26, 1934: the quantiles of beta distributions. Taken as independent of each other,
    what is lost in bursts is less certain than this says.

    Parameters
    ----------
    lost, total
        Need not be whole numbers: 0 <= lost <= total and 0 < total.
    """
    quantile = cast(Any, betaincinv)
    low = float(quantile(lost, total - lost + 1, _TAIL_PROBABILITY)) if lost > 0 else 0.0
    high = float(quantile(lost + 1, total - lost, 1 - _TAIL_PROBABILITY)) if lost < total else 1.0
    return low, high


def loss_level(lost: int, total: int, per_trial: float = 1.0) -> LossLevel:
    """Return what one witness says.

    Parameters
    ----------
    lost, total
        Counts. RTP's may be negative, as a packet that came twice is subtracted (RFC 3550, 6.4.1).
    per_trial
        How many of them are lost or kept together.
    """
    lost, total = max(0, lost), max(0, total)
    lost = min(lost, total)
    if not total:
        return LossLevel(lost=0, total=0, ratio=None, low=None, high=None)
    low, high = binomial_interval(lost / per_trial, total / per_trial)
    return LossLevel(lost=lost, total=total, ratio=lost / total, low=low, high=high)


def loss_levels(
    received: Iterable[bool], heard: Sequence[HeardSpeech], rtp: RtpFigures, rate_hz: int
) -> LossLevels:
    """Put the witnesses of one speaker, or of all, side by side.

    Parameters
    ----------
    received
        Whether each phrase was received.
    heard
        What was heard of each.
    rtp
        The statistics of the streams they came by.
    rate_hz
        Of the recording, and of the samples that the statistics count.
    """
    phrases = list(received)
    inbound = rtp.inbound
    packet = PACKET_SECONDS * rate_hz
    undecided = sum(each.undecided_samples for each in heard)
    return LossLevels(
        phrases=loss_level(phrases.count(False), len(phrases)),
        rtp=loss_level(inbound.packets_lost, inbound.packets_lost + inbound.packets_received)
        if inbound
        else loss_level(0, 0),
        concealed=loss_level(inbound.concealed_samples, inbound.total_samples_received, packet)
        if inbound
        else loss_level(0, 0),
        audio=loss_level(
            sum(each.lost_samples for each in heard),
            sum(each.active_samples for each in heard) - undecided,
            packet,
        ),
        audio_undecided_samples=undecided,
    )


def located_gaps(phrases: Sequence[PhraseObservation], heard: Sequence[HeardSpeech]) -> list[Gap]:
    """Return the gaps of all phrases, in the order of the phrases; of too many the longest."""
    gaps = [
        Gap(
            phrase_index=phrase.index,
            position_in_sent_seconds=round(gap.sent_seconds, 3),
            position_in_received_seconds=None
            if gap.received_seconds is None
            else round(gap.received_seconds, 3),
            duration_ms=round(gap.duration_ms, 1),
            whole_phrase=not phrase.received,
            estimated_words=words_between(phrase.text, gap.begin_ratio, gap.end_ratio),
        )
        for phrase, each in zip(phrases, heard, strict=True)
        for gap in each.gaps
    ]
    longest = sorted(range(len(gaps)), key=lambda place: -gaps[place].duration_ms)[:MOST_GAPS]
    return [gaps[place] for place in sorted(longest)]


def loss_timeline(
    speaker: str, subscriber: Sequence[StatisticsSample], origin_ns: int, ssrcs: Collection[int] = ()
) -> LossTimeline:
    """Return what RTP and the jitter buffer counted from one statistics sample to the next.

    Parameters
    ----------
    speaker
        Whose streams they are.
    subscriber
        Statistics of the listener, in the order of time.
    origin_ns
        When the recording began.
    ssrcs
        The streams; empty takes all. What a stream had counted when it was first seen is a part of it.
    """
    counted: list[tuple[float, int, int]] = [(0.0, 0, 0)]
    last: dict[int, tuple[int, int]] = {}
    for sample in subscriber:
        # A stream that ended has no entry any more, yet it was counted.
        last |= {
            ssrc: (int(stream["packetsLost"]), int(stream["concealedSamples"]))
            for ssrc, stream in sample.streams("inbound-rtp", ssrcs).items()
        }
        seconds = (sample.monotonic_ns - origin_ns) / NANOSECONDS_PER_SECOND
        counted.append(
            (seconds, sum(lost for lost, _ in last.values()), sum(made for _, made in last.values()))
        )
    return LossTimeline(
        speaker=speaker,
        seconds=tuple(round(seconds, 3) for seconds, _, _ in counted[1:]),
        packets_lost=tuple(after[1] - before[1] for before, after in pairwise(counted)),
        concealed_samples=tuple(after[2] - before[2] for before, after in pairwise(counted)),
    )
