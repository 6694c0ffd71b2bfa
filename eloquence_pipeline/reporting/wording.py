"""The verdict in words: one sentence, in French, in the seed's vocabulary."""

from __future__ import annotations

from eloquence_pipeline.models import FigureVerdict, ScenarioResult, VerdictStatus

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
}


def value_with_unit(figure: FigureVerdict) -> str:
    """Return a figure for people: milliseconds with one decimal, ratios in per cent."""
    if figure.value is None:
        return "—"
    return f"{figure.value:.1f} ms" if figure.unit == "ms" else f"{figure.value * 100:.1f} %"


def threshold_with_unit(figure: FigureVerdict) -> str:
    """Return the highest value that still passes, for people."""
    return f"≤ {figure.threshold:g} ms" if figure.unit == "ms" else f"≤ {figure.threshold * 100:g} %"


def verdict_sentence(result: ScenarioResult) -> str:
    """Return the verdict as one line that names figure and phrase."""
    verdict = result.verdict
    head = f"{STATUS_ICONS[verdict.status]} {result.run.scenario} {STATUS_WORDS[verdict.status]}"
    if verdict.reasons:
        return f"{head}: {'; '.join(verdict.reasons)}"
    figures = ", ".join(
        f"{FIGURE_WORDS[figure.figure]} {value_with_unit(figure)} ({figure.judged})"
        for figure in verdict.figures
    )
    return f"{head}: {result.packets_received}/{result.packets_sent} phrases reçues, {figures}"
