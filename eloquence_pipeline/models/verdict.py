"""Figures against their thresholds."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

from pydantic import PositiveInt

from eloquence_pipeline.models.base import Record


class LatencyClass(StrEnum):
    """The seed's classes of latency and their names."""

    EXCELLENT = "excellente"
    GOOD = "bonne"
    ACCEPTABLE = "acceptable"
    PROBLEMATIC = "problématique"


class LossClass(StrEnum):
    """The seed's classes of loss and their names."""

    EXCELLENT = "excellent"
    ACCEPTABLE = "acceptable"
    PROBLEMATIC = "problématique"


class QualityClass(StrEnum):
    """Classes of a score that has a threshold."""

    SUFFICIENT = "suffisante"
    INSUFFICIENT = "insuffisante"


class VerdictStatus(StrEnum):
    """The verdict over one run."""

    PASSED = "passed"
    FAILED = "failed"
    INVALID = "invalid"
    """The tester itself was the bottleneck: nothing can be said."""


def worst_status(statuses: Iterable[VerdictStatus], *, lacking: bool) -> VerdictStatus:
    """Return the verdict over several parts: that of the worst.

    Parameters
    ----------
    lacking
        Whether a part could not be carried out; nothing can be said of the whole then.
    """
    found = set(statuses)
    if lacking or VerdictStatus.INVALID in found:
        return VerdictStatus.INVALID
    return VerdictStatus.FAILED if VerdictStatus.FAILED in found else VerdictStatus.PASSED


class FigureVerdict(Record):
    """One figure against its threshold."""

    figure: str
    value: float | None
    unit: Literal["ms", "ratio", "score"]
    """Of a score more is better, of everything else less."""
    threshold: float
    judged: LatencyClass | LossClass | QualityClass
    passed: bool
    worst_phrase_index: PositiveInt | None = None
    speaker: str = ""
    """Whose figure it is, where several speak: the worst one's."""


class Verdict(Record):
    """The judgement over a run: as good as its worst figure."""

    status: VerdictStatus
    figures: tuple[FigureVerdict, ...]
    reasons: tuple[str, ...] = ()
    """Why the status is not ``passed``, one sentence each."""
