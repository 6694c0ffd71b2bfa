"""A night beside the earlier ones, in words: for the log, the terminal and Markdown."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from eloquence_pipeline.models import (
    AUDIBLE_GAP,
    BaselineComparison,
    Change,
    DisturbanceKind,
    DisturbedSide,
    FigureComparison,
    LeftOut,
    PairComparison,
    gap_name,
)
from eloquence_pipeline.settings import FEWEST_NIGHTS

SIDE_WORDS = {
    DisturbedSide.SPEAKER: "locuteur",
    DisturbedSide.LISTENER: "auditeur",
    DisturbedSide.BOTH: "les deux",
}
NIGHT_FIGURE_WORDS = {
    "one_way_delay_median_ms": "délai médian",
    "one_way_delay_p95_ms": "délai p95",
    "network_delay_median_ms": "réseau (médiane)",
    "phrase_loss_ratio": "phrases perdues",
    "rtp_loss_ratio": "paquets RTP perdus",
    "concealed_ratio": "son dissimulé",
    "mos_lqo_mean": "qualité (ViSQOL) moyenne",
    "calls_not_back_ratio": "appels pas revenus",
    "calls_rejoined_ratio": "appels revenus en rejoignant",
    "audible_gap_median_ms": "coupure médiane",
    "audible_gap_max_ms": "coupure la plus longue",
    **{
        gap_name(kind, side): f"coupure {kind}, {word}"
        for kind in DisturbanceKind
        for side, word in SIDE_WORDS.items()
    },
}
CHANGE_WORDS = {
    Change.BETTER: "mieux",
    Change.SAME: "pareil",
    Change.WORSE: "pire",
    Change.UNKNOWN: "—",
}
UNSURE_WORD = "incertain"
CHANGE_STYLES = {Change.BETTER: "green", Change.SAME: "", Change.WORSE: "bold red", Change.UNKNOWN: "dim"}
CHANGE_ICONS = {Change.BETTER: "🟢", Change.SAME: "🟢", Change.WORSE: "🔴", Change.UNKNOWN: "⚪"}

LEFT_OUT_WORDS = {
    LeftOut.OTHER_TARGET: "autre cible",
    LeftOut.OTHER_NETWORK: "autre réseau simulé",
    LeftOut.OTHER_METHOD: "autre version de la méthode",
    LeftOut.OTHER_PARAMETERS: "autres paramètres",
    LeftOut.NOT_PASSED: "non réussies",
    LeftOut.JUDGED_WORSE: "jugées pires",
    LeftOut.BEFORE_START: "trop anciennes",
    LeftOut.UNREADABLE: "illisibles",
}
_HEADER = ("Mesure", "Cette nuit", "D'habitude", "Écart", "Verdict")


def baseline_sentence(comparison: BaselineComparison) -> str:
    """Return in one line whether a night is better, the same or worse, and in what."""
    count = len(comparison.nights)
    nights = "la bonne nuit précédente" if count == 1 else f"les {count} dernières bonnes nuits"
    if comparison.change is Change.UNKNOWN:
        why = "aucune mesure en commun avec elles" if count else "aucune bonne nuit de mêmes conditions avant"
        told = "mesure non valide" if comparison.notes and count else why
        sentence = f"pas de comparaison : {told}"
    elif comparison.change is Change.SAME:
        sentence = f"comme {nights}"
    else:
        word = "pire" if comparison.change is Change.WORSE else "mieux"
        changes = ", ".join(_change_words(figure) for figure in comparison.of(comparison.change))
        sentence = f"{word} que {nights} : {changes}"
    return f"{baseline_icon(comparison)} {sentence}{_caution(comparison)}"


def baseline_icon(comparison: BaselineComparison) -> str:
    """Return how a night compares at a glance; what is provisional has a colour of its own."""
    return "🟡" if comparison.provisional else CHANGE_ICONS[comparison.change]


def _caution(comparison: BaselineComparison) -> str:
    if not comparison.provisional:
        return ""
    return f" (provisoire : il faut {FEWEST_NIGHTS} nuits pour connaître leur dispersion)"


def regression_clause(comparison: BaselineComparison | None) -> str:
    """Return in what a night is worse; empty if it is not."""
    if comparison is None or comparison.change is not Change.WORSE:
        return ""
    worse = ", ".join(_change_words(figure) for figure in comparison.of(Change.WORSE))
    return f"pire que d'habitude{' (provisoire)' if comparison.provisional else ''} : {worse}"


def _change_words(figure: FigureComparison) -> str:
    since = figure.since
    value, usual = shown(figure, figure.value), shown(figure, figure.usual)
    told = f"{NIGHT_FIGURE_WORDS[figure.figure]} {value} au lieu de {usual}"
    if since is None or since.nights <= 1:
        return told
    return f"{told} depuis le {since.started_at:%Y-%m-%d} ({since.nights} nuits)"


def shown(figure: FigureComparison, value: float | None, *, signed: bool = False) -> str:
    """Return a value of a figure with its unit, for people."""
    if value is None:
        return "—"
    sign = "+" if signed else ""
    if figure.unit == "ms":
        return f"{value:{sign}.1f} ms"
    return f"{value * 100:{sign}.1f} %" if figure.unit == "ratio" else f"{value:{sign}.2f}"


def left_out_sentence(comparison: BaselineComparison) -> str:
    """Return how many runs were left out, and why; empty if none was."""
    parts = [f"{LEFT_OUT_WORDS[reason]} {count}" for reason, count in comparison.left_out.items()]
    return f"Nuits laissées de côté : {', '.join(parts)}" if parts else ""


def _cells(figure: FigureComparison) -> tuple[str, str, str, str, str]:
    return (
        NIGHT_FIGURE_WORDS[figure.figure],
        shown(figure, figure.value),
        shown(figure, figure.usual),
        shown(figure, figure.difference, signed=True),
        UNSURE_WORD if is_unsure(figure) else CHANGE_WORDS[figure.change],
    )


def is_unsure(figure: FigureComparison) -> bool:
    """Return whether a figure changed by what would matter, but by no more than nights may scatter."""
    difference = figure.difference or 0.0
    return figure.change is Change.SAME and abs(difference) >= figure.smallest_difference


def _worth_a_row(comparison: BaselineComparison) -> list[FigureComparison]:
    """Return the figures without those single kinds of disturbance of which there is nothing to be said."""
    quiet = {Change.SAME, Change.UNKNOWN}
    return [
        figure
        for figure in comparison.figures
        if figure.change not in quiet or not figure.figure.startswith(f"{AUDIBLE_GAP}.")
    ]


def baseline_table(comparison: BaselineComparison) -> Table:
    """Return one row a figure; fits into 80 columns."""
    table = _table(_HEADER)
    for figure in _worth_a_row(comparison):
        *cells, verdict = _cells(figure)
        table.add_row(*cells, Text(verdict, style=CHANGE_STYLES[figure.change]))
    return table


def _table(titles: tuple[str, ...]) -> Table:
    table = Table(expand=False)
    for title in titles:
        left = title in {"Mesure", "Verdict"}
        # The names of single disturbances are long.
        table.add_column(
            title, justify="left" if left else "right", no_wrap=title != "Mesure", overflow="fold"
        )
    return table


def baseline_markdown(comparison: BaselineComparison | None) -> str:
    """Return sentence and table as Markdown; empty without a comparison."""
    if comparison is None:
        return ""
    head = f"\n**Nuits précédentes** : {baseline_sentence(comparison)}\n"
    if not comparison.nights:
        return head
    rows = "\n".join(f"| {' | '.join(_cells(figure))} |" for figure in _worth_a_row(comparison))
    left_out = left_out_sentence(comparison)
    return f"""{head}
| {" | ".join(_HEADER)} |
|---|---|---|---|---|
{rows}
{f"{chr(10)}{left_out}{chr(10)}" if left_out else ""}"""


_CONDITION_WORDS = {
    "scenario": "test",
    "target": "cible",
    "network": "réseau simulé",
    "network_conditions": "conditions du réseau simulé",
    "method_version": "version de la méthode",
    "parameters": "paramètres",
}


def pair_warning(pair: PairComparison) -> str:
    """Return in what the conditions of two runs differ; empty if they do not."""
    if not pair.differing:
        return ""
    parts = [
        f"{_CONDITION_WORDS[name]} ({_condition(pair.first.conditions, name)} → "
        f"{_condition(pair.second.conditions, name)})"
        for name in pair.differing
    ]
    return f"les deux essais ne sont pas comparables : {', '.join(parts)}"


def _condition(conditions: object, name: str) -> str:
    value = getattr(conditions, name)
    return "aucun" if value == "" else str(value)


PAIR_NOTE = (
    "Deux essais sont deux observations : rien n'est testé, seuls les écarts qui comptent sont marqués."
)


def pair_table(pair: PairComparison) -> Table:
    """Return one row a figure of two runs, with those differences marked that matter."""
    table = _table(("Mesure", "A", "B", "Écart", "Compte\nà partir de", "B est"))
    for figure in pair.figures:
        table.add_row(
            NIGHT_FIGURE_WORDS[figure.figure],
            shown(figure, figure.usual),
            shown(figure, figure.value),
            shown(figure, figure.difference, signed=True),
            shown(figure, figure.smallest_difference),
            Text(CHANGE_WORDS[figure.change], style=CHANGE_STYLES[figure.change]),
        )
    return table
