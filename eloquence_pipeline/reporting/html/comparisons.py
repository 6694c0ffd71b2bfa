"""What a run is compared with: the network that was injected, the earlier nights, the other speakers."""

from __future__ import annotations

from eloquence_pipeline.models import (
    BaselineComparison,
    Change,
    FigureComparison,
    NetworkFigures,
    ScenarioResult,
)
from eloquence_pipeline.reporting.baseline import is_unsure, shown
from eloquence_pipeline.reporting.html.blocks import Block, Legend, Paragraph, Plot, Table
from eloquence_pipeline.reporting.html.drawing import Drawing, colour
from eloquence_pipeline.reporting.html.text import Text, joined, milliseconds, per_cent, plural
from eloquence_pipeline.reporting.html.words import CHANGES, LEFT_OUT, NIGHT_FIGURES, UNSURE
from eloquence_pipeline.reporting.quality import quality_rows
from eloquence_pipeline.settings import FEWEST_NIGHTS

_INJECTED, _MEASURED = Text("injecté", "injected"), Text("mesuré", "measured")
_ROOM_BESIDE = 1.25

_QUALITY_WORDS = {
    "qualité (ViSQOL)": "quality (ViSQOL)",
    "intelligibilité (STOI)": "intelligibility (STOI)",
    "qualité (PESQ-WB)": "quality (PESQ-WB)",
    "écart de niveau": "difference of level",
    "bande passante": "bandwidth",
    "coupures": "dropouts",
    "saturation": "clipping",
    "facteur R (provisoire)": "R factor (provisional)",
    "MOS-CQE (provisoire)": "MOS-CQE (provisional)",
}


def network_blocks(network: NetworkFigures | None) -> list[Block]:
    """Return what a simulated network did next to what was measured of it; nothing for the real one."""
    if network is None:
        return []
    asked = network.conditions or "—"
    name = f"{network.name} ({asked})" if network.name else asked
    told = Text(f"Réseau simulé : {name}.", f"Simulated network: {name}.")
    if network.changed_in_call:
        told += Text(" Il a changé en cours d'appel.", " It was changed in mid-call.")
    return [Paragraph(told), _network_plot(network)]


def _network_plot(network: NetworkFigures) -> Plot:
    drawing = Drawing("network", 200, heights=(1, 1), shared=False, left=90)
    pairs = (
        (network.injected_loss_ratio, network.measured_loss_ratio, 100.0, "%"),
        (network.added_delay_ms, network.measured_network_ms, 1.0, "ms"),
    )
    for axes, (injected, measured, scale, unit) in zip(drawing.axes, pairs, strict=True):
        values = [(measured or 0.0) * scale, (injected or 0.0) * scale]
        labels = [drawing.words(_MEASURED), drawing.words(_INJECTED)]
        axes.barh([0, 1], values, color=[colour("blue"), colour("orange")], height=0.72)
        axes.set_yticks([0, 1], labels)
        axes.grid(visible=False, axis="y")
        axes.set_xlim(0, _ROOM_BESIDE * max(*values, 1.0))
        for place, value in enumerate(values):
            known = (measured, injected)[place] is not None
            axes.text(
                value, place, f" {value:.1f} {unit}" if known else " —", va="center", color=colour("ink")
            )
        axes.set_xticks([])
        axes.spines["bottom"].set_visible(False)
    drawing.entitle(Text("perte de paquets RTP", "loss of RTP packets"))
    drawing.entitle(Text("retard", "delay"), 1)
    legend = (Legend("orange", _INJECTED), Legend("blue", _MEASURED))
    title = Text("Ce qui a été injecté et ce qui a été mesuré", "What was injected and what was measured")
    told = Text(
        f"Perte injectée {per_cent(network.injected_loss_ratio)}, mesurée "
        f"{per_cent(network.measured_loss_ratio)} ; "
        f"retard injecté {milliseconds(network.added_delay_ms)}, réseau mesuré "
        f"{milliseconds(network.measured_network_ms)} (le vrai réseau compris).",
        f"Loss injected {per_cent(network.injected_loss_ratio)}, measured "
        f"{per_cent(network.measured_loss_ratio)}; "
        f"delay injected {milliseconds(network.added_delay_ms)}, network measured "
        f"{milliseconds(network.measured_network_ms)} (with the real network).",
    )
    return Plot("network", drawing.svg(), title, told, legend, _network_table(network))


def _network_table(network: NetworkFigures) -> Table:
    counts = network.uplink
    rows = (
        (Text("paquets RTP passés", "RTP packets passed on"), str(counts.forwarded)),
        (Text("perdus au hasard", "lost by chance"), str(counts.lost)),
        (Text("perdus, file pleine", "lost, queue full"), str(counts.lost_in_queue)),
        (Text("perdus pendant les coupures", "lost in outages"), str(counts.lost_in_outage)),
        (Text("dupliqués", "duplicated"), str(counts.duplicated)),
        (Text("doublés en route", "overtaken"), str(counts.reordered)),
        (
            Text("retard du relais lui-même, p99", "lateness of the relay itself, p99"),
            milliseconds(network.relay_lateness_p99_ms),
        ),
    )
    columns = (Text("compté par le relais", "counted by the relay"), Text("valeur", "value"))
    return Table(Text("Ce que le relais a fait", "What the relay did"), columns, rows, folded=True)


def baseline_sentence(comparison: BaselineComparison) -> Text:
    """Return in one line whether a night is better, the same or worse."""
    count = len(comparison.nights)
    if comparison.change is Change.UNKNOWN:
        if comparison.notes and count:
            return Text(
                "Pas de comparaison : mesure non valide.", "No comparison: the measurement is not valid."
            )
        return Text(
            "Pas de comparaison : aucune bonne nuit de mêmes conditions avant.",
            "No comparison: no good night under the same conditions before.",
        )
    nights = plural(
        count,
        ("bonne nuit précédente", "bonnes nuits précédentes"),
        ("good night before", "good nights before"),
    )
    word = {
        Change.SAME: Text("Comme", "Like"),
        Change.WORSE: Text("Pire que", "Worse than"),
        Change.BETTER: Text("Mieux que", "Better than"),
    }[comparison.change]
    told = Text(f"{word.fr} {nights.fr}", f"{word.en} {nights.en}")
    if comparison.provisional:
        told += Text(
            f" (provisoire : il faut {FEWEST_NIGHTS} nuits pour connaître leur dispersion)",
            f" (provisional: it takes {FEWEST_NIGHTS} nights to know their scatter)",
        )
    return told + "."


def baseline_blocks(comparison: BaselineComparison | None) -> list[Block]:
    """Return how a night compares with the earlier ones; nothing where that was not asked for."""
    if comparison is None:
        return []
    blocks: list[Block] = [Paragraph(baseline_sentence(comparison))]
    if comparison.nights:
        columns = (
            Text("mesure", "figure"),
            Text("cette nuit", "this night"),
            Text("d'habitude", "usual"),
            Text("écart", "difference"),
            Text("verdict", "verdict"),
        )
        rows = tuple(_baseline_row(figure) for figure in comparison.figures)
        title = Text("À côté des nuits précédentes", "Beside the nights before")
        blocks.append(Table(title, columns, rows, words=frozenset({0, 4})))
    if comparison.left_out:
        parts = joined(
            ", ", [LEFT_OUT[reason] + f" {count}" for reason, count in comparison.left_out.items()]
        )
        blocks.append(Paragraph(Text("Nuits laissées de côté : ", "Nights left out: ") + parts, "note"))
    return blocks


def _baseline_row(figure: FigureComparison) -> tuple[Text | str, ...]:
    return (
        NIGHT_FIGURES[figure.figure],
        shown(figure, figure.value),
        shown(figure, figure.usual),
        shown(figure, figure.difference, signed=True),
        UNSURE if is_unsure(figure) else CHANGES[figure.change],
    )


def speaker_table(result: ScenarioResult) -> Table | None:
    """Return one row a speaker; None where only one speaks."""
    if len(result.speakers) < 2:  # noqa: PLR2004 - several
        return None
    columns = (
        Text("voix", "voice"),
        Text("phrases", "phrases"),
        Text("aller simple (médiane)", "one way (median)"),
        Text("réseau", "network"),
        Text("tampon", "buffer"),
        Text("RTP perdus", "RTP lost"),
    )
    rows = tuple(
        (
            speaker.speaker,
            f"{speaker.packets_received} / {speaker.packets_sent}",
            milliseconds(speaker.one_way_delay_ms.median),
            milliseconds(speaker.budget.network_ms if speaker.budget else None),
            milliseconds(speaker.budget.jitter_buffer_ms if speaker.budget else None),
            per_cent(speaker.rtp.packet_loss_ratio),
        )
        for speaker in result.speakers
    )
    return Table(Text("Chaque voix", "Each voice"), columns, rows)


def quality_table(result: ScenarioResult) -> Table | None:
    """Return one row a score; None where nothing was scored."""
    if result.quality is None:
        return None
    columns = (
        Text("qualité", "quality"),
        Text("valeur", "value"),
        Text("minimum", "lowest"),
        Text("phrases", "phrases"),
    )
    rows = tuple(
        (Text(row.name, _QUALITY_WORDS.get(row.name, row.name)), row.value, row.lowest, row.phrases)
        for row in quality_rows(result.quality)
    )
    return Table(Text("Scores", "Scores"), columns, rows) if rows else None
