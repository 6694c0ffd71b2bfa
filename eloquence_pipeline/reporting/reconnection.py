"""Disturbed calls for people: a line a call, a table a test, Markdown for the Prefect UI."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eloquence_pipeline.models import (
    Archive,
    DisturbanceSummary,
    DisturbedCall,
    ReconnectionResult,
    Recovery,
    VerdictStatus,
)
from eloquence_pipeline.reporting.bare_table import bare_table
from eloquence_pipeline.reporting.baseline import SIDE_WORDS, baseline_markdown, regression_clause
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.reporting.markdown import Links, escaped, evidence_markdown
from eloquence_pipeline.reporting.summary import (
    STATUS_LEVELS,
    place_content,
    print_baseline,
    print_place,
    print_sentence,
    test_title,
)
from eloquence_pipeline.reporting.wording import STATUS_ICONS, STATUS_WORDS, spread

RECOVERY_WORDS = {
    Recovery.UNAIDED: "revenu sans aide",
    Recovery.REJOINED: "revenu en rejoignant la salle",
    Recovery.NONE: "pas revenu",
}


def call_sentence(call: DisturbedCall) -> str:
    """Return what became of one call, in a line."""
    head = f"{call.disturbance.kind} ({SIDE_WORDS[call.disturbance.side]})"
    figures = call.figures
    if figures is None:
        return f"{head} : {call.not_tried or call.invalid}"
    uncertainty = f" ± {figures.audible_gap_uncertainty_ms:.0f}" if figures.audible_gap_ms else ""
    parts = [
        RECOVERY_WORDS[figures.recovery],
        f"coupure audible {_ms(figures.audible_gap_ms)}{uncertainty}",
        f"SDK {_ms(figures.sdk_recovery_ms)}",
    ]
    if figures.rejoin_ms is not None:
        parts.append(f"retour en {figures.rejoin_ms:.0f} ms, {figures.rejoin_attempts} essai(s)")
    parts.append(f"délai {_ms(figures.delay_before_ms)} → {_ms(figures.delay_after_ms)}")
    parts.append(f"phrases perdues {figures.phrases_lost}, coupées {figures.phrases_cut}")
    return f"{head} : {' · '.join(parts)}"


def reconnection_sentence(result: ReconnectionResult) -> str:
    """Return the verdict as one line."""
    verdict = result.verdict
    head = f"{STATUS_ICONS[result.status]} {result.run.scenario} {STATUS_WORDS[result.status]}"
    tried = [call for call in result.calls if call.figures]
    recoveries = [call.figures.recovery for call in tried if call.figures]
    told = (
        f"{len(tried)}/{len(result.calls)} perturbations essayées, "
        f"{recoveries.count(Recovery.UNAIDED)} revenues sans aide, "
        f"{recoveries.count(Recovery.REJOINED)} en rejoignant la salle, "
        f"{recoveries.count(Recovery.NONE)} pas revenues"
    )
    worse = regression_clause(result.baseline)
    return f"{head}: {'; '.join([told, *verdict.reasons, *([worse] if worse else [])])}"


def print_reconnection(console: Console, result: ReconnectionResult, archive: Archive) -> None:
    """Print a row a disturbance, the verdict and the place of the evidence."""
    sentence = reconnection_sentence(result)
    if isinstance(console, JsonConsole):
        content = {
            "scenario": result.run.scenario,
            "status": result.status,
            "reasons": result.verdict.reasons,
            "run_id": result.run.run_id,
            "baseline": result.baseline.model_dump(mode="json") if result.baseline else None,
            **place_content(archive),
        }
        console.write("result", sentence, level=STATUS_LEVELS[result.status], content=content)
        return
    console.print()
    console.print(reconnection_table(result))
    for summary in result.summaries:
        if summary.not_tried:
            told = f"{summary.kind} ({SIDE_WORDS[summary.side]}) non essayée : {summary.not_tried}"
            console.print(told, style="yellow", markup=False, soft_wrap=True)
    if result.baseline is not None:
        print_baseline(console, result.baseline)
    print_sentence(console, sentence, result.status)
    print_place(console, archive)


def reconnection_table(result: ReconnectionResult) -> Table:
    """Return one row a kind and side; medians, with the extremes below them where there are several calls."""
    table = bare_table(f"{test_title(result.run)}, en ms")
    table.add_column("Perturbation", overflow="fold")
    table.add_column("Revenu")
    for title in ("Coupure", "SDK", "Retour", "Δ délai"):
        table.add_column(title, justify="right", no_wrap=True)
    for summary in result.summaries:
        table.add_row(
            f"{summary.kind}\n  {SIDE_WORDS[summary.side]}",
            Text(_came_back(summary).replace(", ", "\n"), style="red" if summary.lost else ""),
            *(
                spread(figure).replace(" [", "\n").rstrip("]")
                for figure in (
                    summary.audible_gap_ms,
                    summary.sdk_recovery_ms,
                    summary.rejoin_ms,
                    summary.delay_change_ms,
                )
            ),
        )
    return table


def _came_back(summary: DisturbanceSummary) -> str:
    if not summary.tried:
        return "—"
    if summary.tried == 1:
        return "seul" if summary.unaided else "rejoint" if summary.rejoined else "NON"
    parts = ((summary.unaided, "seul"), (summary.rejoined, "rejoint"), (summary.lost, "NON"))
    return ", ".join(f"{count} {word}" for count, word in parts if count)


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f} ms"


def reconnection_markdown(result: ReconnectionResult, archive: Archive, links: Links) -> str:
    """Return the verdict, a row a disturbance and the place of the evidence.

    Parameters
    ----------
    result, archive
        What to show.
    links
        What opens the files.
    """
    head, _, rest = reconnection_sentence(result).partition(": ")
    rows = "\n".join(
        f"| {escaped(str(summary.kind))} | {SIDE_WORDS[summary.side]} | {_came_back(summary)} "
        f"| {escaped(spread(summary.audible_gap_ms))} | {escaped(spread(summary.sdk_recovery_ms))} "
        f"| {escaped(spread(summary.rejoin_ms))} | {escaped(spread(summary.delay_change_ms))} "
        f"| {summary.phrases_lost} / {summary.phrases_cut} |"
        for summary in result.summaries
    )
    icon = "✅" if result.status is VerdictStatus.PASSED else "❌"
    not_tried = "\n".join(
        f"- {escaped(str(summary.kind))} ({SIDE_WORDS[summary.side]}) : {escaped(summary.not_tried)}"
        for summary in result.summaries
        if summary.not_tried
    )
    calls = "\n".join(
        f"- {escaped(call_sentence(call))}  \n  `{call.evidence}`" for call in result.calls if call.figures
    )
    return f"""# {escaped(head)}

{icon} {escaped(rest)}
{baseline_markdown(result.baseline)}
| Perturbation | Côté | Revenu | Coupure (ms) | SDK (ms) | Retour (ms) | Δ délai (ms) | Perdues / coupées |
|---|---|---|---|---|---|---|---|
{rows}

{f"**Non essayées**{chr(10)}{chr(10)}{not_tried}" if not_tried else ""}

**Appels**

{calls}

{evidence_markdown(archive, links, result.run)}
"""


def reconnection_rows(result: ReconnectionResult) -> list[dict[str, Any]]:
    """Return one flat row a kind and side, of six columns (more show badly in the Prefect UI)."""
    return [
        {
            "Perturbation": f"{summary.kind} ({SIDE_WORDS[summary.side]})",
            "Revenu": _came_back(summary),
            "Coupure audible (ms)": spread(summary.audible_gap_ms),
            "SDK (ms)": spread(summary.sdk_recovery_ms),
            "Retour (ms)": spread(summary.rejoin_ms),
            "Δ délai (ms)": spread(summary.delay_change_ms),
        }
        for summary in result.summaries
    ]
