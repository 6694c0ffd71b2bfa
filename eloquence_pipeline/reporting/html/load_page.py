"""The report of many sessions at once, on one machine or on many."""

from __future__ import annotations

from eloquence_pipeline.models.load import LoadResult, SessionFigures
from eloquence_pipeline.models.load_cells import ManyMachinesResult
from eloquence_pipeline.reporting.html.blocks import Block, Page, Paragraph, Section, section
from eloquence_pipeline.reporting.html.delay_plots import spread_plot
from eloquence_pipeline.reporting.html.environment import Evidence, repeat_blocks
from eloquence_pipeline.reporting.html.frame import closing_sections, page_of_run
from eloquence_pipeline.reporting.html.load_machines import machine_blocks
from eloquence_pipeline.reporting.html.load_plots import load_course_plot, session_plot
from eloquence_pipeline.reporting.html.load_tables import (
    host_table,
    loss_table,
    process_table,
    server_table,
    session_tables,
    whole_table,
)
from eloquence_pipeline.reporting.html.load_verdict import load_headline, load_tiles
from eloquence_pipeline.reporting.html.repeat import repeating_command
from eloquence_pipeline.reporting.html.text import Text
from eloquence_pipeline.reporting.load import worst_first

_SHARE = "load"
"""Parameter of a load cell: the load that it carried a share of."""


def load_page(result: LoadResult, evidence: Evidence) -> Page:
    """Return the report of a load.

    Parameters
    ----------
    result
        Over all sessions, of one machine or of many.
    evidence
        Where its files are.
    """
    files = {file.name for file in evidence.files} if evidence.beside else set[str]()
    sessions: list[Block | None] = [*session_tables(result, files)]
    server = server_table(result.server) or Paragraph(_SERVER_UNKNOWN, "note")
    sections = (
        _delay(result),
        section("sessions", Text("Sessions", "Sessions"), sessions),
        section("machines", Text("Machines", "Machines"), machine_blocks(result))
        if isinstance(result, ManyMachinesResult)
        else None,
        section("tester", Text("Testeur", "Tester"), [process_table(result.cells) or Paragraph(_NO_PROCESS)]),
        section(
            "server",
            Text("Machine du testeur et serveur", "The tester's machine and the server"),
            [host_table(result), server],
            beside=True,
        ),
        *closing_sections(result.run, result.format.method_version, _repeat(result), evidence),
    )
    return page_of_run(result.run, load_headline(result), load_tiles(result), sections)


_NO_PROCESS = Text(
    "Aucun processus du testeur n'est allé jusqu'au bout.", "No process of the tester went on to its end."
)
_SERVER_UNKNOWN = Text(
    "Les chiffres du serveur ne sont pas connus (réglage tests.load.metrics_url).",
    "The server's figures are not known (setting tests.load.metrics_url).",
)


def _delay(result: LoadResult) -> Section | None:
    blocks: list[Block | None] = [
        session_plot(result, _worst(result)),
        load_course_plot(result),
        whole_table(result),
        loss_table(result),
        spread_plot(result.figures.one_way_delay_histogram, result.figures.one_way_delay_ms),
    ]
    return section("delay", Text("Délai et pertes", "Delay and losses"), blocks, beside=True)


def _worst(result: LoadResult) -> SessionFigures | None:
    """Return the worst session of those that say something; None where there is no other."""
    valid = [one for one in worst_first(result) if one.is_valid]
    return valid[0] if len(valid) > 1 else None


def _repeat(result: LoadResult) -> list[Block]:
    if _SHARE not in result.run.parameters:
        return repeat_blocks(repeating_command(result.run, result.thresholds))
    told = Text(
        "Une cellule de charge : elle porte une part d'une charge, que son coordinateur recommence.",
        "A load cell: it carries a share of a load, which its coordinator repeats.",
    )
    return [Paragraph(told)]
