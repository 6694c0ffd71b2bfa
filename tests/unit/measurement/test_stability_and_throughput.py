"""What the SDK's events and the packet counts say about a call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eloquence_pipeline.measurement.rtp import StatisticsSample, parse_statistics
from eloquence_pipeline.measurement.stability import stability_figures
from eloquence_pipeline.measurement.throughput import rtp_rate
from eloquence_pipeline.models import ConnectionEvent, Side

pytestmark = pytest.mark.unit

SECOND = 1_000_000_000


def event(at_seconds: float, name: str, detail: str = "", identity: str = "speaker") -> ConnectionEvent:
    return ConnectionEvent(
        monotonic_ns=round(at_seconds * SECOND),
        side=Side.PUBLISHER,
        identity=identity,
        name=name,
        detail=detail,
    )


def test_time_in_each_state_is_added_up_and_leaving_is_no_interruption() -> None:
    events = [
        event(1, "connection_state_changed", "CONN_CONNECTED"),
        event(3, "connection_state_changed", "CONN_RECONNECTING"),
        event(4, "connection_state_changed", "CONN_CONNECTED"),
        event(4, "reconnected"),
        event(5, "connection_quality_changed", "speaker: QUALITY_POOR"),
        event(5, "connection_quality_changed", "listener: QUALITY_EXCELLENT"),
        event(12, "connection_state_changed", "CONN_DISCONNECTED"),
    ]
    figures = stability_figures([("speaker", Side.PUBLISHER, events, 11 * SECOND)])
    (speaker,) = figures.participants
    assert speaker.observed_seconds == pytest.approx(10)
    assert speaker.state_seconds == {
        "CONN_CONNECTED": pytest.approx(9),
        "CONN_RECONNECTING": pytest.approx(1),
    }
    assert figures.connected_ratio == pytest.approx(0.9)
    assert (speaker.reconnects, figures.reconnects) == (1, 1)
    assert speaker.longest_interruption_ms == pytest.approx(1000)
    assert speaker.quality_changes == ("QUALITY_POOR",)


def test_an_interruption_over_several_states_is_one() -> None:
    events = [
        event(0, "connection_state_changed", "CONN_CONNECTED"),
        event(1, "connection_state_changed", "CONN_RECONNECTING"),
        event(3, "connection_state_changed", "CONN_DISCONNECTED"),
    ]
    figures = stability_figures([("speaker", Side.PUBLISHER, events, 6 * SECOND)])
    assert figures.participants[0].longest_interruption_ms == pytest.approx(5000)


def test_somebody_who_never_connected_was_not_connected() -> None:
    assert stability_figures([("speaker", Side.PUBLISHER, [], 6 * SECOND)]).connected_ratio == 0


def stream(ssrc: int, packets: int) -> dict[str, Any]:
    return {
        "type": "outbound-rtp",
        "kind": "audio",
        "ssrc": ssrc,
        "packetsSent": packets,
        "bytesSent": 100 * packets,
    }


def samples(*rows: tuple[float, list[dict[str, Any]]]) -> list[StatisticsSample]:
    return parse_statistics(
        "".join(json.dumps({"monotonic_ns": round(at * SECOND), "stats": stats}) + "\n" for at, stats in rows)
    )


def test_rates_are_those_between_the_first_and_the_last_sample() -> None:
    rate = rtp_rate([(samples((1, [stream(1, 50)]), (3, [stream(1, 150)])), ())], "outbound-rtp")
    assert rate is not None
    assert (rate.packets_per_second, rate.bytes_per_second, rate.bitrate_bps) == (50, 5000, 40_000)


def test_streams_of_one_speaker_follow_each_other_those_of_two_run_side_by_side() -> None:
    one = samples((0, [stream(1, 0)]), (1, [stream(1, 50)]), (2, [stream(2, 0)]), (3, [stream(2, 50)]))
    alone = rtp_rate([(one, ())], "outbound-rtp")
    both = rtp_rate([(one, ()), (one, ())], "outbound-rtp")
    assert alone is not None
    assert both is not None
    assert (alone.packets_per_second, both.packets_per_second) == (50, 100)


def test_without_two_samples_there_is_no_rate() -> None:
    assert rtp_rate([(samples((1, [stream(1, 50)])), ())], "outbound-rtp") is None
