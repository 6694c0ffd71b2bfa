"""Judge figures against the thresholds; the whole is as good as its worst part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from eloquence_pipeline.classes import latency_class, loss_class
from eloquence_pipeline.models import (
    FigureVerdict,
    LatencyClass,
    LossClass,
    PacingFigures,
    PhraseObservation,
    QualityClass,
    QualityFigures,
    SpeakerFigures,
    Verdict,
    VerdictStatus,
)
from eloquence_pipeline.settings import ThresholdSettings


def judge(
    phrases: Sequence[PhraseObservation],
    speakers: Sequence[SpeakerFigures],
    tester: PacingFigures,
    thresholds: ThresholdSettings,
    *,
    failure: str = "",
    tester_failure: str = "",
) -> Verdict:
    """Judge one run.

    Parameters
    ----------
    phrases
        Every phrase that was sent.
    speakers
        Figures of each speaker; every figure is judged by the speaker that has the worst.
    tester
        An overloaded tester makes the verdict invalid: whatever was measured may be its own doing.
    thresholds
        Bounds of the classes.
    failure
        Why the transmission broke off, empty if it did not.
    tester_failure
        Why the test itself went wrong, empty if it did not; the verdict is invalid then.
    """
    figures = [
        *_latency_verdicts(phrases, speakers, thresholds),
        *_loss_verdicts(phrases, speakers, thresholds),
    ]
    missed = [_sentence(figure) for figure in figures if not figure.passed]
    if not phrases:
        missed.insert(0, "no phrase was said to its end")
    if failure:
        missed.insert(0, f"the transmission broke off: {failure}")
    invalid = [*_tester_reasons(tester), *([f"invalid: {tester_failure}"] if tester_failure else [])]
    if invalid:
        return Verdict(status=VerdictStatus.INVALID, figures=tuple(figures), reasons=(*invalid, *missed))
    status = VerdictStatus.FAILED if missed else VerdictStatus.PASSED
    return Verdict(status=status, figures=tuple(figures), reasons=tuple(missed))


def judge_quality(verdict: Verdict, quality: QualityFigures, thresholds: ThresholdSettings) -> Verdict:
    """Add the scores to a verdict, as far as there are thresholds for them.

    The lowest score of a phrase is judged. A phrase that could not be scored because something went
    wrong makes the verdict invalid; one that is too short for a model does not.

    Parameters
    ----------
    verdict
        Over delay and loss.
    quality
        Scores of the same run.
    thresholds
        Bounds; 0 judges nothing.
    """
    figures: list[FigureVerdict] = []
    invalid: list[str] = []
    for name, bound in (("mos_lqo", thresholds.mos_lqo_min), ("stoi", thresholds.stoi_min)):
        if bound:
            figures += _score_verdicts(name, bound, quality)
            invalid += _score_failures(name, quality)
    missed = [_sentence(figure) for figure in figures if not figure.passed]
    status = VerdictStatus.FAILED if missed and verdict.status is VerdictStatus.PASSED else verdict.status
    return Verdict(
        status=VerdictStatus.INVALID if invalid else status,
        figures=(*verdict.figures, *figures),
        reasons=(*invalid, *verdict.reasons, *missed),
    )


def _score_verdicts(name: str, bound: float, quality: QualityFigures) -> list[FigureVerdict]:
    scored = [(score.value, phrase) for phrase in quality.phrases if (score := getattr(phrase, name))]
    if not scored:
        return []
    worst, phrase = min(scored, key=lambda rated: rated[0])
    passed = worst >= bound
    return [
        FigureVerdict(
            figure=f"{name}_min",
            value=worst,
            unit="score",
            threshold=bound,
            judged=QualityClass.SUFFICIENT if passed else QualityClass.INSUFFICIENT,
            passed=passed,
            worst_phrase_index=phrase.index,
            speaker=phrase.speaker if len({one.speaker for one in quality.phrases}) > 1 else "",
        )
    ]


def _score_failures(name: str, quality: QualityFigures) -> list[str]:
    failed = [(phrase.index, phrase.failures[name]) for phrase in quality.phrases if name in phrase.failures]
    if not failed:
        return []
    index, reason = failed[0]
    return [
        f"invalid: {name} has a threshold, and {len(failed)} phrases have no score (phrase {index}: {reason})"
    ]


def _tester_reasons(tester: PacingFigures) -> list[str]:
    if not tester.overloaded:
        return []
    return [
        "invalid: tester overloaded "
        f"(pacing lateness p99 {tester.pacing_lateness_p99_ms:.1f} ms, "
        f"max {tester.pacing_lateness_max_ms:.1f} ms, {tester.frames_skipped} frames left out, "
        f"event-loop lag p99 {tester.event_loop_lag_p99_ms:.1f} ms)"
    ]


def _latency_verdicts(
    phrases: Sequence[PhraseObservation], speakers: Sequence[SpeakerFigures], thresholds: ThresholdSettings
) -> list[FigureVerdict]:
    heard = [(p.end_to_end_ms, p.index, p.speaker) for p in phrases if p.end_to_end_ms is not None]
    if not heard:
        return []
    averages = [(s.end_to_end_ms.avg, s.speaker) for s in speakers if s.end_to_end_ms.avg is not None]
    slowest_ms, slowest = max(averages)
    worst_ms, worst_index, worst = max(heard)
    alone = len(speakers) == 1
    return [
        _latency_verdict("latency_avg_ms", slowest_ms, None, "" if alone else slowest, thresholds),
        _latency_verdict("latency_max_ms", worst_ms, worst_index, "" if alone else worst, thresholds),
    ]


def _latency_verdict(
    name: str, latency_ms: float, phrase_index: int | None, speaker: str, thresholds: ThresholdSettings
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
        speaker=speaker,
    )


def _loss_verdicts(
    phrases: Sequence[PhraseObservation], speakers: Sequence[SpeakerFigures], thresholds: ThresholdSettings
) -> list[FigureVerdict]:
    figures: list[FigureVerdict] = []
    lost = {phrase.speaker: phrase.index for phrase in reversed(phrases) if not phrase.received}
    spoke = [(s.packet_loss_rate, s.speaker) for s in speakers if s.packets_sent]
    if spoke:
        figures.append(_loss_verdict("phrase_loss_ratio", spoke, lost, thresholds))
    ratios = [(s.rtp.packet_loss_ratio, s.speaker) for s in speakers if s.rtp.packet_loss_ratio is not None]
    if ratios:
        figures.append(_loss_verdict("rtp_packet_loss_ratio", ratios, {}, thresholds))
    return figures


def _loss_verdict(
    name: str, ratios: Sequence[tuple[float, str]], lost: Mapping[str, int], thresholds: ThresholdSettings
) -> FigureVerdict:
    ratio, speaker = max(ratios)
    judged = loss_class(ratio, thresholds)
    return FigureVerdict(
        figure=name,
        value=ratio,
        unit="ratio",
        threshold=thresholds.loss_acceptable_ratio,
        judged=judged,
        passed=judged is not LossClass.PROBLEMATIC,
        worst_phrase_index=lost.get(speaker),
        speaker=speaker if ratio > min(ratios)[0] else "",
    )


def _sentence(figure: FigureVerdict) -> str:
    value, bound = _value_and_bound(figure)
    side = "under" if figure.unit == "score" else "over"
    places = [figure.speaker] if figure.speaker else []
    places += [f"phrase {figure.worst_phrase_index}"] if figure.worst_phrase_index else []
    place = f" ({', '.join(places)})" if places else ""
    return f"{figure.figure} is {value}{place}, {side} the threshold of {bound}"


def _value_and_bound(figure: FigureVerdict) -> tuple[str, str]:
    value = figure.value or 0.0
    if figure.unit == "ms":
        return f"{value:.1f} ms", f"{figure.threshold:g} ms"
    if figure.unit == "score":
        return f"{value:.2f}", f"{figure.threshold:g}"
    return f"{value * 100:.1f} %", f"{figure.threshold * 100:g} %"
