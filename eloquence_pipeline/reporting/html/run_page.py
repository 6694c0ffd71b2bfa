"""The report of one run."""

from __future__ import annotations

from collections.abc import Sequence

from eloquence_pipeline.models import ScenarioResult
from eloquence_pipeline.reporting.html.blocks import Block, HeardPhrase, Page, Paragraph, Section, section
from eloquence_pipeline.reporting.html.comparisons import (
    baseline_blocks,
    network_blocks,
    quality_table,
    speaker_table,
)
from eloquence_pipeline.reporting.html.course import course_plot, stability_blocks
from eloquence_pipeline.reporting.html.delay_plots import budget_plot, delay_plot, histogram_plot
from eloquence_pipeline.reporting.html.environment import (
    Evidence,
    clock_rows,
    details_table,
    repeat_blocks,
)
from eloquence_pipeline.reporting.html.frame import closing_sections, page_of_run
from eloquence_pipeline.reporting.html.loss_plots import (
    disagreement_list,
    gap_table,
    loss_plot,
    witness_table,
)
from eloquence_pipeline.reporting.html.repeat import repeating_command
from eloquence_pipeline.reporting.html.sound import PhraseSound, heard_phrases
from eloquence_pipeline.reporting.html.text import Text
from eloquence_pipeline.reporting.html.verdict import headline, tiles

_HOW_TO_LISTEN = Text(
    "Ce qui a été émis et ce qui a été reçu, à partir du même instant de la phrase. 24 kHz, sans perte.",
    "What was sent and what was received, from the same moment of the phrase on. 24 kHz, without loss.",
)
_NO_SOUND = Text("Le son de cet essai n'a pas été gardé.", "The sound of this run was not kept.")


def run_page(result: ScenarioResult, sounds: Sequence[PhraseSound], evidence: Evidence) -> Page:
    """Return the report of a run of any kind; what there is no data of is left out.

    Parameters
    ----------
    result
        Of the run.
    sounds
        Of the phrases to listen to, the worst one first.
    evidence
        Where its files are.
    """
    heard = heard_phrases(result, sounds)
    on_page = [sound.index for sound in sounds]
    sections = (
        _delay(result),
        _sound(result, heard),
        _loss(result),
        section("network", Text("Réseau simulé", "Simulated network"), network_blocks(result.network)),
        section("nights", Text("Nuits précédentes", "Nights before"), baseline_blocks(result.baseline)),
        section("connections", Text("Connexions", "Connections"), stability_blocks(result)),
        section("details", Text("Résultat du test", "Result of the test"), [details_table(result)]),
        *closing_sections(
            result.run,
            result.format.method_version,
            repeat_blocks(repeating_command(result.run, result.thresholds)),
            evidence,
            clock_rows(result),
        ),
    )
    network = result.network
    over = str(network.name or network.conditions) if network else ""
    return page_of_run(result.run, headline(result, on_page), tiles(result), sections, over)


def _delay(result: ScenarioResult) -> Section | None:
    plots: list[Block | None] = [
        delay_plot(result),
        budget_plot(result),
        course_plot(result),
        histogram_plot(result),
    ]
    plots += [speaker_table(result), quality_table(result)]
    return section("delay", Text("Délai et qualité", "Delay and quality"), plots, beside=True)


def _sound(result: ScenarioResult, heard: Sequence[HeardPhrase]) -> Section | None:
    if not result.phrases:
        return None
    title = Text("Les phrases les moins bonnes, à écouter", "The worst phrases, to listen to")
    if not heard:
        return section("phrases", title, [Paragraph(_NO_SOUND, "note")])
    return section("phrases", title, [Paragraph(_HOW_TO_LISTEN, "note"), *heard])


def _loss(result: ScenarioResult) -> Section | None:
    if not result.phrases and not result.loss.timelines:
        return None
    blocks: list[Block | None] = [
        loss_plot(result),
        witness_table(result),
        gap_table(result),
        disagreement_list(result),
    ]
    return section("loss", Text("Pertes", "Loss"), blocks, beside=True)
