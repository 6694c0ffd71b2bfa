"""The verdict in words: one sentence, in French, in the seed's vocabulary."""

from __future__ import annotations

from eloquence_pipeline.models import FigureVerdict, PacingFigures, ScenarioResult, Statistics, VerdictStatus
from eloquence_pipeline.reporting.baseline import regression_clause

STATUS_WORDS = {
    VerdictStatus.PASSED: "RÉUSSI",
    VerdictStatus.FAILED: "ÉCHOUÉ",
    VerdictStatus.INVALID: "NON VALIDE",
}
STATUS_ICONS = {VerdictStatus.PASSED: "🟢", VerdictStatus.FAILED: "🔴", VerdictStatus.INVALID: "🟡"}
FIGURE_WORDS = {
    "latency_avg_ms": "latence moyenne",
    "latency_max_ms": "latence maximale",
    "phrase_loss_ratio": "phrases perdues",
    "rtp_packet_loss_ratio": "paquets RTP perdus",
    "mos_lqo_min": "qualité (ViSQOL) minimale",
    "stoi_min": "intelligibilité (STOI) minimale",
}


def value_with_unit(figure: FigureVerdict) -> str:
    """Return a figure for people: milliseconds with one decimal, ratios in per cent, scores as they are."""
    if figure.value is None:
        return "—"
    if figure.unit == "score":
        return f"{figure.value:.2f}"
    return f"{figure.value:.1f} ms" if figure.unit == "ms" else f"{figure.value * 100:.1f} %"


def threshold_with_unit(figure: FigureVerdict) -> str:
    """Return the last value that still passes, for people."""
    if figure.unit == "score":
        return f"≥ {figure.threshold:g}"
    return f"≤ {figure.threshold:g} ms" if figure.unit == "ms" else f"≤ {figure.threshold * 100:g} %"


def spread(figure: Statistics, to: str = "à") -> str:
    """Return the median, with the extremes where there are several values; `to` stands between these."""
    if figure.median is None or figure.min is None or figure.max is None:
        return "—"
    if figure.count == 1:
        return f"{figure.median:.0f}"
    return f"{figure.median:.0f} [{figure.min:.0f} {to} {figure.max:.0f}]"


def verdict_sentence(result: ScenarioResult) -> str:
    """Return the verdict as one line that names figure and phrase."""
    verdict = result.verdict
    head = f"{STATUS_ICONS[result.status]} {result.run.scenario} {STATUS_WORDS[result.status]}"
    worse = regression_clause(result.baseline)
    if verdict.reasons:
        return f"{head}: {'; '.join([*_in_french(result), *([worse] if worse else [])])}"
    figures = ", ".join(
        f"{FIGURE_WORDS[figure.figure]} {value_with_unit(figure)} ({figure.judged})"
        for figure in verdict.figures
    )
    heard = f"{result.packets_received}/{result.packets_sent} phrases reçues, {figures}"
    return f"{head}: {worse}; {heard}" if worse else f"{head}: {heard}"


def missed_clause(result: ScenarioResult) -> str:
    """Return what is wrong with a run, without its name: figure, phrase, threshold."""
    return verdict_sentence(result).partition(": ")[2]


def not_carried_out_sentence(test: str, error: Exception) -> str:
    """Return in one line why there is no verdict, and what to do."""
    return f"⚫ {test} NON RÉALISÉ: {' '.join(str(error).split())}"


BROKE_OFF = "the transmission broke off: "
INVALID = "invalid: "
OVERLOADED = f"{INVALID}tester overloaded"
"""What the reasons of a verdict begin with."""


def _in_french(result: ScenarioResult) -> list[str]:
    """Return the verdict's reasons for people; the result itself has them in English."""
    reasons: list[str] = []
    for reason in result.verdict.reasons:
        if reason.startswith(OVERLOADED):
            reasons.append(overloaded_clause(result.tester))
        elif reason.startswith(INVALID):
            reasons.append(reason.removeprefix(INVALID))
        elif reason.startswith(BROKE_OFF):
            reasons.append(f"la transmission s'est interrompue : {reason.removeprefix(BROKE_OFF)}")
    if not result.packets_sent:
        reasons.append("aucune phrase n'a été dite jusqu'au bout")
    return reasons + [missed_figure(figure) for figure in result.verdict.figures if not figure.passed]


def overloaded_clause(tester: PacingFigures) -> str:
    """Return by how much the tester was too slow."""
    return (
        "testeur surchargé, rien ne peut être dit du serveur "
        f"(retard d'émission p99 {tester.pacing_lateness_p99_ms:.1f} ms, "
        f"max {tester.pacing_lateness_max_ms:.1f} ms, {tester.frames_skipped} trames omises, "
        f"retard de boucle p99 {tester.event_loop_lag_p99_ms:.1f} ms)"
    )


def missed_figure(figure: FigureVerdict) -> str:
    """Return a figure that missed its threshold, with speaker and phrase, for people."""
    places = [figure.speaker] if figure.speaker else []
    places += [f"phrase {figure.worst_phrase_index}"] if figure.worst_phrase_index else []
    place = f" ({', '.join(places)})" if places else ""
    return (
        f"{FIGURE_WORDS[figure.figure]} {value_with_unit(figure)}{place}, seuil {threshold_with_unit(figure)}"
    )
