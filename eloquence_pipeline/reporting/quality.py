"""The scores in words and rows, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.table import Table

from eloquence_pipeline.models import QualityFigures, Statistics


class QualityRow(NamedTuple):
    """One figure over the phrases of a run."""

    name: str
    value: str
    """The mean, where there are several."""
    lowest: str
    phrases: str


def quality_rows(quality: QualityFigures) -> list[QualityRow]:
    """Return a row for each figure that there is."""
    # The figures of the waveform are shown where something is wrong with it.
    rows = [
        _row("qualité (ViSQOL)", quality.mos_lqo, "{:.2f}".format),
        _row("intelligibilité (STOI)", quality.stoi, "{:.3f}".format),
        _row("qualité (PESQ-WB)", quality.pesq_mos_lqo, "{:.2f}".format),
        _row("écart de niveau", quality.level_difference_db, "{:+.1f} dB".format),
        _row("bande passante", quality.bandwidth_hz, "{:.0f} Hz".format),
    ]
    if quality.dropout_count:
        rows.append(QualityRow("coupures", f"{quality.dropout_count} ({quality.dropout_ms:.0f} ms)", "", ""))
    if quality.clipped_ratio.max:
        rows.append(QualityRow("saturation", f"≤ {quality.clipped_ratio.max * 100:.2f} %", "", ""))
    return [row for row in rows if row.value] + _e_model_rows(quality)


def _row(name: str, figures: Statistics, shown: Callable[[float], str]) -> QualityRow:
    if figures.avg is None or figures.min is None:
        return QualityRow(name, "", "", "")
    return QualityRow(name, shown(figures.avg), shown(figures.min), str(figures.count))


def _e_model_rows(quality: QualityFigures) -> list[QualityRow]:
    if (rated := quality.e_model) is None:
        return []
    return [
        QualityRow("facteur R (provisoire)", f"{rated.r_factor:.1f}", "", ""),
        QualityRow("MOS-CQE (provisoire)", f"{rated.mos_cqe:.2f}", "", ""),
    ]


def quality_note(quality: QualityFigures) -> str:
    """Return one line about the worst phrase and what could not be scored; empty without either."""
    parts: list[str] = []
    received = quality.received_count
    if received is not None and 0 < quality.scored_count < received:
        parts.append(f"modèles : {quality.scored_count} phrases sur {received}")
    if quality.worst_phrase_index is not None:
        parts.append(f"phrase la moins bonne : {quality.worst_phrase_index}")
    if quality.failed_count:
        parts.append(f"sans score après une erreur : {quality.failed_count}")
    if not quality.scored_count and quality.phrases and not quality.failed_count:
        parts.append("phrases trop courtes pour les modèles")
    return ", ".join(parts)


def quality_table(quality: QualityFigures) -> Table:
    """Return one row a figure."""
    note = quality_note(quality)
    table = Table(expand=False, caption=note or None, caption_justify="left")
    for title in ("Qualité", "Valeur", "Minimum", "Phrases"):
        table.add_column(title, justify="left" if title == "Qualité" else "right", no_wrap=True)
    for row in quality_rows(quality):
        table.add_row(*row)
    return table


def quality_markdown(quality: QualityFigures | None) -> str:
    """Return the same as a Markdown table; empty without scores."""
    if quality is None:
        return ""
    rows = "\n".join(f"| {' | '.join(row)} |" for row in quality_rows(quality))
    note = quality_note(quality)
    return f"""
| Qualité | Valeur | Minimum | Phrases |
|---|---|---|---|
{rows}
{f"{chr(10)}{note}{chr(10)}" if note else ""}"""
