"""Judge figures against the thresholds; the whole is as good as its worst part."""

from __future__ import annotations

from collections.abc import Sequence

from eloquence_pipeline.classes import latency_class, loss_class
from eloquence_pipeline.models import (
    FigureVerdict,
    LatencyClass,
    LossClass,
    PacingFigures,
    PhraseObservation,
    Verdict,
    VerdictStatus,
)
from eloquence_pipeline.settings import ThresholdSettings


def judge(
    phrases: Sequence[PhraseObservation],
    packet_loss_ratio: float | None,
    tester: PacingFigures,
    thresholds: ThresholdSettings,
    failure: str = "",
) -> Verdict:
    """Judge one run.

    Parameters
    ----------
    phrases
        Every phrase that was sent.
    packet_loss_ratio
        Of RTP packets at the subscriber, None if unknown.
    tester
        An overloaded tester makes the verdict invalid: whatever was measured may be its own doing.
    thresholds
        Bounds of the classes.
    failure
        Why the transmission broke off, empty if it did not.
    """
    figures = [
        *_latency_verdicts(phrases, thresholds),
        *_loss_verdicts(phrases, packet_loss_ratio, thresholds),
    ]
    missed = [_sentence(figure) for figure in figures if not figure.passed]
    if not phrases:
        missed.insert(0, "no phrase was said to its end")
    if failure:
        missed.insert(0, f"the transmission broke off: {failure}")
    if tester.overloaded:
        reason = (
            "invalid: tester overloaded "
            f"(pacing lateness p99 {tester.pacing_lateness_p99_ms:.1f} ms, "
            f"max {tester.pacing_lateness_max_ms:.1f} ms, {tester.frames_skipped} frames left out, "
            f"event-loop lag p99 {tester.event_loop_lag_p99_ms:.1f} ms)"
        )
        return Verdict(status=VerdictStatus.INVALID, figures=tuple(figures), reasons=(reason, *missed))
    status = VerdictStatus.FAILED if missed else VerdictStatus.PASSED
    return Verdict(status=status, figures=tuple(figures), reasons=tuple(missed))


def _latency_verdicts(
    phrases: Sequence[PhraseObservation], thresholds: ThresholdSettings
) -> list[FigureVerdict]:
    heard = [(p.end_to_end_ms, p.index) for p in phrases if p.end_to_end_ms is not None]
    if not heard:
        return []
    worst_ms, worst_index = max(heard)
    average_ms = sum(latency for latency, _ in heard) / len(heard)
    return [
        _latency_verdict("latency_avg_ms", average_ms, None, thresholds),
        _latency_verdict("latency_max_ms", worst_ms, worst_index, thresholds),
    ]


def _latency_verdict(
    name: str, latency_ms: float, phrase_index: int | None, thresholds: ThresholdSettings
) -> FigureVerdict:
    judged = latency_class(latency_ms, thresholds)
    return FigureVerdict(
        figure=name,
        value=latency_ms,
        unit="ms",
        threshold=thresholds.latency_acceptable_ms,
        judged=judged,
        passed=judged is not LatencyClass.PROBLEMATIC,
        worst_phrase_index=phrase_index,
    )


def _loss_verdicts(
    phrases: Sequence[PhraseObservation], packet_loss_ratio: float | None, thresholds: ThresholdSettings
) -> list[FigureVerdict]:
    figures: list[FigureVerdict] = []
    if phrases:
        lost = [phrase.index for phrase in phrases if not phrase.received]
        ratio = len(lost) / len(phrases)
        figures.append(_loss_verdict("phrase_loss_ratio", ratio, lost[0] if lost else None, thresholds))
    if packet_loss_ratio is not None:
        figures.append(_loss_verdict("rtp_packet_loss_ratio", packet_loss_ratio, None, thresholds))
    return figures


def _loss_verdict(
    name: str, ratio: float, phrase_index: int | None, thresholds: ThresholdSettings
) -> FigureVerdict:
    judged = loss_class(ratio, thresholds)
    return FigureVerdict(
        figure=name,
        value=ratio,
        unit="ratio",
        threshold=thresholds.loss_acceptable_ratio,
        judged=judged,
        passed=judged is not LossClass.PROBLEMATIC,
        worst_phrase_index=phrase_index,
    )


def _sentence(figure: FigureVerdict) -> str:
    value, bound = (
        (f"{figure.value:.1f} ms", f"{figure.threshold:g} ms")
        if figure.unit == "ms"
        else (f"{(figure.value or 0) * 100:.1f} %", f"{figure.threshold * 100:g} %")
    )
    place = f" (phrase {figure.worst_phrase_index})" if figure.worst_phrase_index else ""
    return f"{figure.figure} is {value}{place}, over the threshold of {bound}"
