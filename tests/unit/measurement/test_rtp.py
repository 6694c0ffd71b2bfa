"""Figures from W3C statistics."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eloquence_pipeline.errors import MeasurementError
from eloquence_pipeline.measurement.rtp import jitter_buffer_ms, parse_statistics, rtp_figures

pytestmark = pytest.mark.unit


def inbound(**changes: Any) -> dict[str, Any]:
    row = {
        "type": "inbound-rtp",
        "kind": "audio",
        "packetsReceived": 90,
        "packetsLost": 10,
        "bytesReceived": 9000,
        "jitter": 0.002,
        "jitterBufferDelay": 0.0,
        "jitterBufferEmittedCount": 0,
        "totalSamplesReceived": 48_000,
        "concealedSamples": 480,
        "silentConcealedSamples": 0,
        "concealmentEvents": 1,
        "insertedSamplesForDeceleration": 0,
        "removedSamplesForAcceleration": 0,
        "ssrc": 7,
    }
    return row | changes


def lines(*samples: tuple[int, list[dict[str, Any]]]) -> str:
    return "".join(json.dumps({"monotonic_ns": at, "stats": stats}) + "\n" for at, stats in samples)


def test_loss_is_lost_over_expected_packets() -> None:
    figures = rtp_figures([[]], parse_statistics(lines((1, [inbound()]))))
    assert figures.packet_loss_ratio == pytest.approx(0.1)
    assert figures.concealed_ratio == pytest.approx(0.01)
    assert figures.inbound is not None
    assert figures.inbound.packets_received == 90


def test_duplicates_do_not_make_loss_negative() -> None:
    figures = rtp_figures([[]], parse_statistics(lines((1, [inbound(packetsLost=-3)]))))
    assert figures.packet_loss_ratio == 0


def test_the_last_sample_that_has_the_stream_counts() -> None:
    samples = parse_statistics(
        lines((1, [inbound(packetsReceived=5)]), (2, [inbound(packetsReceived=50)]), (3, []))
    )
    inbound_figures = rtp_figures([], samples).inbound
    assert inbound_figures is not None
    assert inbound_figures.packets_received == 50


def test_without_statistics_there_are_no_figures() -> None:
    figures = rtp_figures([], [])
    assert figures.inbound is None
    assert figures.packet_loss_ratio is None


def test_the_jitter_buffers_share_is_that_of_the_enclosing_window() -> None:
    samples = parse_statistics(
        lines(
            (0, [inbound(jitterBufferDelay=0.0, jitterBufferEmittedCount=0)]),
            (100, [inbound(jitterBufferDelay=480.0, jitterBufferEmittedCount=48_000)]),  # 10 ms
            (200, [inbound(jitterBufferDelay=1920.0, jitterBufferEmittedCount=96_000)]),  # 30 ms
        )
    )
    assert jitter_buffer_ms(samples, 110, 190) == pytest.approx(30)
    assert jitter_buffer_ms(samples, 10, 190) == pytest.approx(20)
    assert jitter_buffer_ms(samples, 110, 300) is None


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"monotonic_ns": 1}', '{"monotonic_ns": 1, "stats": [{}]}', "null"]
)
def test_a_damaged_line_is_named(text: str) -> None:
    with pytest.raises(MeasurementError, match="line 1 of the statistics"):
        parse_statistics(text)


def test_streams_before_and_after_a_full_reconnect_are_counted_together() -> None:
    old, new = inbound(ssrc=1, packetsReceived=100, packetsLost=4), inbound(ssrc=2, packetsReceived=50)
    samples = parse_statistics(lines((1, [old]), (2, [new]), (3, [new | {"packetsReceived": 60}])))
    figures = rtp_figures([[]], samples)
    assert figures.inbound is not None
    assert (figures.inbound.packets_received, figures.inbound.packets_lost) == (160, 14)


def test_each_speakers_stream_is_told_apart_by_its_ssrc() -> None:
    good, bad = inbound(ssrc=1, packetsLost=0), inbound(ssrc=2, packetsLost=90)
    samples = parse_statistics(lines((1, [good, bad])))
    assert rtp_figures([[]], samples, (1,)).packet_loss_ratio == 0
    assert rtp_figures([[]], samples, (2,)).packet_loss_ratio == pytest.approx(0.5)
    together = rtp_figures([[]], samples).inbound
    assert together is not None
    assert (together.packets_received, together.packets_lost, together.jitter) == (180, 90, 0.002)
