"""The seed's classes of a latency and of a loss: one rule for log lines and for verdicts."""

from __future__ import annotations

from eloquence_pipeline.models import LatencyClass, LossClass
from eloquence_pipeline.settings import ThresholdSettings


def latency_class(latency_ms: float, thresholds: ThresholdSettings) -> LatencyClass:
    """Return the seed's class of a latency; 100 ms is *bonne*, 300 and 500 ms are *acceptable*."""
    if latency_ms < thresholds.latency_excellent_ms:
        return LatencyClass.EXCELLENT
    if latency_ms < thresholds.latency_good_ms:
        return LatencyClass.GOOD
    if latency_ms <= thresholds.latency_acceptable_ms:
        return LatencyClass.ACCEPTABLE
    return LatencyClass.PROBLEMATIC


def loss_class(loss_ratio: float, thresholds: ThresholdSettings) -> LossClass:
    """Return the seed's class of a loss; 1 % and 5 % are *acceptable*."""
    if loss_ratio < thresholds.loss_excellent_ratio:
        return LossClass.EXCELLENT
    if loss_ratio <= thresholds.loss_acceptable_ratio:
        return LossClass.ACCEPTABLE
    return LossClass.PROBLEMATIC
