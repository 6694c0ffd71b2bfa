"""The seed's colours."""

from __future__ import annotations

import logging

from eloquence_pipeline.models import LatencyClass, LossClass, QualityClass
from eloquence_pipeline.pipeline_logger import METRIC

_LATENCY_STYLES = {
    LatencyClass.EXCELLENT: "green",
    LatencyClass.GOOD: "yellow",
    LatencyClass.ACCEPTABLE: "dark_orange",
    LatencyClass.PROBLEMATIC: "red",
}
_LOSS_STYLES = {LossClass.EXCELLENT: "green", LossClass.ACCEPTABLE: "yellow", LossClass.PROBLEMATIC: "red"}
_QUALITY_STYLES = {QualityClass.SUFFICIENT: "green", QualityClass.INSUFFICIENT: "red"}


def class_style(judged: LatencyClass | LossClass | QualityClass) -> str:
    """Return the style of a class."""
    # Several dictionaries: the two classes called "acceptable" are equal as strings, and one key in one.
    if isinstance(judged, QualityClass):
        return _QUALITY_STYLES[judged]
    return _LATENCY_STYLES[judged] if isinstance(judged, LatencyClass) else _LOSS_STYLES[judged]


def level_style(level: int) -> str:
    """Return the style of a log level."""
    if level >= logging.ERROR:
        return "red"
    if level >= logging.WARNING:
        return "yellow"
    if level == METRIC:
        return "magenta"
    return "cyan" if level <= logging.DEBUG else "green"
