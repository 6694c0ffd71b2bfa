"""The levels of loss, their intervals, and where they contradict each other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eloquence_pipeline.measurement.disagreement import disagreements
from eloquence_pipeline.measurement.gaps import FrameGap, HeardSpeech
from eloquence_pipeline.measurement.loss import (
    MOST_GAPS,
    binomial_interval,
    located_gaps,
    loss_level,
    loss_levels,
    loss_timeline,
)
from eloquence_pipeline.measurement.rtp import parse_statistics
from eloquence_pipeline.models import InboundRtp, LossLevels, RtpFigures
from tests.figures import phrase

pytestmark = pytest.mark.unit

RATE = 48_000
MINUTE_PACKETS = 3000
MINUTE_SAMPLES = 60 * RATE


def levels(
    *, rtp: int = 0, concealed: float = 0.0, audio: float = 0.0, missing: int = 0, phrases: int = 12
) -> LossLevels:
    """Return the levels of a minute, half of it speech; `concealed` and `audio` are ratios."""
    return LossLevels(
        phrases=loss_level(missing, phrases),
        rtp=loss_level(rtp, MINUTE_PACKETS),
        concealed=loss_level(round(concealed * MINUTE_SAMPLES), MINUTE_SAMPLES, 960),
        audio=loss_level(round(audio * MINUTE_SAMPLES / 2), MINUTE_SAMPLES // 2, 960),
        audio_undecided_samples=0,
    )


@pytest.mark.parametrize(
    ("lost", "total", "low", "high"),
    # Tables of Clopper and Pearson; also R's binom.test.
    [
        (0, 10, 0, 0.3085),
        (1, 10, 0.0025, 0.4450),
        (5, 10, 0.1871, 0.8129),
        (10, 10, 0.6915, 1),
        (1, 12, 0.0021, 0.3848),
    ],
)
def test_the_interval_is_the_exact_one(lost: int, total: int, low: float, high: float) -> None:
    assert binomial_interval(lost, total) == pytest.approx((low, high), abs=1e-4)


@given(total=st.integers(1, 10**6), share=st.floats(0, 1))
def test_the_interval_holds_the_ratio(total: int, share: float) -> None:
    lost = round(share * total)
    low, high = binomial_interval(lost, total)
    assert 0 <= low <= lost / total <= high <= 1


def test_packets_that_came_twice_are_no_negative_loss() -> None:
    assert loss_level(-3, 100).ratio == 0
    assert loss_level(0, 0).ratio is None


def test_witnesses_that_agree_are_not_told() -> None:
    assert disagreements(levels(), 0, RATE) == ()
    assert disagreements(levels(rtp=90, concealed=0.03, audio=0.032), 0, RATE) == ()


def test_packets_lost_and_not_concealed_were_hidden_by_redundancy() -> None:
    (found,) = disagreements(levels(rtp=300, concealed=0.007), 0, RATE)
    assert found.explanation.startswith("10.0 % of the RTP packets are missing but only 0.7 % of the sound")
    assert "RED or FEC" in found.explanation


def test_sound_that_is_missing_with_every_packet_there_and_little_concealed_was_lost_outside_rtp() -> None:
    (found,) = disagreements(levels(audio=0.1), 0, RATE)
    assert found.explanation.startswith("10.0 % of the speech is missing in the recording although every")
    assert "sender before its encoder" in found.explanation


def test_sound_that_is_missing_and_concealed_with_every_packet_there_came_too_late() -> None:
    (found,) = disagreements(levels(concealed=0.08, audio=0.1), 0, RATE)
    assert "look at the jitter buffer" in found.explanation


def test_concealment_alone_is_told_too() -> None:
    (found,) = disagreements(levels(concealed=0.08), 0, RATE)
    assert found.explanation.startswith("the jitter buffer made up 8.0 % of the sound although every RTP")


def test_a_missing_phrase_with_every_packet_there_is_told() -> None:
    several = disagreements(levels(missing=1, audio=0.08), 2.4, RATE)
    assert any(
        each.explanation.startswith("1 of 12 phrases were not received although every") for each in several
    )


def test_a_burst_that_fell_into_speech_is_no_contradiction() -> None:
    # 2 s without packets are 3.3 % of the call and 6.7 % of the speech.
    assert disagreements(levels(rtp=100, concealed=2 / 60, audio=2 / 30), 0, RATE) == ()


def test_without_statistics_nothing_is_contradicted() -> None:
    alone = loss_levels([False], [HeardSpeech(RATE, RATE, 0, ())], RtpFigures(), RATE)
    assert alone.rtp.ratio is None
    assert alone.audio.ratio == 1
    assert disagreements(alone, 1, RATE) == ()


def test_levels_are_taken_from_the_statistics_and_the_sound() -> None:
    inbound = InboundRtp(
        packets_received=90,
        packets_lost=10,
        bytes_received=1,
        jitter=0,
        jitter_buffer_delay=0,
        jitter_buffer_emitted_count=0,
        total_samples_received=96_000,
        concealed_samples=9_600,
        silent_concealed_samples=0,
        concealment_events=1,
        inserted_samples_for_deceleration=0,
        removed_samples_for_acceleration=0,
    )
    heard = [HeardSpeech(48_000, 4_800, 8_000, ()), HeardSpeech(24_000, 24_000, 0, ())]
    both = loss_levels([True, False], heard, RtpFigures(inbound=inbound), RATE)
    assert (both.phrases.ratio, both.rtp.ratio, both.concealed.ratio) == (0.5, 0.1, 0.1)
    assert both.audio.ratio == pytest.approx(28_800 / 64_000)
    assert both.audio_undecided_samples == 8_000


def test_of_very_many_gaps_the_longest_are_listed_in_the_order_of_the_phrases() -> None:
    phrases = [phrase(number, 40.0, text="Bonjour à tous") for number in range(1, 302)]
    lengths_ms = [float(number) for number in range(1, 302)]
    heard = [HeardSpeech(48_000, 480, 0, (FrameGap(1.0, 1.1, ms, 0.0, 0.2),)) for ms in lengths_ms]
    gaps = located_gaps(phrases, heard)
    assert [gap.phrase_index for gap in gaps] == list(range(302 - MOST_GAPS, 302))
    assert gaps[0].estimated_words == ("Bonjour",)


def test_the_timeline_has_what_was_counted_in_each_stretch() -> None:
    rows = [(1_000, 1, 0, 0), (1_500, 1, 2, 960), (2_000, 2, 1, 480), (2_500, 2, 1, 480)]
    text = "".join(
        json.dumps(
            {
                "monotonic_ns": at_ms * 1_000_000,
                "stats": [
                    {"type": "inbound-rtp", "ssrc": ssrc, "packetsLost": lost, "concealedSamples": made}
                ],
            }
        )
        + "\n"
        for at_ms, ssrc, lost, made in rows
    )
    timeline = loss_timeline("speaker", parse_statistics(text), 1_000_000_000)
    assert timeline.seconds == (0.0, 0.5, 1.0, 1.5)
    assert timeline.packets_lost == (0, 2, 1, 0)
    assert timeline.concealed_samples == (0, 960, 480, 0)
