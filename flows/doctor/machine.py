"""Whether this machine can measure: its clocks, its scheduler, its load, memory and disks."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

from eloquence_pipeline.clock import (
    NANOSECONDS_PER_MILLISECOND,
    NANOSECONDS_PER_SECOND,
    kernel_clock,
    monotonic_ns,
)
from eloquence_pipeline.reporting.checks import Check
from eloquence_pipeline.servers.interfaces import media_interfaces, require_media_interface
from eloquence_pipeline.settings import Settings, ThresholdSettings
from eloquence_pipeline.storage.room import free_bytes
from eloquence_pipeline.transport.quiet_process import undisturbed

GIBIBYTE = 1 << 30

_COARSEST_RESOLUTION_SECONDS = 1e-4
_PERIOD_NS = 10 * NANOSECONDS_PER_MILLISECOND
_DEADLINES = 100
_MEMORY_NEEDED_BYTES = GIBIBYTE
"""LiveKit, MinIO and Prefect take some 500 MiB together, the command itself 300."""
_MEMORY_LEAST_BYTES = GIBIBYTE // 4
_DISK_NEEDED_BYTES = GIBIBYTE
_DISK_LEAST_BYTES = GIBIBYTE // 10
"""A test of 30 s keeps 6 MiB."""


def clock(name: str) -> Check:
    """Look at the resolution of the measuring clock, and at whether the wall clock follows the world's."""
    resolution_seconds = time.get_clock_info("monotonic").resolution
    detail = f"résolution {resolution_seconds * NANOSECONDS_PER_SECOND:g} ns"
    if resolution_seconds > _COARSEST_RESOLUTION_SECONDS:
        return Check.failed(
            name, f"{detail}: too coarse for delays of milliseconds", "measure on another machine or kernel"
        )
    synchronised = kernel_clock().is_synchronised
    if synchronised is False:
        return Check.warning(
            name,
            f"{detail}; the kernel says that the system's time follows no time server",
            "start an NTP service (chrony, systemd-timesyncd): tokens and S3 signatures need the right time, "
            "delays do not",
        )
    return Check.ok(name, f"{detail}, heure du système synchronisée" if synchronised else detail)


def scheduling(name: str, thresholds: ThresholdSettings) -> Check:
    """Keep deadlines 10 ms apart for a second, as the sender does, and look how late each one was."""
    with undisturbed():
        late_ms = lateness_ms()
    return judge_lateness(name, late_ms, thresholds)


def lateness_ms() -> list[float]:
    """Sleep until deadlines 10 ms apart and return how late each wake-up was."""
    start = monotonic_ns() + _PERIOD_NS
    late: list[float] = []
    for index in range(_DEADLINES):
        deadline = start + index * _PERIOD_NS
        time.sleep(max(0, deadline - monotonic_ns()) / NANOSECONDS_PER_SECOND)
        late.append((monotonic_ns() - deadline) / NANOSECONDS_PER_MILLISECOND)
    return late


def judge_lateness(name: str, late_ms: list[float], thresholds: ThresholdSettings) -> Check:
    """Judge the lateness by the thresholds past which a test is not valid."""
    p50, p99 = (float(np.percentile(late_ms, share)) for share in (50, 99))
    worst = max(late_ms)
    detail = f"retard p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {worst:.2f} ms"
    limits = f"p99 {thresholds.pacing_lateness_p99_ms:g} ms, max {thresholds.pacing_lateness_max_ms:g} ms"
    remedy = "close what keeps this machine busy, or give it more cores"
    if p99 > thresholds.pacing_lateness_p99_ms:
        return Check.failed(name, f"{detail}: a test would not be valid (limits: {limits})", remedy)
    if worst > thresholds.pacing_lateness_max_ms:
        return Check.warning(name, f"{detail}: once too late (limits: {limits})", remedy)
    return Check.ok(name, f"{detail} (limites : {limits})")


def load(name: str) -> Check:
    """Compare what waits for a core with the cores there are."""
    return judge_load(name, os.getloadavg()[0], psutil.cpu_count() or 1)


def judge_load(name: str, waiting: float, cores: int) -> Check:
    """Judge the load of the last minute."""
    detail = f"{waiting:.2f} pour {cores} cœur{'s' if cores > 1 else ''}"
    if waiting > cores:
        return Check.warning(name, detail, "close what keeps this machine busy: a test may not be valid")
    return Check.ok(name, detail)


def memory(name: str) -> Check:
    """Look at the memory that is free."""
    return judge_memory(name, psutil.virtual_memory().available)


def judge_memory(name: str, available_bytes: int) -> Check:
    """Judge the free memory by what the servers take."""
    detail = f"{available_bytes / GIBIBYTE:.1f} Gio disponibles"
    remedy = "close other programs: the servers of a test take some 500 MiB, the test itself 300"
    if available_bytes < _MEMORY_LEAST_BYTES:
        return Check.failed(name, detail, remedy)
    if available_bytes < _MEMORY_NEEDED_BYTES:
        return Check.warning(name, detail, remedy)
    return Check.ok(name, detail)


def disks(name: str, settings: Settings) -> Check:
    """Look at the space for evidence and for temporary files."""
    places = {"résultats": settings.folders.results, "temporaires": Path(tempfile.gettempdir())}
    return judge_disks(name, {what: free_bytes(path) for what, path in places.items()})


def judge_disks(name: str, free: dict[str, int]) -> Check:
    """Judge the free space in bytes, by what it is for."""
    detail = ", ".join(f"{size / GIBIBYTE:.1f} Gio libres ({what})" for what, size in free.items())
    least = min(free.values())
    remedy = "make room: old runs in the results folder can be removed once `eloquence sync` has sent them"
    if least < _DISK_LEAST_BYTES:
        return Check.failed(name, detail, remedy)
    if least < _DISK_NEEDED_BYTES:
        return Check.warning(name, detail, remedy)
    return Check.ok(name, detail)


def interface(name: str) -> Check:
    """Look for a network interface on which LiveKit's client can open a media path."""
    require_media_interface()
    return Check.ok(name, ", ".join(media_interfaces()))
