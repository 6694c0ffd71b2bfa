"""The seed's log lines, to the letter."""

from __future__ import annotations

import logging

import pytest

from eloquence_pipeline.pipeline_logger import PipelineLogger

pytestmark = pytest.mark.unit


@pytest.fixture
def line(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("eloquence"), "propagate", True)
    caplog.set_level(1, logger="eloquence")
    return caplog


def test_lines_look_as_the_seed_shows_them(line: pytest.LogCaptureFixture) -> None:
    logger = PipelineLogger("TEST")
    logger.connection("connected", "Room: test_coaching_vocal")
    logger.connection("failed", "Erreur: Connection timeout")
    logger.audio_packet(1, 4800, 1234567890.123)
    logger.audio_received(1, 4800, 1234567890.456)
    logger.latency("génération", 45.67)
    logger.latency("envoi", 12.34)
    logger.latency("bout_en_bout", 234.56)
    logger.latency("bout_en_bout", 1234.56)
    logger.network("quality", "Excellente qualité détectée")
    logger.network("packet_loss", "2.5% de perte détectée", degraded=True)
    assert [record.getMessage() for record in line.records] == [
        "🔗 CONNECTION | connected: Room: test_coaching_vocal",
        "❌ CONNECTION | failed: Erreur: Connection timeout",
        "🎵 AUDIO PACKET #1 | Size: 4800 bytes | TS: 1234567890.123",
        "🎧 AUDIO RECEIVED #1 | Size: 4800 bytes | TS: 1234567890.456",
        "🚀 LATENCY | génération: 45.67 ms",
        "⚡ LATENCY | envoi: 12.34 ms",
        "⏱️ LATENCY | bout_en_bout: 234.56 ms",
        "🐌 LATENCY | bout_en_bout: 1234.56 ms",
        "🌐 NETWORK | quality: Excellente qualité détectée",
        "📉 NETWORK | packet_loss: 2.5% de perte détectée",
    ]


def test_a_line_carries_its_content_for_machines(line: pytest.LogCaptureFixture) -> None:
    PipelineLogger("TEST").latency("envoi", 12.34)
    record = line.records[0].__dict__
    assert record["kind"] == "latency"
    assert record["component"] == "TEST"
    assert record["content"] == {"operation": "envoi", "latency_ms": 12.34}


def test_percent_signs_in_a_message_are_text(line: pytest.LogCaptureFixture) -> None:
    PipelineLogger("TEST").info("100 %d %s")
    assert line.records[0].getMessage().endswith("100 %d %s")


def test_progress_is_below_every_level_that_a_log_keeps(line: pytest.LogCaptureFixture) -> None:
    PipelineLogger("TEST").progress("Transmission", 3, 30)
    assert line.records[0].levelno < logging.DEBUG
