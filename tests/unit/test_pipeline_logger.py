"""The seed's log lines, to the letter."""

from __future__ import annotations

import logging

import pytest

from eloquence_pipeline.pipeline_logger import PipelineLogger
from eloquence_pipeline.settings import ThresholdSettings

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
    assert record["content"] == {"operation": "envoi", "latency_ms": 12.34, "class": "excellente"}


@pytest.mark.parametrize(
    ("latency_ms", "icons", "level", "judged"),
    [
        (99.9, "🚀 ⚡ ⚡", logging.INFO, "excellente"),
        (100.0, "🚀 ⚡ ⏱️", logging.INFO, "bonne"),
        (300.0, "🚀 ⚡ ⏱️", logging.WARNING, "acceptable"),
        (500.0, "🚀 ⚡ ⏱️", logging.WARNING, "acceptable"),
        (500.1, "🐌 🐌 🐌", logging.ERROR, "problématique"),
    ],
)
def test_a_latency_shows_its_class_by_icon_and_level(
    line: pytest.LogCaptureFixture, latency_ms: float, icons: str, level: int, judged: str
) -> None:
    for operation in ("génération", "envoi", "bout_en_bout"):
        PipelineLogger("TEST").latency(operation, latency_ms)
    assert " ".join(record.getMessage().split()[0] for record in line.records) == icons
    assert {record.levelno for record in line.records} == {level}
    assert {record.__dict__["content"]["class"] for record in line.records} == {judged}


def test_the_bounds_of_the_classes_are_those_of_the_settings(line: pytest.LogCaptureFixture) -> None:
    strict = ThresholdSettings(latency_excellent_ms=10, latency_good_ms=20, latency_acceptable_ms=30)
    PipelineLogger("TEST", strict).latency("envoi", 31)
    PipelineLogger("TEST").latency("envoi", 31)
    assert [record.getMessage()[0] for record in line.records] == ["🐌", "⚡"]


@pytest.mark.parametrize(
    ("loss_ratio", "text", "level"),
    [
        (0.0, "🌐 NETWORK | packet_loss: 0.0% de perte détectée", logging.INFO),
        (0.004, "📉 NETWORK | packet_loss: 0.4% de perte détectée", logging.INFO),
        (0.025, "📉 NETWORK | packet_loss: 2.5% de perte détectée", logging.WARNING),
        (0.152, "📉 NETWORK | packet_loss: 15.2% de perte détectée", logging.ERROR),
    ],
)
def test_a_loss_shows_its_class_by_icon_and_level(
    line: pytest.LogCaptureFixture, loss_ratio: float, text: str, level: int
) -> None:
    PipelineLogger("TEST").packet_loss(loss_ratio)
    assert (line.records[0].getMessage(), line.records[0].levelno) == (text, level)


def test_the_quality_of_the_network_is_said_in_the_seeds_words(line: pytest.LogCaptureFixture) -> None:
    for delay_ms in (47, 200, 400, 600):
        PipelineLogger("TEST").quality(delay_ms)
    assert [record.getMessage() for record in line.records] == [
        "🌐 NETWORK | quality: Excellente qualité détectée",
        "🌐 NETWORK | quality: Bonne qualité détectée",
        "🌐 NETWORK | quality: Acceptable qualité détectée",
        "📉 NETWORK | quality: Problématique qualité détectée",
    ]


def test_metadata_may_be_called_whatever_it_likes(line: pytest.LogCaptureFixture) -> None:
    PipelineLogger("TEST").audio_packet(1, 4800, 1.0, {"kind": "salutation", "level": 3})
    assert line.records[0].__dict__["kind"] == "audio_packet"
    assert line.records[0].__dict__["content"]["kind"] == "salutation"


def test_percent_signs_in_a_message_are_text(line: pytest.LogCaptureFixture) -> None:
    PipelineLogger("TEST").info("100 %d %s")
    assert line.records[0].getMessage().endswith("100 %d %s")


def test_progress_is_below_every_level_that_a_log_keeps(line: pytest.LogCaptureFixture) -> None:
    PipelineLogger("TEST").progress("Transmission", 3, 30)
    assert line.records[0].levelno < logging.DEBUG
