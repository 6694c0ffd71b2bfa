"""The seed's log lines: one logger per component, one method per kind of line.

Lines are ordinary :mod:`logging` records below the logger ``eloquence``; how they look (colours,
JSON) is decided by the handler, so the same line can go to a terminal and to a Prefect run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

ROOT_LOGGER = "eloquence"
SUCCESS = 25
"""Level between INFO and WARNING."""
METRIC = 22
"""Level of performance figures."""
PROGRESS = 5
"""Level of progress: below DEBUG, because only a progress display wants it."""

logging.addLevelName(SUCCESS, "SUCCESS")
logging.addLevelName(METRIC, "METRIC")

FAST_MS = 100.0
SLOW_MS = 1000.0
"""The seed shows 45.67 and 12.34 ms with quick icons, 234.56 with a watch and 1234.56 with a snail."""

_OPERATION_ICONS = {"génération": "🚀", "envoi": "⚡"}


class PipelineLogger:
    """Write the log lines of one component.

    Parameters
    ----------
    component
        Name of the component, shown in front of plain messages.

    Examples
    --------
    >>> logger = PipelineLogger("ORCHESTRATOR")
    >>> logger.info("Message d'information")
    >>> logger.latency("bout_en_bout", 123.45)
    """

    def __init__(self, component: str) -> None:
        self.component = component
        self._logger = logging.getLogger(f"{ROOT_LOGGER}.{component.lower()}")

    def _log(self, level: int, line: str, kind: str, **content: Any) -> None:
        self._logger.log(
            level, "%s", line, extra={"kind": kind, "component": self.component, "content": content}
        )

    def debug(self, message: str) -> None:
        """Log a detail that is shown with ``--verbose``."""
        self._log(logging.DEBUG, f"🔍 {self.component} | {message}", "debug", message=message)

    def info(self, message: str) -> None:
        """Log a normal step."""
        self._log(logging.INFO, f"ℹ️ {self.component} | {message}", "info", message=message)

    def success(self, message: str) -> None:
        """Log that something worked."""
        self._log(SUCCESS, f"✅ {self.component} | {message}", "success", message=message)

    def warning(self, message: str) -> None:
        """Log something that needs a look."""
        self._log(logging.WARNING, f"⚠️ {self.component} | {message}", "warning", message=message)

    def error(self, message: str) -> None:
        """Log something that went wrong."""
        self._log(logging.ERROR, f"❌ {self.component} | {message}", "error", message=message)

    def connection(self, status: str, details: str = "") -> None:
        """Log a change of a connection: ``🔗 CONNECTION | connected: Room: …``."""
        failed = status in {"failed", "lost"}
        line = f"{'❌' if failed else '🔗'} CONNECTION | {status}: {details}"
        level = logging.ERROR if failed else logging.INFO
        self._log(level, line, "connection", status=status, details=details)

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
        self._log(logging.INFO, line, kind, **content)

    def latency(self, operation: str, latency_ms: float) -> None:
        """Log one of the three latencies: ``génération``, ``envoi``, ``bout_en_bout``."""
        if latency_ms >= SLOW_MS:
            icon = "🐌"
        else:
            icon = _OPERATION_ICONS.get(operation, "⏱️" if latency_ms >= FAST_MS else "⚡")
        level = logging.WARNING if latency_ms >= SLOW_MS else logging.INFO
        line = f"{icon} LATENCY | {operation}: {latency_ms:.2f} ms"
        self._log(level, line, "latency", operation=operation, latency_ms=latency_ms)

    def network(self, metric: str, message: str, *, degraded: bool = False) -> None:
        """Log what is known of the network: ``🌐 NETWORK | quality: …``, ``📉 NETWORK | packet_loss: …``."""
        line = f"{'📉' if degraded else '🌐'} NETWORK | {metric}: {message}"
        level = logging.WARNING if degraded else logging.INFO
        self._log(level, line, "network", metric=metric, message=message, degraded=degraded)

    def performance_metric(self, name: str, value: float, unit: str) -> None:
        """Log one figure with its unit."""
        line = f"📊 METRIC | {name}: {value:.2f} {unit}".rstrip()
        self._log(METRIC, line, "metric", name=name, value=value, unit=unit)

    def progress(self, description: str, completed: float, total: float) -> None:
        """Say how far a long piece of work is; a terminal shows it as a bar, a log does not show it."""
        self._log(
            PROGRESS,
            f"{description}: {completed:.0f}/{total:.0f}",
            "progress",
            description=description,
            completed=completed,
            total=total,
        )
