"""What the terminal shows when a run is over: the phrases, the figures, the verdict, the evidence."""

from __future__ import annotations

import logging

from rich.console import Console
from rich.table import Table
from rich.text import Text

from eloquence_pipeline.models import (
    Archive,
    ArchiveState,
    BaselineComparison,
    Change,
    PhraseObservation,
    RunInfo,
    ScenarioResult,
    Stage,
    VerdictStatus,
)
from eloquence_pipeline.reporting.advice import STAGE_WORDS, bottleneck_advice, bottleneck_sentence
from eloquence_pipeline.reporting.baseline import (
    CHANGE_STYLES,
    baseline_sentence,
    baseline_table,
    left_out_sentence,
)
from eloquence_pipeline.reporting.colours import class_style
from eloquence_pipeline.reporting.course import course_table
from eloquence_pipeline.reporting.json_lines import JsonConsole
from eloquence_pipeline.reporting.losses import loss_lines
from eloquence_pipeline.reporting.network import network_lines
from eloquence_pipeline.reporting.quality import quality_table
from eloquence_pipeline.reporting.wording import (
    FIGURE_WORDS,
    threshold_with_unit,
    value_with_unit,
    verdict_sentence,
)

STATUS_STYLES = {
    VerdictStatus.PASSED: "bold green",
    VerdictStatus.FAILED: "bold red",
    VerdictStatus.INVALID: "bold yellow",
}
STATUS_LEVELS = {
    VerdictStatus.PASSED: logging.INFO,
    VerdictStatus.FAILED: logging.ERROR,
    VerdictStatus.INVALID: logging.WARNING,
}
_MOST_WORST = 10
_SEED_KEYS = {
    "test_name",
    "duration_seconds",
    "packets_sent",
    "packets_received",
    "packet_loss_rate",
    "latency_stats",
    "errors_count",
    "throughput_pps",
}


def print_summary(console: Console, result: ScenarioResult, archive: Archive | None = None) -> None:
    """Print phrases, figures, verdict and the place of new evidence; fits into 80 columns."""
    if isinstance(console, JsonConsole):
        _write_result(console, result, archive)
        return
    console.print()
    console.print(phrase_table(result) if result.course is None else worst_phrase_table(result))
    if result.course is not None:
        console.print(course_table(result))
    if len(result.speakers) > 1:
        console.print(speaker_table(result))
    console.print(figure_table(result))
    print_budget(console, result)
    for line in loss_lines(result.loss):
        console.print(line, markup=False)
    for line in network_lines(result.network):
        console.print(line, markup=False, soft_wrap=not console.is_terminal)
    if result.quality is not None:
        console.print(quality_table(result.quality))
    if result.baseline is not None:
        print_baseline(console, result.baseline)
    print_sentence(console, verdict_sentence(result), result.status)
    if archive is not None:
        print_place(console, archive)


def print_baseline(console: Console, comparison: BaselineComparison) -> None:
    """Print how a night compares with the earlier ones; the figures where there is something to see."""
    quiet = comparison.change in {Change.SAME, Change.UNKNOWN} and not comparison.provisional
    if comparison.nights and not quiet:
        console.print(baseline_table(comparison))
    style = CHANGE_STYLES[comparison.change]
    console.print(Text(baseline_sentence(comparison), style=style), soft_wrap=not console.is_terminal)
    if left_out := left_out_sentence(comparison):
        console.print(f"   {left_out}", style="dim", markup=False)


def print_sentence(console: Console, sentence: str, status: VerdictStatus) -> None:
    """Print a verdict."""
    console.print(Text(sentence, style=STATUS_STYLES[status]), soft_wrap=not console.is_terminal)


def print_place(console: Console, archive: Archive) -> None:
    """Print where the evidence is."""
    console.print(f"Preuves : {archive.folder}", soft_wrap=True, markup=False)
    if archive.state is ArchiveState.UPLOADED:
        console.print(f"          {archive.uri}", soft_wrap=True, markup=False)
    else:
        console.print(Text(f"          pas envoyées : {archive.problem}", style="red"), soft_wrap=True)


def place_content(archive: Archive) -> dict[str, str]:
    """Return where the evidence is, as a line of JSON says it."""
    return {"folder": str(archive.folder), "uri": archive.uri, "problem": archive.problem}


def _write_result(console: JsonConsole, result: ScenarioResult, archive: Archive | None) -> None:
    content = {
        "scenario": result.run.scenario,
        "status": result.status,
        "reasons": result.verdict.reasons,
        **result.model_dump(include=_SEED_KEYS),
        "run_id": result.run.run_id,
        "baseline": result.baseline.model_dump(mode="json") if result.baseline else None,
        **(place_content(archive) if archive else {}),
    }
    level = STATUS_LEVELS[result.status]
    console.write("result", verdict_sentence(result), level=level, content=content)


def print_budget(console: Console, result: ScenarioResult) -> None:
    """Print where the delay came from, and which stage is to blame."""
    budget, found = result.budget.median, result.budget.bottleneck
    if budget is None or found is None:
        return
    parts = (f"{STAGE_WORDS[stage]} {_milliseconds(budget.of(stage))}" for stage in Stage)
    whose = f" de {result.budget.speaker}" if result.budget.speaker else ""
    console.print(f"Budget du délai{whose} (médianes) : {' · '.join(parts)}", markup=False)
    style = "yellow" if found.stage else "green"
    console.print(bottleneck_sentence(found), style=style, markup=False)
    if advice := bottleneck_advice(found):
        console.print(f"   → {advice}", markup=False)


def test_title(run: RunInfo) -> str:
    """Return what stands above the table of a run."""
    return f"Test « {run.scenario} » {run.run_id}"


def phrase_table(result: ScenarioResult) -> Table:
    """Return one row a phrase; where several speak, with who says it."""
    several = len(result.speakers) > 1
    table = Table(title=test_title(result.run), expand=False)
    table.add_column("#", justify="right")
    if several:
        table.add_column("Voix", no_wrap=True)
    table.add_column("Phrase", max_width=26 if several else 36)
    table.add_column("Aller simple", justify="right", no_wrap=True)
    table.add_column("Bout en bout", justify="right", no_wrap=True)
    for phrase in result.phrases:
        said = (phrase.speaker, Text(phrase.text)) if several else (Text(phrase.text),)
        table.add_row(str(phrase.index), *said, *_delay_cells(phrase))
    return table


def worst_phrase_table(result: ScenarioResult) -> Table:
    """Return the phrases of a long call that were not received, then the slowest ones, ten rows at most."""
    lost = [phrase for phrase in result.phrases if not phrase.received]
    received = [phrase for phrase in result.phrases if phrase.received]
    slowest = sorted(received, key=lambda phrase: -(phrase.one_way_delay_ms or 0.0))
    worst = [*lost, *slowest][:_MOST_WORST]
    table = phrase_table(result.model_copy(update={"phrases": tuple(worst)}))
    table.caption = f"les {len(worst)} moins bonnes de {len(result.phrases)} phrases"
    return table


def _delay_cells(phrase: PhraseObservation) -> tuple[str, Text]:
    if phrase.one_way_delay_ms is None or phrase.end_to_end_ms is None:
        return "", Text("non reçue", style="red")
    return f"{phrase.one_way_delay_ms:.1f} ms", Text(f"{phrase.end_to_end_ms:.1f} ms")


def speaker_table(result: ScenarioResult) -> Table:
    """Return one row a speaker."""
    table = Table(expand=False)
    for title in ("Voix", "Phrases", "Aller simple", "Réseau", "Tampon", "RTP perdus"):
        table.add_column(title, justify="left" if title == "Voix" else "right", no_wrap=True)
    for speaker in result.speakers:
        delay, loss, budget = speaker.one_way_delay_ms, speaker.rtp.packet_loss_ratio, speaker.budget
        table.add_row(
            speaker.speaker,
            f"{speaker.packets_received}/{speaker.packets_sent}",
            _milliseconds(delay.median),
            _milliseconds(budget.network_ms if budget else None),
            _milliseconds(budget.jitter_buffer_ms if budget else None),
            "—" if loss is None else f"{loss * 100:.1f} %",
        )
    return table


def _milliseconds(value: float | None) -> str:
    return "—" if value is None else f"{value:.1f} ms"


def figure_table(result: ScenarioResult) -> Table:
    """Return one row a judged figure, with its class and threshold."""
    table = Table(expand=False)
    for title in ("Mesure", "Valeur", "Classe", "Seuil"):
        table.add_column(title, justify="right" if title in {"Valeur", "Seuil"} else "left", no_wrap=True)
    for figure in result.verdict.figures:
        table.add_row(
            FIGURE_WORDS[figure.figure] + (f" ({figure.speaker})" if figure.speaker else ""),
            value_with_unit(figure),
            Text(str(figure.judged), style=class_style(figure.judged)),
            threshold_with_unit(figure),
        )
    return table
