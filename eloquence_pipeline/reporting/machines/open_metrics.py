"""OpenMetrics text of the last run, for Prometheus and what reads the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from prometheus_client import CollectorRegistry, Enum, Gauge, Info
from prometheus_client.openmetrics import exposition

from eloquence_pipeline.models import ScenarioOutcome, ScenarioResult, Statistics, VerdictStatus

_MS_PER_SECOND = 1000
_LABELS = ("test", "target", "network")
_OF_DELAY = ("median", "p95", "max")


class _Sample(NamedTuple):
    """One value in its base unit, under its name without the prefix."""

    name: str
    unit: str
    told: str
    value: float | None


def open_metrics(outcomes: Iterable[ScenarioOutcome]) -> str:
    """Return the figures of one or several tests as OpenMetrics text.

    Names begin with ``eloquence_``; times are in seconds, shares are ratios. What was not measured has no
    sample. Where a test is there more than once the last one counts.

    Parameters
    ----------
    outcomes
        In the order in which they ran.
    """
    registry = CollectorRegistry()
    gauges: dict[str, Gauge] = {}
    verdict = Enum(
        "eloquence_verdict",
        "Verdict of the run",
        _LABELS,
        states=[status.value for status in VerdictStatus],
        registry=registry,
    )
    info = Info("eloquence_run", "What identifies the run", _LABELS, registry=registry)
    for outcome in outcomes:
        result = outcome.result
        network = result.network
        named = (network.name or network.conditions) if network else ""
        labels = (result.run.scenario, result.run.target, named)
        verdict.labels(*labels).state(result.status.value)
        info.labels(*labels).info({"run_id": result.run.run_id, "method": str(result.format.method_version)})
        for sample in _samples(result):
            if sample.name not in gauges:
                name = f"eloquence_{sample.name}"
                gauges[sample.name] = Gauge(name, sample.told, _LABELS, unit=sample.unit, registry=registry)
            if sample.value is not None:
                gauges[sample.name].labels(*labels).set(sample.value)
    return cast(bytes, cast(Any, exposition).generate_latest(registry)).decode()


def _samples(result: ScenarioResult) -> Iterator[_Sample]:
    yield _Sample("run_start_time", "seconds", "When the run began (Unix)", result.run.started_at.timestamp())
    yield _Sample("run_duration", "seconds", "How long was spoken", result.duration_seconds)
    yield _Sample("phrases_sent", "", "Phrases said", result.packets_sent)
    yield _Sample("phrases_received", "", "Phrases found in the recording", result.packets_received)
    yield from _delays("one_way_delay", "One-way delay of the phrases", result.delay.one_way_delay_ms)
    yield from _delays("generation", "Synthesis of the phrases", result.delay.generation_ms)
    yield from _delays("jitter_buffer_delay", "Share of the jitter buffer", result.delay.jitter_buffer_ms)
    latency = result.latency_stats
    yield _seconds("end_to_end_delay_avg", "Mean of synthesis and one-way delay", latency.avg_ms)
    yield _seconds("end_to_end_delay_max", "Largest synthesis and one-way delay", latency.max_ms)
    median = result.budget.median
    yield _seconds("network_delay_median", "Share of the network", median.network_ms if median else None)
    for level in ("phrases", "rtp", "concealed", "audio"):
        witness = getattr(result.loss, level)
        yield _Sample(f"loss_{level}", "ratio", f"Loss as {level} show it", witness.ratio)
    if (quality := result.quality) is not None:
        yield _Sample("mos_lqo_mean", "", "MOS-LQO (ViSQOL), mean of the scored phrases", quality.mos_lqo.avg)
        yield _Sample("mos_lqo_min", "", "MOS-LQO (ViSQOL), worst scored phrase", quality.mos_lqo.min)
        yield _Sample("stoi_mean", "", "STOI, mean of the scored phrases", quality.stoi.avg)
    yield _Sample("connected", "ratio", "Share of the time connected", result.stability.connected_ratio)
    yield _Sample("reconnects", "", "Reconnections of the run", result.stability.reconnects)
    lateness = result.tester.pacing_lateness_p99_ms
    yield _seconds("tester_lateness_p99", "How late the tester sent, 99th percentile", lateness)


def _delays(name: str, told: str, statistics: Statistics) -> Iterator[_Sample]:
    for kind in _OF_DELAY:
        yield _seconds(f"{name}_{kind}", f"{told}: {kind}", getattr(statistics, kind))


def _seconds(name: str, told: str, milliseconds: float | None) -> _Sample:
    seconds = None if milliseconds is None else milliseconds / _MS_PER_SECOND
    return _Sample(name, "seconds", told, seconds)
