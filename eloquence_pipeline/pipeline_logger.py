"""The seed's log lines: one logger per component, one method per kind of line.

Lines are ordinary :mod:`logging` records below the logger ``eloquence``; how they look (colours,
JSON) is decided by the handler, so the same line can go to a terminal and to a Prefect run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from eloquence_pipeline.classes import latency_class, loss_class
from eloquence_pipeline.models import LatencyClass, LossClass
from eloquence_pipeline.settings import ThresholdSettings

ROOT_LOGGER = "eloquence"
SUCCESS = 25
"""Level between INFO and WARNING."""
METRIC = 22
"""Level of performance figures."""
PROGRESS = 5
"""Level of progress: below DEBUG, because only a progress display wants it."""

logging.addLevelName(SUCCESS, "SUCCESS")
logging.addLevelName(METRIC, "METRIC")

_OPERATION_ICONS = {"génération": "🚀", "envoi": "⚡"}
_SLOW_ICON, _QUICK_ICON, _WATCH_ICON = "🐌", "⚡", "⏱️"


class PipelineLogger:
    """Write the log lines of one component.

    Parameters
    ----------
    component
        Name of the component, shown in front of plain messages.
    thresholds
        Bounds of the classes that colour latencies and losses; the defaults when left out.

    Examples
    --------
    >>> logger = PipelineLogger("ORCHESTRATOR")
    >>> logger.info("Message d'information")
    >>> logger.latency("bout_en_bout", 123.45)
    """

    def __init__(self, component: str, thresholds: ThresholdSettings | None = None) -> None:
        self.component = component
        self.thresholds = thresholds or ThresholdSettings()
        self._logger = logging.getLogger(f"{ROOT_LOGGER}.{component.lower()}")

    def _log(self, level: int, line: str, kind: str, content: dict[str, Any]) -> None:
        self._logger.log(
            level, "%s", line, extra={"kind": kind, "component": self.component, "content": content}
        )

    def debug(self, message: str) -> None:
        """Log a detail that is shown with ``--verbose``."""
        self._log(logging.DEBUG, f"🔍 {self.component} | {message}", "debug", {"message": message})

    def info(self, message: str) -> None:
        """Log a normal step."""
        self._log(logging.INFO, f"ℹ️ {self.component} | {message}", "info", {"message": message})

    def success(self, message: str) -> None:
        """Log that something worked."""
        self._log(SUCCESS, f"✅ {self.component} | {message}", "success", {"message": message})

    def warning(self, message: str) -> None:
        """Log something that needs a look."""
        self._log(logging.WARNING, f"⚠️ {self.component} | {message}", "warning", {"message": message})

    def error(self, message: str) -> None:
        """Log something that went wrong."""
        self._log(logging.ERROR, f"❌ {self.component} | {message}", "error", {"message": message})

    def connection(self, status: str, details: str = "") -> None:
        """Log a change of a connection: ``🔗 CONNECTION | connected: Room: …``."""
        failed = status in {"failed", "lost"}
        line = f"{'❌' if failed else '🔗'} CONNECTION | {status}: {details}"
        level = logging.ERROR if failed else logging.INFO
        self._log(level, line, "connection", {"status": status, "details": details})

    def audio_packet(
        self, packet_id: int, size: int, timestamp: float, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Log a phrase handed over: its number, size in bytes and time in epoch seconds."""
        self._log_audio("🎵 AUDIO PACKET", "audio_packet", packet_id, size, timestamp, metadata)

    def audio_received(
        self, packet_id: int, size: int, timestamp: float, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """Log a phrase heard at the other end: its number, size in bytes and time in epoch seconds."""
        self._log_audio("🎧 AUDIO RECEIVED", "audio_received", packet_id, size, timestamp, metadata)

    def _log_audio(  # noqa: PLR0917
        self,
        title: str,
        kind: str,
        packet_id: int,
        size: int,
        timestamp: float,
        metadata: Mapping[str, Any] | None,
    ) -> None:
        content = {"packet_id": packet_id, "size_bytes": size, "timestamp": timestamp} | dict(metadata or {})
        line = f"{title} #{packet_id} | Size: {size} bytes | TS: {timestamp:.3f}"
        self._log(logging.INFO, line, kind, content)

    def latency(self, operation: str, latency_ms: float) -> None:
        """Log one of the three latencies: ``génération``, ``envoi``, ``bout_en_bout``.

        Icon, colour and level tell its class; what is too slow has the same icon in every operation.
        """
        judged = latency_class(latency_ms, self.thresholds)
        line = f"{_latency_icon(operation, judged)} LATENCY | {operation}: {latency_ms:.2f} ms"
        content = {"operation": operation, "latency_ms": latency_ms, "class": judged}
        self._log(_level_of(judged), line, "latency", content)

    def packet_loss(self, loss_ratio: float) -> None:
        """Log how much was lost, 0 to 1: ``🌐 NETWORK | packet_loss: 0.0% de perte détectée``."""
        judged = loss_class(loss_ratio, self.thresholds)
        self._log_network(
            "packet_loss",
            f"{loss_ratio * 100:.1f}% de perte détectée",
            degraded=loss_ratio > 0,
            level=_level_of(judged),
            more={"loss_ratio": loss_ratio, "class": judged},
        )

    def quality(self, one_way_delay_ms: float) -> None:
        """Log what the delay says of the network: ``🌐 NETWORK | quality: Excellente qualité détectée``."""
        judged = latency_class(one_way_delay_ms, self.thresholds)
        self._log_network(
            "quality",
            f"{judged.capitalize()} qualité détectée",
            degraded=judged is LatencyClass.PROBLEMATIC,
            level=_level_of(judged),
            more={"one_way_delay_ms": one_way_delay_ms, "class": judged},
        )

    def network(self, metric: str, message: str, *, degraded: bool = False) -> None:
        """Log what is known of the network: ``🌐 NETWORK | quality: …``, ``📉 NETWORK | packet_loss: …``."""
        level = logging.WARNING if degraded else logging.INFO
        self._log_network(metric, message, degraded=degraded, level=level, more={})

    def _log_network(
        self, metric: str, message: str, *, degraded: bool, level: int, more: dict[str, Any]
    ) -> None:
        line = f"{'📉' if degraded else '🌐'} NETWORK | {metric}: {message}"
        content = {"metric": metric, "message": message, "degraded": degraded} | more
        self._log(level, line, "network", content)

    def performance_metric(self, name: str, value: float, unit: str) -> None:
        """Log one figure with its unit."""
        line = f"📊 METRIC | {name}: {value:.2f} {unit}".rstrip()
        self._log(METRIC, line, "metric", {"name": name, "value": value, "unit": unit})

    def progress(self, description: str, completed: float, total: float, unit: str = "s") -> None:
        """Say how far a long piece of work is; a terminal shows it as a bar, a log now and then."""
        content = {"description": description, "completed": completed, "total": total, "unit": unit}
        self._log(PROGRESS, f"{description}: {completed:.0f}/{total:.0f}", "progress", content)


def _latency_icon(operation: str, judged: LatencyClass) -> str:
    if judged is LatencyClass.PROBLEMATIC:
        return _SLOW_ICON
    usual = _QUICK_ICON if judged is LatencyClass.EXCELLENT else _WATCH_ICON
    return _OPERATION_ICONS.get(operation, usual)


def _level_of(judged: LatencyClass | LossClass) -> int:
    if judged in {LatencyClass.PROBLEMATIC, LossClass.PROBLEMATIC}:
        return logging.ERROR
    return logging.WARNING if judged in {LatencyClass.ACCEPTABLE, LossClass.ACCEPTABLE} else logging.INFO
